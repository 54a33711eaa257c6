import * as z from 'zod/mini';
import type { WindowLease } from '../../core/ports/store.ts';
import { processIdentity } from '../rows/attemptRow.ts';
import { json } from '../rows/columns.ts';
import type { Connection, Query } from './connection.ts';
import type { RowReader } from './rowReader.ts';

const row = z.object({
  id: z.string(),
  process: json(processIdentity),
  folders: json(z.array(z.string())),
  opened_at: z.int(),
});
const lease = z.pipe(
  row,
  z.transform(({ opened_at, ...row }): WindowLease => ({ ...row, openedAt: opened_at })),
);

/** The leases of windows. One that is released is gone. */
export class WindowTable {
  readonly #rowReader: RowReader;
  readonly #save: Query;
  readonly #release: Query;
  readonly #all: Query;

  constructor(connection: Connection, rowReader: RowReader) {
    this.#rowReader = rowReader;
    this.#save = connection.prepare(
      'INSERT OR REPLACE INTO windows (id, process, folders, opened_at) VALUES (?, ?, ?, ?)',
    );
    this.#release = connection.prepare('DELETE FROM windows WHERE id = ?');
    this.#all = connection.prepare('SELECT id, process, folders, opened_at FROM windows ORDER BY opened_at, id');
  }

  save({ id, process, folders, openedAt }: WindowLease): void {
    this.#save.run(id, JSON.stringify(process), JSON.stringify(folders), openedAt);
  }

  release(id: string): void {
    this.#release.run(id);
  }

  all(): WindowLease[] {
    return this.#rowReader.readAll(lease, this.#all.all(), (row) => `the lease of the window ${String(row.id)}`);
  }
}
