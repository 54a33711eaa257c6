import type { RunEnd } from '../../core/ports/launcher.ts';

/** Why something could not be started. `code` is the system's, such as ENOENT. */
export interface StartFailure {
  readonly message: string;
  readonly code?: string | undefined;
}

/** What the machine lacks, by the code of the system. */
const SHORTAGES: { readonly [code: string]: string } = {
  EAGAIN: 'this user has reached the limit of processes',
  EMFILE: 'there is no free file descriptor',
  ENFILE: 'the machine has no free file descriptor',
  ENOMEM: 'there is no free memory',
  ENOSPC: 'the disk is full',
  EDQUOT: "the user's disk quota is used up",
  EROFS: 'the disk can only be read',
  EIO: 'the disk reports errors',
  ESTALE: 'a network disk has lost it',
};

/** What the machine lacks, as a sentence without its full stop; undefined where the fault is not the machine's. */
export function shortageOf(code: string | undefined): string | undefined {
  return code === undefined ? undefined : SHORTAGES[code];
}

/** How a run ends that could not be started, and whose trouble that is (R5.7, R13.3). */
export type FailedStart = Pick<RunEnd, 'kind' | 'trouble' | 'error'> & { readonly kind: 'spawn' | 'void' };
