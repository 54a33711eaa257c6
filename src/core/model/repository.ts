/** The repository that a loop belongs to when it may run on another machine (R16.4). */
export interface RepositoryRef {
  /** The address of its remote, as all its clones know it: without user, password, port and ending. */
  readonly address: string;
  /** Where the loop works in it: relative, `''` for the top, with `/` on every platform. */
  readonly prefix: string;
}

/** A clone on this machine in which loops of other machines may work. */
export interface Clone {
  /** As in `RepositoryRef`; a clone with several remotes is listed once for each. */
  readonly address: string;
  /** Absolute path of its top folder. */
  readonly root: string;
}

/** What a submit calls any machine that has opted in. */
export const ANY_MACHINE = 'any';
