import type { Loop } from '../../core/model/loop.ts';
import { LOOP_COLUMNS } from '../rows/loopRow.ts';
import type { Connection } from './connection.ts';
import type { LoopTable } from './loopTable.ts';

// The indexes are named so that a change that takes them out of use is an error, and not a slow list.
const SELECT = `SELECT ${LOOP_COLUMNS} FROM loops INDEXED BY`;
const UNDER_WAY = `${SELECT} loops_under_way WHERE finished_at IS NULL AND state <> 'queued' ORDER BY seq`;
const QUEUE = `${SELECT} loops_queue WHERE state = 'queued' ORDER BY priority DESC, place, seq LIMIT ?`;

/** Lists live loops with no more of the queue than is wanted: of a long one that saves most of the time. */
export class LiveList {
  readonly #connection: Connection;
  readonly #loops: LoopTable;

  constructor(connection: Connection, loops: LoopTable) {
    this.#connection = connection;
    this.#loops = loops;
  }

  /** Those that are not queued, and the first `maxQueued` that are, in the order of the queue (R2.1). */
  list(maxQueued: number): Loop[] {
    const others = this.#connection.query(UNDER_WAY).all();
    const queued = this.#connection.query(QUEUE).all(maxQueued);
    return this.#loops.readAll([...others, ...queued]);
  }
}
