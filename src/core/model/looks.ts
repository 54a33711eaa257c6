/**
 * What a look at the outside world found: at a process, a folder, a lease, a clock or a file. Only `gone` may settle a
 * run, free a slot, end a lease, or let a sweep say that nothing is left. A look that failed is `unknown`, which proves
 * nothing: look again.
 */
export type Look<T = unknown> = Seen<T> | Gone;

/** A look at something that cannot be gone, such as the list of all processes. */
export type Seen<T = unknown> = There<T> | Unknown;

export interface There<T = unknown> {
  readonly state: 'there';
  readonly value: T;
}

export interface Gone {
  readonly state: 'gone';
}

export interface Unknown {
  readonly state: 'unknown';
  /** Why nobody could tell, for people: a few words without a full stop, such as `no free descriptors`. */
  readonly why: string;
}

export const GONE: Gone = { state: 'gone' };

export function there<T>(value: T): There<T> {
  return { state: 'there', value };
}

export function unknown(why: string): Unknown {
  return { state: 'unknown', why };
}

/** Runs `look`. An error that proves that nothing is there becomes `gone`; any other becomes `unknown`. */
export function lookAt<T>(look: () => T): Look<T> {
  try {
    return there(look());
  } catch (error) {
    return lookOf(error);
  }
}

/** What an error of the system says about the thing that was looked at. */
export function lookOf(error: unknown): Gone | Unknown {
  return PROOFS.has(codeOf(error)) ? GONE : unknown(whyOf(error));
}

/** There is no such file, no such process, and no folder on the way to it. All other errors prove nothing. */
const PROOFS: ReadonlySet<string> = new Set(['ENOENT', 'ESRCH', 'ENOTDIR', 'ENAMETOOLONG']);

const WORDS: { readonly [code: string]: string } = {
  EMFILE: 'no free descriptors',
  ENFILE: 'no free descriptors on this machine',
  ENOMEM: 'no free memory',
  EAGAIN: 'no free processes',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EIO: 'a read error of the disk',
  ELOOP: 'a link that leads to itself',
  ESTALE: 'a network disk that has lost it',
  ETIMEDOUT: 'no answer in time',
};

/** Says in a few words why a look failed. */
export function whyOf(error: unknown): string {
  const code = codeOf(error);
  return WORDS[code] ?? (code || (error instanceof Error ? error.message : String(error)));
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : '';
}
