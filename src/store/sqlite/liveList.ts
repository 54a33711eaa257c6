import type { Loop } from '../../core/model/loop.ts';
import { LOOP_COLUMNS } from '../rows/loopRow.ts';
import type { Connection } from './connection.ts';
import type { LoopTable } from './loopTable.ts';

// Left to itself, the planner would read the finished ones too.
const LIVE = 'SELECT seq FROM loops INDEXED BY loops_live WHERE finished_at IS NULL AND state';
const SELECT = `SELECT ${LOOP_COLUMNS} FROM loops WHERE seq IN`;

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
    const others = this.#connection.query(`${SELECT} (${LIVE} <> 'queued') ORDER BY seq`).all();
    const queued = this.#connection
      .query(`${SELECT} (${LIVE} = 'queued' ORDER BY priority DESC, place, seq LIMIT ?)`)
      .all(maxQueued);
    return this.#loops.readAll([...others, ...queued]);
  }
}
