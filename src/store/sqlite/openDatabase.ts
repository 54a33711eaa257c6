import { StoreError } from '../../core/model/errors.ts';
import { Connection } from './connection.ts';
import { DatabaseFiles } from './databaseFiles.ts';
import { FileLock } from './fileLock.ts';
import { migrate, ownVersion } from './migrate.ts';
import { MIGRATIONS, type Migration } from './schema.ts';
import { notADatabase } from './sqliteError.ts';

/** In bytes. A commit writes each page that it touches, and few rows are large, so small pages mean less to write. */
const PAGE_SIZE = 2048;
/**
 * The log is checkpointed when it has so many pages (8 MiB). A checkpoint waits a few milliseconds for the disk and
 * writes a page once, however often it was changed: rarely is better than often, but not so rarely that users feel the
 * wait.
 */
const LOG_PAGES = 4_000;
/** A log that grew longer because somebody was reading is cut back to this (bytes). */
const LOG_SIZE_LIMIT = LOG_PAGES * PAGE_SIZE;

/** An open database. `files` and `fileLock` are absent in memory. */
export interface OpenDatabase {
  readonly connection: Connection;
  readonly files?: DatabaseFiles;
  readonly fileLock?: FileLock;
}

export interface OpenOptions {
  readonly path: string;
  /** Wall time, ms. */
  readonly now: () => number;
  readonly log: (message: string, error?: unknown) => void;
  readonly migrations?: readonly Migration[];
  /** The hosts that were last at it are gone: their leases are over. */
  readonly endsLeases?: boolean;
}

/**
 * Opens the database, creates it if there is none, and brings its schema up to date. Throws a `StoreError` that says
 * what to do; after `locked` the same call may succeed a moment later. A file that is not a database is moved aside,
 * but only while nobody has it open, and nothing is ever deleted. A removed database is not created again while other
 * windows still use the removed one.
 */
export function openDatabase(options: OpenOptions): OpenDatabase {
  const { path, migrations = MIGRATIONS } = options;
  if (path === ':memory:') {
    const connection = new Connection(path);
    connection.exec(`PRAGMA page_size = ${PAGE_SIZE}; PRAGMA auto_vacuum = INCREMENTAL`);
    migrate(connection, migrations);
    return { connection };
  }
  const files = new DatabaseFiles(path);
  files.prepareFolder();
  const fileLock = new FileLock(`${path}.lock`);
  try {
    fileLock.share();
    if (files.look() !== 'database') beginAnew(files, fileLock, options);
    const connection = connect(path, migrations);
    if (options.endsLeases) connection.exec('DELETE FROM windows');
    files.remember();
    return { connection, files, fileLock };
  } catch (error) {
    fileLock.close();
    throw error;
  }
}

/** For how long (ms) windows that open at this moment too are waited out, in case they hold the lock. */
const OTHERS_OPEN_MS = 1_000;

/**
 * Puts an empty file in place of what is or was there, if nobody has that open. Where the lock is held, those who hold
 * it may use a file that was removed, and keep it; or open at this moment too, and soon let it go or make the database.
 */
function beginAnew(files: DatabaseFiles, fileLock: FileLock, { path, now, log }: OpenOptions): void {
  const deadline = performance.now() + OTHERS_OPEN_MS;
  while (!fileLock.takeAlone()) {
    fileLock.share();
    const found = files.look();
    if (found === 'database') return;
    if (performance.now() > deadline) throw found === 'nothing' ? removedWhileUsed(path) : notADatabase(path);
  }
  // Another window may have done it before we took the lock.
  const found = files.look();
  if (found !== 'database') {
    const stamp = new Date(now()).toISOString().replace(/[-:]|\.\d+/g, '');
    const moved = files.moveAside(`${found === 'nothing' ? 'left-over' : 'not-a-database'}-${stamp}`);
    const what = found === 'nothing' ? 'was gone, but not the files beside it' : 'is not a database';
    if (moved) log(`The file ${path} ${what}. What was there is now ${moved}; a new database was begun.`);
    files.create();
  }
  fileLock.share();
}

function removedWhileUsed(path: string): StoreError {
  return new StoreError(
    'replaced',
    `The database ${path} was removed while other windows use it. ` +
      'Close or reload those, or put the file back; then try again.',
  );
}

function connect(path: string, migrations: readonly Migration[]): Connection {
  const connection = new Connection(path);
  try {
    // A database that is not ours, or newer, is not touched.
    const version = ownVersion(connection, migrations.at(-1)?.version ?? 0);
    // This takes effect only before the first page is written. Later it would be a write at every start.
    if (version === 0) connection.exec(`PRAGMA page_size = ${PAGE_SIZE}; PRAGMA auto_vacuum = INCREMENTAL`);
    const mode = connection.pragma('journal_mode = WAL');
    if (mode !== 'wal') {
      throw new StoreError(
        'broken',
        `The database ${path} is on a file system that cannot share memory between windows. ` +
          "Use a local folder for VS Code's data.",
      );
    }
    connection.exec(
      `PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${LOG_PAGES}; ` +
        `PRAGMA journal_size_limit = ${LOG_SIZE_LIMIT}`,
    );
    migrate(connection, migrations);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}
