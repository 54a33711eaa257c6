import * as z from 'zod/mini';
import type { LoopState, Transition } from '../../core/model/loop.ts';
import { asText, columns, oneOf } from '../rows/columns.ts';
import type { Connection, Query } from './connection.ts';
import type { RowReader } from './rowReader.ts';

const STATES = {
  queued: 0,
  running: 0,
  stopping: 0,
  backingOff: 0,
  waiting: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
} as const;
/** Every state of a loop. */
export const loopState = oneOf<LoopState>(STATES);

const row = columns({
  at: z.int(),
  from_state: oneOf<LoopState | 'new'>({ ...STATES, new: 0 }),
  to_state: loopState,
  why: z.string(),
});
const transition = z.pipe(
  row,
  z.transform(({ at, from_state, to_state, why }): Transition => ({ at, from: from_state, to: to_state, why })),
);

/** What has happened to each loop. That it was submitted is not written down a second time: its own row says so, and a tree less is touched. */
export class HistoryTable {
  readonly #rowReader: RowReader;
  readonly #insert: Query;
  readonly #append: Query;
  readonly #submitted: Query;
  readonly #ofLoop: Query;

  constructor(connection: Connection, rowReader: RowReader) {
    this.#rowReader = rowReader;
    const insert = 'INSERT INTO history (seq, n, at, from_state, to_state, why, attempt)';
    this.#insert = connection.prepare(`${insert} VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`);
    this.#append = connection.prepare(
      `${insert} SELECT ?, max(n) + 1, ?, ?, ?, ?, ? FROM history WHERE seq = ? AND n < ${Number.MAX_SAFE_INTEGER}`,
    );
    this.#submitted = connection.prepare(
      "SELECT submitted_at AS at, 'new' AS from_state, 'queued' AS to_state, 'submitted' AS why FROM loops WHERE seq = ?",
    );
    this.#ofLoop = connection.prepare('SELECT at, from_state, to_state, why FROM history WHERE seq = ? ORDER BY n');
  }

  /** `n` orders the rows of a loop. `attempt`: the id of the attempt that begins with it. */
  add(seq: number, n: number, { at, from, to, why }: Transition, attempt?: number): void {
    const values = [at, from, to, asText(why), attempt ?? null];
    if (this.#insert.run(seq, n, ...values) > 0) return;
    // Some hand has set the counter back: then it goes behind the last row, so that the loop can be written at all.
    this.#append.run(seq, ...values, seq);
  }

  /** Oldest first. */
  ofLoop(seq: number): Transition[] {
    const rows = [...this.#submitted.all(seq), ...this.#ofLoop.all(seq)];
    return this.#rowReader.readAll(transition, rows, () => `a row in the history of the loop in row ${seq}`);
  }
}
