import type { Connection, Query } from './connection.ts';
import type { LoopTable } from './loopTable.ts';

/** Moves a loop's row that can not be read out of the way, when its id is wanted again. Its attempts, history and ledger stay. */
export class Quarantine {
  readonly #loops: LoopTable;
  readonly #log: (message: string, error?: unknown) => void;
  readonly #keep: Query;
  readonly #remove: Query;

  constructor(connection: Connection, loops: LoopTable, log: (message: string, error?: unknown) => void) {
    this.#loops = loops;
    this.#log = log;
    this.#keep = connection.prepare('INSERT INTO quarantine (at, source, why, content) VALUES (?, ?, ?, ?)');
    this.#remove = connection.prepare('DELETE FROM loops WHERE seq = ?');
  }

  /** Frees a live id if the row that holds it can not be read; answers the `seq` of that row if it was so. `at`: wall time, ms. */
  free(loopId: string, at: number): number | undefined {
    const holder = this.#loops.holder(loopId);
    if (!holder || holder.loop) return undefined;
    const content = JSON.stringify(holder.row, (_, value) => (typeof value === 'bigint' ? String(value) : value));
    this.#keep.run(at, 'loops', `unreadable, and its id ${loopId} was submitted again`, content);
    const seq = holder.row.seq as number;
    this.#remove.run(seq);
    this.#log(
      `The unreadable row of loop ${loopId} was moved to the table quarantine, since that id was submitted again.`,
    );
    return seq;
  }
}
