import type { WindowLease } from '../../core/ports/store.ts';
import type { RowReader } from '../rows/rowReader.ts';
import { WINDOW_COLUMNS, windowSaved, windowSchema } from '../rows/windowRow.ts';
import { type Connection, parameters, type Query } from './connection.ts';

/** The leases of windows. A released one has no row. */
export class WindowTable {
  readonly #rowReader: RowReader;
  readonly #save: Query;
  readonly #release: Query;
  readonly #all: Query;

  constructor(connection: Connection, rowReader: RowReader) {
    this.#rowReader = rowReader;
    this.#save = connection.prepare(
      `INSERT OR REPLACE INTO windows (${WINDOW_COLUMNS}) VALUES (${parameters(windowSaved.names.length)})`,
    );
    this.#release = connection.prepare('DELETE FROM windows WHERE id = ?');
    this.#all = connection.prepare(`SELECT ${WINDOW_COLUMNS} FROM windows ORDER BY opened_at, id`);
  }

  save(lease: WindowLease): void {
    this.#save.run(...windowSaved.values(lease));
  }

  release(id: string): void {
    this.#release.run(id);
  }

  all(): WindowLease[] {
    return this.#rowReader.readAll(windowSchema, this.#all.all(), (row) => `the lease of the window ${String(row.id)}`);
  }
}
