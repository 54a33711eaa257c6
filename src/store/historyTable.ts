import * as z from 'zod/mini';
import type { LoopState, Transition } from '../core/loop.ts';
import type { Aside } from './aside.ts';
import { asText, columns, oneOf } from './columns.ts';
import type { Connection, Query } from './connection.ts';

const STATES = { queued: 0, running: 0, stopping: 0, backingOff: 0, waiting: 0, completed: 0, failed: 0, cancelled: 0 } as const;
/** Every state of a loop. */
export const loopState = oneOf<LoopState>(STATES);

const row = columns({ at: z.int(), from_state: oneOf<LoopState | 'new'>({ ...STATES, new: 0 }), to_state: loopState, why: z.string() });
const transition = z.pipe(
  row,
  z.transform(({ at, from_state, to_state, why }): Transition => ({ at, from: from_state, to: to_state, why })),
);

/** What has happened to each loop. */
export class HistoryTable {
  readonly #aside: Aside;
  readonly #insert: Query;
  readonly #ofLoop: Query;

  constructor(connection: Connection, aside: Aside) {
    this.#aside = aside;
    this.#insert = connection.prepare('INSERT INTO history (seq, n, at, from_state, to_state, why) VALUES (?, ?, ?, ?, ?, ?)');
    this.#ofLoop = connection.prepare('SELECT at, from_state, to_state, why FROM history WHERE seq = ? ORDER BY n');
  }

  /** `n` orders the rows of a loop. */
  add(seq: number, n: number, { at, from, to, why }: Transition): void {
    this.#insert.run(seq, n, at, from, to, asText(why));
  }

  /** Oldest first. */
  ofLoop(seq: number): Transition[] {
    return this.#aside.readAll(transition, this.#ofLoop.all(seq), () => `a row in the history of the loop in row ${seq}`);
  }
}
