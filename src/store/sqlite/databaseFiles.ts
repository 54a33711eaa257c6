import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { StoreError } from '../../core/model/errors.ts';
import { isDamaged, isNotADatabase, notWritable, toStoreError } from './sqliteError.ts';

/** Readable and writable by their owner only. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** What SQLite keeps beside the database file. */
const COMPANIONS = ['-wal', '-shm', '-journal'];
/** Those that exist as long as the database is open. */
const OPEN_COMPANIONS = ['-wal', '-shm'];

/** Identifies a file for as long as it exists, whatever its path. */
interface FileIdentity {
  readonly dev: number;
  readonly ino: number;
}

/** The files of a database: their folder, who may read them, and whether they are still those that were opened. */
export class DatabaseFiles {
  readonly path: string;
  #opened: FileIdentity | undefined;
  #companions: readonly (FileIdentity | undefined)[] = [];

  constructor(path: string) {
    this.path = path;
  }

  /** Makes the folder, readable by its owner only. */
  prepareFolder(): void {
    const folder = dirname(this.path);
    try {
      mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
      restrict(folder, FOLDER_MODE);
    } catch (error) {
      throw notWritable(this.path, error);
    }
  }

  /**
   * What is at the path. Must be asked before SQLite opens the file for use: that would delete a log beside an empty
   * file, and write a log back into a file that is not a database.
   */
  look(): 'nothing' | 'database' | 'something else' {
    const size = statOf(this.path)?.size;
    if (size === undefined) return 'nothing';
    // An empty file will become a database, unless a log beside it shows that it was one.
    if (size === 0) return (statOf(`${this.path}-wal`)?.size ?? 0) === 0 ? 'database' : 'something else';
    return isDatabase(this.path) ? 'database' : 'something else';
  }

  /** Creates an empty file if there is none: SQLite gives its companions the same mode. */
  create(): void {
    createPrivate(this.path);
  }

  /**
   * Moves the file and its companions aside under free names. Returns the new path, or undefined if there was nothing.
   */
  moveAside(suffix: string): string | undefined {
    const free = (number: number) => `${this.path}.${suffix}${number === 0 ? '' : `-${number}`}`;
    const taken = (number: number) => ['', ...COMPANIONS].some((companion) => existsSync(free(number) + companion));
    let number = 0;
    while (taken(number)) number++;
    const moved = ['', ...COMPANIONS].filter((companion) => existsSync(this.path + companion));
    try {
      for (const companion of moved) renameSync(this.path + companion, free(number) + companion);
    } catch (error) {
      throw notWritable(this.path, error);
    }
    return moved.length > 0 ? free(number) : undefined;
  }

  /** Remembers the open files, and makes them readable by their owner only. */
  remember(): void {
    this.#opened = statOf(this.path);
    this.#companions = OPEN_COMPANIONS.map((companion) => statOf(this.path + companion));
    for (const file of ['', ...COMPANIONS]) restrict(this.path + file, FILE_MODE);
  }

  /** Throws a `StoreError` of kind `replaced` if the open file is no longer the one at its path. One system call. */
  check(): void {
    const now = statOf(this.path);
    if (isSame(now, this.#opened)) return;
    throw new StoreError(
      'replaced',
      `The database ${this.path} was ${now ? 'replaced by another file' : 'removed'} while Loop Supervisor was ` +
        'using it. Nothing more can be recorded. Put the file back as it was, ' +
        `or reload all windows to go on with ${now ? 'the one that is there now' : 'an empty one'}.`,
    );
  }

  /** Like `check`, for the log and the shared memory too: without them windows would write past each other. */
  checkAll(): void {
    this.check();
    if (this.#areCompanionsThere()) return;
    throw new StoreError(
      'replaced',
      `A file beside the database ${this.path} (-wal or -shm) was removed while Loop Supervisor was using it. ` +
        'Nothing more can be recorded. Reload all windows to go on.',
    );
  }

  /** Whether all open files are at their paths again. */
  areBack(): boolean {
    return isSame(statOf(this.path), this.#opened) && this.#areCompanionsThere();
  }

  #areCompanionsThere(): boolean {
    return OPEN_COMPANIONS.every((companion, index) => isSame(statOf(this.path + companion), this.#companions[index]));
  }
}

/** Creates an empty file that only its owner can read, if there is none. */
export function createPrivate(path: string): void {
  try {
    // An existing one is not even opened: see `isDatabase`.
    closeSync(openSync(path, 'wx', FILE_MODE));
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw notWritable(path, error);
  }
}

/** Removes the permissions of others on a file that existed before. A file that we may not change stays as it is. */
function restrict(path: string, mode: number): void {
  const found = statOf(path);
  if (!found || (found.mode & 0o777 & ~mode) === 0) return;
  try {
    chmodSync(path, mode);
  } catch (error) {
    if (!hasCode(error, 'EPERM')) throw notWritable(path, error);
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw notWritable(path, error);
  }
}

/**
 * Whether SQLite can read the file's first page. It is opened as immutable, so that SQLite looks at nothing beside it
 * and changes nothing. We do not read it ourselves: a process that closes a file gives up all its locks on it, those of
 * its other connections included.
 */
function isDatabase(path: string): boolean {
  const url = pathToFileURL(path);
  url.search = 'immutable=1';
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(url, { readOnly: true });
    database.prepare('PRAGMA user_version').get();
    return true;
  } catch (error) {
    if (isNotADatabase(error)) return false;
    // It may be incomplete without its log because a process died during a checkpoint: SQLite will read both.
    if (isDamaged(error)) return true;
    throw toStoreError(error, path);
  } finally {
    database?.close();
  }
}

function isSame(a: FileIdentity | undefined, b: FileIdentity | undefined): boolean {
  return a?.ino === b?.ino && a?.dev === b?.dev;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
