import { StoreError } from '../../core/model/errors.ts';

/** SQLite's primary result codes that need words of their own. */
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const PROTOCOL = 15;
const NOTADB = 26;

/** The primary result code of an error of `node:sqlite`; undefined for any other error. */
function resultCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : undefined;
}

/** Whether SQLite says that the file is not a database at all. */
export function isNotADatabase(error: unknown): boolean {
  return resultCode(error) === NOTADB;
}

/** Whether SQLite says that the database is damaged. */
export function isDamaged(error: unknown): boolean {
  return resultCode(error) === CORRUPT;
}

/** Whether an error concerns the database as a whole and lasts, rather than one statement or one moment. */
export function isTrouble(error: unknown): error is StoreError {
  if (!(error instanceof StoreError)) return false;
  if (error.kind !== 'broken') return error.kind !== 'locked';
  const code = resultCode(error.cause);
  return code === CORRUPT || code === NOTADB;
}

/** Puts an error of the database at `path` into a sentence that says what to do. A `StoreError` stays as it is. */
export function toStoreError(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  const options = { cause: error };
  switch (resultCode(error)) {
    case BUSY:
    case LOCKED:
    case PROTOCOL:
      return new StoreError(
        'locked',
        `The database ${path} is held by another program. It is tried again until it is free.`,
        options,
      );
    case FULL:
      return new StoreError(
        'disk',
        `The disk is full: ${path} cannot be written. Free some space: the write is retried automatically.`,
        options,
      );
    case READONLY:
    case CANTOPEN:
      return notWritable(path, error);
    case IOERR:
      return new StoreError(
        'disk',
        `The database ${path} cannot be read or written (${detail}). Check the disk: access is retried automatically.`,
        options,
      );
    case CORRUPT:
      return new StoreError('broken', `The database ${path} is damaged (${detail}). ${BY_HAND}`, options);
    case NOTADB:
      return notADatabase(path, error);
    default:
      return new StoreError(
        'broken',
        `The database ${path} did not do what it was asked to (${detail}). ` +
          'Reload the window; if that does not help, report it.',
        options,
      );
  }
}

const BY_HAND =
  'Nothing was deleted. Close all VS Code windows, move that file and those beside it (-wal, -shm) away, ' +
  'and open VS Code again: it begins with an empty one.';

/** The error for a folder or file that cannot be written. */
export function notWritable(path: string, cause: unknown): StoreError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new StoreError(
    'disk',
    `The database ${path} cannot be written (${detail}). Make its folder and the files in it writable for you, ` +
      'then try again.',
    {
      cause,
    },
  );
}

/** The error for a file that is not a database and cannot be moved aside. */
export function notADatabase(path: string, cause?: unknown): StoreError {
  return new StoreError('broken', `The file ${path} is not a database. ${BY_HAND}`, { cause });
}
