import type { RunEnd } from '../../core/ports/launcher.ts';

/** What says why something could not be started. `code` is the system's, such as ENOENT; `signal` is what ended it before it had begun. */
export interface StartFailure {
  readonly message: string;
  readonly code?: string | undefined;
  readonly signal?: string | undefined;
}

/** The machine has no process, descriptor, memory or disk to spare, or the program is being written: later it may go. */
const PASSING: readonly (string | undefined)[] = ['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM', 'ENOSPC', 'ETXTBSY'];

/**
 * How a run has ended that could not be started: the same command will fail again (R5.3), unless the reason is one that passes. What ends by a signal
 * was killed, or has ended itself because it got no thread or no memory.
 */
export function endOfFailedStart({ code, signal }: StartFailure): Extract<RunEnd['kind'], 'spawn' | 'void'> {
  return signal !== undefined || PASSING.includes(code) ? 'void' : 'spawn';
}
