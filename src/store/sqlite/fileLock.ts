import { DatabaseSync } from 'node:sqlite';
import type { StoreError } from '../../core/model/errors.ts';
import { createPrivate } from './databaseFiles.ts';
import { toStoreError } from './sqliteError.ts';

/**
 * Tells who has the database open, by a lock that ends with its process: each window holds a shared lock on an empty file beside it for as
 * long as it has the database open. Only who has that lock alone may create a database where one was, or move aside what is none. The lock is
 * SQLite's own, since Node has no other that works everywhere; a read transaction on the empty file takes it.
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

  /** Takes the shared lock, in place of whatever is held. Throws a `StoreError` of kind `locked` while somebody is alone with it. */
  share(): void {
    this.letGo();
    try {
      this.#database.exec('BEGIN; SELECT count(*) FROM sqlite_schema');
    } catch (error) {
      this.letGo();
      throw toStoreError(error, this.#path);
    }
  }

  /** Takes the lock alone; answers false, holding nothing, when somebody else holds it. */
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
      // There was no transaction, and so nothing was held.
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.letGo();
    this.#isOpen = false;
    this.#database.close();
  }
}
