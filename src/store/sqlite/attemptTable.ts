import type { Json } from '../../core/model/agentEvent.ts';
import type { Attempt } from '../../core/model/loop.ts';
import {
  ATTEMPT_COLUMNS,
  ATTEMPT_END,
  ATTEMPT_INSERTED,
  ATTEMPT_RUNNING,
  attemptSchema,
  endValues,
  fixedValues,
  runningValues,
} from '../rows/attemptRow.ts';
import { asJson } from '../rows/columns.ts';
import type { Connection, Query, RawRow } from './connection.ts';
import type { RowReader } from './rowReader.ts';

/** The ids of a loop's attempts, by its `seq`: in its history. */
export const idsOf = (seqs: string) => `SELECT attempt FROM history WHERE seq ${seqs} AND attempt IS NOT NULL`;

const setting = (columns: readonly string[]) => columns.map((column) => `${column} = ?`).join(', ');

/** The attempts. A settled one is never written again (R3.2). */
export class AttemptTable {
  readonly #rowReader: RowReader;
  readonly #insert: Query;
  readonly #save: Query;
  readonly #settle: Query;
  readonly #advance: Query;
  readonly #seqOf: Query;
  readonly #byId: Query;
  readonly #ofLoop: Query;

  constructor(connection: Connection, rowReader: RowReader) {
    this.#rowReader = rowReader;
    this.#insert = connection.prepare(
      `INSERT INTO attempts (${ATTEMPT_INSERTED.join(', ')}) VALUES (${ATTEMPT_INSERTED.map(() => '?').join(', ')})`,
    );
    const unsettled = 'WHERE id = ? AND ended_at IS NULL';
    this.#save = connection.prepare(`UPDATE attempts SET ${setting(ATTEMPT_RUNNING)} ${unsettled}`);
    this.#settle = connection.prepare(
      `UPDATE attempts SET ${setting([...ATTEMPT_RUNNING, ...ATTEMPT_END])} ${unsettled}`,
    );
    this.#advance = connection.prepare(
      'UPDATE attempts SET read_offset = ?, reader_state = ? WHERE id = ? AND read_offset = ? AND ended_at IS NULL',
    );
    // RETURNING would take several times as long: SQLite keeps what it returns in a table of its own.
    this.#seqOf = connection.prepare('SELECT seq FROM attempts WHERE id = ?');
    this.#byId = connection.prepare(`SELECT ${ATTEMPT_COLUMNS} FROM attempts WHERE id = ?`);
    this.#ofLoop = connection.prepare(
      `SELECT ${ATTEMPT_COLUMNS} FROM attempts WHERE seq = ? AND id IN (${idsOf('= ?')}) ORDER BY id`,
    );
  }

  insert(seq: number, attempt: Attempt): void {
    this.#insert.run(...fixedValues(seq, attempt), ...runningValues(attempt));
  }

  /** Writes an attempt where it is not settled; answers the `seq` of its loop, or undefined when it is. */
  save(attempt: Attempt): number | undefined {
    const { end } = attempt;
    const saved = end
      ? this.#settle.run(...runningValues(attempt), ...endValues(end), attempt.id)
      : this.#save.run(...runningValues(attempt), attempt.id);
    return saved === 0 ? undefined : this.#loopOf(attempt.id);
  }

  /** Moves the read position where it is still `from` (R6.7); answers the `seq` of the loop, or undefined when it is not. */
  advance(id: number, from: number, to: number, readerState: Json | undefined): number | undefined {
    return this.#advance.run(to, asJson(readerState), id, from) === 0 ? undefined : this.#loopOf(id);
  }

  #loopOf(id: number): number {
    return this.#seqOf.get(id)?.seq as number;
  }

  byId(id: number): Attempt | undefined {
    const row = this.#byId.get(id);
    return row && this.#rowReader.read(attemptSchema, row, nameOf);
  }

  /** Oldest first. */
  ofLoop(seq: number): Attempt[] {
    return this.#rowReader.readAll(attemptSchema, this.#ofLoop.all(seq, seq), nameOf);
  }
}

function nameOf(row: RawRow): string {
  return `the attempt ${String(row.id)} (run ${String(row.token)})`;
}
