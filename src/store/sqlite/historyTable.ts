import type { Transition } from '../../core/model/history.ts';
import { HISTORY_COLUMNS, historyInserted, historySchema } from '../rows/historyRow.ts';
import type { RowReader } from '../rows/rowReader.ts';
import { type Connection, parameters, type Query } from './connection.ts';

/**
 * What happened to each loop. That it was submitted is not written a second time: its own row says so, and one tree
 * less is touched.
 */
export class HistoryTable {
  readonly #rowReader: RowReader;
  readonly #insert: Query;
  readonly #append: Query;
  readonly #submitted: Query;
  readonly #ofLoop: Query;

  constructor(connection: Connection, rowReader: RowReader) {
    this.#rowReader = rowReader;
    const insert = `INSERT INTO history (seq, n, attempt, ${HISTORY_COLUMNS})`;
    const values = parameters(historyInserted.names.length);
    this.#insert = connection.prepare(`${insert} VALUES (?, ?, ?, ${values}) ON CONFLICT DO NOTHING`);
    this.#append = connection.prepare(
      `${insert} SELECT ?, max(n) + 1, ?, ${values} FROM history WHERE seq = ? AND n < ${Number.MAX_SAFE_INTEGER}`,
    );
    this.#submitted = connection.prepare(
      "SELECT submitted_at AS at, 'new' AS from_state, 'queued' AS to_state, " +
        "'submitted' AS why FROM loops WHERE seq = ?",
    );
    this.#ofLoop = connection.prepare(`SELECT ${HISTORY_COLUMNS} FROM history WHERE seq = ? ORDER BY n`);
  }

  /** `n` orders the rows of a loop. `attempt`: the id of the attempt that begins with this row. */
  add(seq: number, n: number, transition: Transition, attempt: number | null): void {
    const values = historyInserted.values(transition);
    if (this.#insert.run(seq, n, attempt, ...values) > 0) return;
    // Somebody has set the counter back by hand. The row goes behind the last one, so that the loop can still be
    // written.
    this.#append.run(seq, attempt, ...values, seq);
  }

  /** Oldest first. */
  ofLoop(seq: number): Transition[] {
    const rows = [...this.#submitted.all(seq), ...this.#ofLoop.all(seq)];
    return this.#rowReader.readAll(historySchema, rows, () => `a row in the history of the loop in row ${seq}`);
  }
}
