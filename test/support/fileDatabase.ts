import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../src/core/ports/clock.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { openStore } from '../../src/store/sqlite/store.ts';

/** Where several connections can share a database, and nothing waits for a real disk. */
const QUICK_DISK = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** The database that the windows of a machine share. */
export interface Database {
  /** Opens a connection for a window, or for nobody. */
  open(): Store | Promise<Store>;
  /** A connection of nobody's. */
  books(): Store;
  /** Changes the database behind everybody's back. */
  sql(text: string): void;
  /** All connections of windows are closed by now. */
  dispose(): void;
}

/** A file that several connections can share, and nothing waits for a real disk. */
export function fileDatabase(clock: Clock, log: (message: string, error?: unknown) => void): Database {
  const folder = mkdtempSync(join(QUICK_DISK, 'loop-supervisor-'));
  const path = join(folder, 'supervisor.db');
  let books: Store | undefined;
  const open = () => openStore({ path, clock, log });
  return {
    open,
    books: () => {
      books ??= open();
      return books;
    },
    sql: (text) => {
      const database = new DatabaseSync(path);
      database.exec(text);
      database.close();
    },
    dispose: () => {
      books?.close();
      rmSync(folder, { recursive: true });
    },
  };
}
