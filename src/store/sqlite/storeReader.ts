import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FinishedLoop } from '../../core/model/loop.ts';
import type { FinishedQuery } from '../../core/ports/historyQueries.ts';
import type { StoreChanges } from '../../core/ports/store.ts';
import { RowReader } from '../rows/rowReader.ts';
import { AttemptTable } from './attemptTable.ts';
import { Connection } from './connection.ts';
import { FinishedList } from './finishedList.ts';
import { HeadTable } from './headTable.ts';
import { LedgerTable } from './ledgerTable.ts';
import { LiveList } from './liveList.ts';
import { LoopTable } from './loopTable.ts';
import { ownVersion } from './migrate.ts';
import { SCHEMA_VERSION } from './schema.ts';
import { DATABASE, isOwner, type StoreScope } from './storeOwner.ts';
import { WindowTable } from './windowTable.ts';

export interface ReaderOptions {
  /** The storage folder. */
  readonly storage: string;
  /** The scope of this process. */
  readonly scope: StoreScope;
  readonly log: (message: string, error?: unknown) => void;
}

/** A store opened for reading only: for a quick look that must not get in anybody's way. */
export interface StoreReader {
  /** What is live, of the queue its first `maxQueued` loops, and what decides what they wait for. */
  live(maxQueued: number): StoreChanges;
  /** Finished loops, newest first. */
  finished(query: FinishedQuery): FinishedLoop[];
  close(): void;
}

/**
 * Opens the store of a storage folder for reading. It takes no lock of a writer, migrates nothing and creates nothing.
 * Returns undefined where that is not enough: there is no store yet, it is not on record as this machine's, or its
 * schema is another one. Throws a `StoreError`.
 */
export function openReader({ storage, scope, log }: ReaderOptions): StoreReader | undefined {
  const path = join(storage, DATABASE);
  if (!existsSync(path) || !isOwner(storage, scope)) return undefined;
  const connection = new Connection(path, { readOnly: true });
  try {
    if (ownVersion(connection, SCHEMA_VERSION) === SCHEMA_VERSION) return readerOf(connection, log);
  } catch (error) {
    connection.close();
    throw error;
  }
  connection.close();
  return undefined;
}

function readerOf(connection: Connection, log: ReaderOptions['log']): StoreReader {
  const rowReader = new RowReader(log);
  const loops = new LoopTable(connection, new AttemptTable(connection, rowReader), rowReader);
  const head = new HeadTable(connection, rowReader);
  const ledger = new LedgerTable(connection, rowReader);
  const windows = new WindowTable(connection, rowReader);
  return {
    live: (maxQueued) =>
      connection.snapshot(() => {
        const day = ledger.latestDay();
        const live = new LiveList(connection, loops).list(maxQueued);
        return { loops: live, control: head.control(), windows: windows.all(), ...(day && { day }) };
      }),
    finished: (query) => new FinishedList(connection, loops).list(query),
    close: () => connection.close(),
  };
}
