import type { Json } from '../../core/model/agentEvent.ts';
import type { Attempt } from '../../core/model/attempt.ts';
import { ATTEMPT_COLUMNS, attemptEnded, attemptInserted, attemptRunning, attemptSchema } from '../rows/attemptRow.ts';
import { optionalJson } from '../rows/codecs.ts';
import type { RawRow, RowReader } from '../rows/rowReader.ts';
import { type Connection, parameters, type Query, setting } from './connection.ts';

/** Selects the ids of a loop's attempts by its `seq`: its history holds them. */
export const idsOf = (seqs: string) => `SELECT attempt FROM history WHERE seq ${seqs} AND attempt IS NOT NULL`;

/** The attempts. A settled one is never written again (R3.2). */
export class AttemptTable {
  readonly #rowReader: RowReader;
  readonly #insert: Query;
  readonly #save: Query;
  readonly #settle: Query;
  readonly #advance: Query;
  readonly #byId: Query;
  readonly #ofLoop: Query;

  constructor(connection: Connection, rowReader: RowReader) {
    this.#rowReader = rowReader;
    const inserted = ['seq', ...attemptInserted.names];
    this.#insert = connection.prepare(
      `INSERT INTO attempts (${inserted.join(', ')}) VALUES (${parameters(inserted.length)})`,
    );
    const unsettled = 'WHERE id = ? AND ended_at IS NULL';
    this.#save = connection.prepare(`UPDATE attempts SET ${setting(attemptRunning.names)} ${unsettled}`);
    this.#settle = connection.prepare(
      `UPDATE attempts SET ${setting([...attemptRunning.names, ...attemptEnded.names])} ${unsettled}`,
    );
    this.#advance = connection.prepare(
      'UPDATE attempts SET read_offset = ?, reader_state = ? WHERE id = ? AND read_offset = ? AND ended_at IS NULL',
    );
    this.#byId = connection.prepare(`SELECT ${ATTEMPT_COLUMNS} FROM attempts WHERE id = ?`);
    this.#ofLoop = connection.prepare(
      `SELECT ${ATTEMPT_COLUMNS} FROM attempts WHERE seq = ? AND id IN (${idsOf('= ?')}) ORDER BY id`,
    );
  }

  insert(seq: number, attempt: Attempt): void {
    this.#insert.execute(seq, ...attemptInserted.values(attempt));
  }

  /** Writes an attempt unless it is settled. Returns whether it did. */
  save(attempt: Attempt): boolean {
    const { id, end } = attempt;
    const running = attemptRunning.values(attempt);
    const saved = end ? this.#settle.run(...running, ...attemptEnded.values(end), id) : this.#save.run(...running, id);
    return saved > 0;
  }

  /** Moves the read position if it is still `from` (R6.7). Returns whether it did. */
  advance(id: number, from: number, to: number, readerState: Json | undefined): boolean {
    return this.#advance.run(to, optionalJson.encode(readerState), id, from) > 0;
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
