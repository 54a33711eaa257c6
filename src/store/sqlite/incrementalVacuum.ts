import { StoreError } from '../../core/model/errors.ts';
import type { Connection } from './connection.ts';

/** Pages (of 2 KiB) given back in one step, which takes a few milliseconds. */
const PAGES_PER_STEP = 200;
/** Free pages that stay, because they are soon used again. */
const KEPT_PAGES = 64;

/** Returns the free pages of removed loops to the disk in short steps. */
export class IncrementalVacuum {
  readonly #connection: Connection;
  #hasFreed = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Takes one step. Returns whether to take another: never while somebody else writes, because asking again at once
   * would block the thread.
   */
  step(): boolean {
    try {
      const free = (this.#connection.pragma('freelist_count') as number) - KEPT_PAGES;
      if (free > 0) {
        this.#connection.exec(`PRAGMA incremental_vacuum(${Math.min(free, PAGES_PER_STEP)})`);
        this.#hasFreed = true;
        return true;
      }
      // The file itself shrinks at a checkpoint.
      if (this.#hasFreed) this.#connection.exec('PRAGMA wal_checkpoint(PASSIVE)');
      this.#hasFreed = false;
      return false;
    } catch (error) {
      if (error instanceof StoreError && error.kind === 'locked') return false;
      throw error;
    }
  }
}
