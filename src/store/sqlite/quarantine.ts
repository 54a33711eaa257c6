import type { Connection, Query } from './connection.ts';
import type { LoopTable } from './loopTable.ts';

/**
 * Moves an unreadable row out of the way when its loop id is submitted again. Its attempts, history and ledger stay.
 */
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

  /**
   * Frees a live id whose row cannot be read. Returns the `seq` of that row, or undefined if it can be read. `at`: wall
   * time, ms.
   */
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
