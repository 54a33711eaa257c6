import { DatabaseSync } from 'node:sqlite';
import type { StoreError } from '../../core/model/errors.ts';
import { createPrivate } from './databaseFiles.ts';
import { toStoreError } from './sqliteError.ts';

/**
 * Shows whether anybody has the database open, by a lock that ends with its process. Each window holds a shared lock on
 * an empty file beside the database while it has that open. Only a window that holds the lock alone may create a
 * database where one was, or move aside a file that is none. Node offers no lock that works everywhere, so this is
 * SQLite's: a read transaction on the empty file takes it.
 */
export class FileLock {
  readonly #path: string;
  readonly #database: DatabaseSync;
  #isOpen = true;

  constructor(path: string) {
    this.#path = path;
    createPrivate(path);
    try {
      this.#database = new DatabaseSync(path);
      this.#database.exec('PRAGMA busy_timeout = 10');
    } catch (error) {
      throw toStoreError(error, path);
    }
  }

  /**
   * Takes the shared lock in place of whatever is held. Throws a `StoreError` of kind `locked` while somebody holds it
   * alone.
   */
  share(): void {
    this.letGo();
    try {
      this.#database.exec('BEGIN; SELECT count(*) FROM sqlite_schema');
    } catch (error) {
      this.letGo();
      throw toStoreError(error, this.#path);
    }
  }

  /** Takes the lock alone. Returns false, and holds nothing, if somebody else holds it. */
  takeAlone(): boolean {
    this.letGo();
    try {
      this.#database.exec('BEGIN EXCLUSIVE');
      return true;
    } catch (error) {
      const failure: StoreError = toStoreError(error, this.#path);
      if (failure.kind === 'locked') return false;
      throw failure;
    }
  }

  letGo(): void {
    try {
      if (this.#isOpen) this.#database.exec('ROLLBACK');
    } catch {
      // There was no transaction, so nothing was held.
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.letGo();
    this.#isOpen = false;
    this.#database.close();
  }
}
