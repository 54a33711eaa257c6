import { StoreError } from '../../core/model/errors.ts';
import type { Connection } from './connection.ts';

/** So many pages (of 2 KiB) are given back in one step: some milliseconds. */
const PAGES_PER_STEP = 200;
/** So many free pages stay: they are used again soon. */
const KEPT_PAGES = 64;

/** Gives the pages that removed loops have left free back to the disk, in short steps. */
export class IncrementalVacuum {
  readonly #connection: Connection;
  #hasFreed = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Does one step; answers whether to take another. While somebody else writes it does nothing: whoever asks again at once would hold the thread. */
  step(): boolean {
    try {
      const free = (this.#connection.pragma('freelist_count') as number) - KEPT_PAGES;
      if (free > 0) {
        this.#connection.exec(`PRAGMA incremental_vacuum(${Math.min(free, PAGES_PER_STEP)})`);
        this.#hasFreed = true;
        return true;
      }
      // The file itself shrinks when the log is written back into it.
      if (this.#hasFreed) this.#connection.exec('PRAGMA wal_checkpoint(PASSIVE)');
      this.#hasFreed = false;
      return false;
    } catch (error) {
      if (error instanceof StoreError && error.kind === 'locked') return false;
      throw error;
    }
  }
}
