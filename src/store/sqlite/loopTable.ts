import { StoreError } from '../../core/model/errors.ts';
import { isFinished, type Loop } from '../../core/model/loop.ts';
import {
  finalValues,
  fixedValues,
  isActiveRow,
  LOOP_COLUMNS,
  LOOP_FINAL,
  LOOP_INSERTED,
  LOOP_LIVE,
  liveValues,
  loopRowSchema,
  toActiveLoop,
  toLoop,
} from '../rows/loopRow.ts';
import type { AttemptTable } from './attemptTable.ts';
import type { Connection, Query, RawRow } from './connection.ts';
import type { RowReader } from './rowReader.ts';

const SELECT = `SELECT ${LOOP_COLUMNS} FROM loops`;
const setting = (columns: readonly string[]) => columns.map((column) => `${column} = ?`).join(', ');

/** What a loop counts as: 0 or 1 of those that are finished, and of those that failed and were not cleared. */
export interface Counted {
  readonly finished: number;
  readonly failed: number;
}
const LIVE: Counted = { finished: 0, failed: 0 };

/** What one loop adds to the counts of finished loops. */
export function countedAs(loop: Loop): Counted {
  return isFinished(loop) ? { finished: 1, failed: loop.state === 'failed' && !loop.cleared ? 1 : 0 } : LIVE;
}

/** The loops. An active one is read with its attempt: within a snapshot, so that both are of one moment. */
export class LoopTable {
  readonly #attempts: AttemptTable;
  readonly #rowReader: RowReader;
  readonly #insert: Query;
  readonly #saveLive: Query;
  readonly #finish: Query;
  readonly #saveAll: Query;
  readonly #saveAgent: Query;
  readonly #counted: Query;
  readonly #live: Query;
  readonly #latest: Query;
  readonly #bySeq: Query;
  readonly #liveById: Query;

  constructor(connection: Connection, attempts: AttemptTable, rowReader: RowReader) {
    this.#attempts = attempts;
    this.#rowReader = rowReader;
    this.#insert = connection.prepare(
      `INSERT INTO loops (${LOOP_INSERTED.join(', ')}) VALUES (${LOOP_INSERTED.map(() => '?').join(', ')})
       ON CONFLICT (loop_id) WHERE finished_at IS NULL DO NOTHING`,
    );
    this.#saveLive = connection.prepare(`UPDATE loops SET ${setting(LOOP_LIVE)} WHERE seq = ? AND finished_at IS NULL`);
    const all = `UPDATE loops SET ${setting(LOOP_LIVE)}, ${setting(LOOP_FINAL)} WHERE seq = ?`;
    this.#finish = connection.prepare(`${all} AND finished_at IS NULL`);
    this.#saveAll = connection.prepare(all);
    this.#saveAgent = connection.prepare('UPDATE loops SET agent = ? WHERE seq = ? AND finished_at IS NULL');
    this.#counted = connection.prepare(
      "SELECT 1 AS finished, state = 'failed' AND cleared IS 0 AS failed FROM loops WHERE seq = ?",
    );
    // Left to itself it would read the finished ones too, which come in the right order.
    this.#live = connection.prepare(`${SELECT} INDEXED BY loops_live WHERE finished_at IS NULL ORDER BY seq`);
    this.#latest = connection.prepare(`${SELECT} WHERE loop_id = ? ORDER BY seq DESC LIMIT 1`);
    this.#bySeq = connection.prepare(`${SELECT} WHERE seq = ?`);
    this.#liveById = connection.prepare(`${SELECT} WHERE loop_id = ? AND finished_at IS NULL`);
  }

  /** Inserts a queued loop. Answers false when its id is that of a live loop. */
  insert(loop: Loop): boolean {
    return this.#insert.run(...fixedValues(loop), ...liveValues(loop)) > 0;
  }

  /** Writes a loop as it now is; answers what it counted as before. Throws when it is no longer there. */
  save(loop: Loop): Counted {
    const values = liveValues(loop);
    // The short way leaves all indexes alone.
    const wasLive = isFinished(loop)
      ? this.#finish.run(...values, ...finalValues(loop), loop.seq)
      : this.#saveLive.run(...values, loop.seq);
    if (wasLive > 0) return LIVE;
    // A final loop is written again, or comes back to life.
    const before = this.#counted.get(loop.seq);
    if (before && this.#saveAll.run(...values, ...finalValues(loop), loop.seq) > 0) return before as unknown as Counted;
    throw new StoreError(
      'broken',
      `Loop ${loop.loopId} could not be written: it is no longer in the database. It may have been cleared from the history.`,
    );
  }

  /** Writes the agent of a live loop, which `save` leaves alone. */
  saveAgent({ agent, seq }: Loop): void {
    this.#saveAgent.run(agent, seq);
  }

  /** All live loops, oldest first; `live` are the `seq`s of those too that can not be read. */
  live(): { readonly loops: Loop[]; readonly live: ReadonlySet<number> } {
    const rows = this.#live.all();
    return { loops: this.readAll(rows), live: new Set(rows.map(({ seq }) => seq as number)) };
  }

  /** Those loops; `gone` are the `seq`s that have no row any more. */
  bySeqs(seqs: readonly number[]): { readonly loops: Loop[]; readonly gone?: readonly number[] } {
    const loops: Loop[] = [];
    const gone: number[] = [];
    for (const seq of seqs) {
      const row = this.#bySeq.get(seq);
      const loop = this.#read(row);
      if (loop) loops.push(loop);
      if (!row) gone.push(seq);
    }
    return { loops, ...(gone.length > 0 && { gone }) };
  }

  latest(loopId: string): Loop | undefined {
    return this.#read(this.#latest.get(loopId));
  }

  bySeq(seq: number): Loop | undefined {
    return this.#read(this.#bySeq.get(seq));
  }

  /** The row that keeps a live id taken, and whether it can be read. */
  holder(loopId: string): { readonly row: RawRow; readonly loop: Loop | undefined } | undefined {
    const row = this.#liveById.get(loopId);
    return row && { row, loop: this.#read(row) };
  }

  /** Reads rows; those that do not parse, or whose attempt does not, are set aside. */
  readAll(rows: readonly RawRow[]): Loop[] {
    const loops: Loop[] = [];
    for (const row of rows) {
      const loop = this.#read(row);
      if (loop) loops.push(loop);
    }
    return loops;
  }

  #read(raw: RawRow | undefined): Loop | undefined {
    if (!raw) return undefined;
    const row = this.#rowReader.read(loopRowSchema, raw, nameOf);
    if (!row) return undefined;
    if (!isActiveRow(row)) return toLoop(row);
    const attempt = this.#attempts.byId(row.attempt_id);
    if (attempt) return toActiveLoop(row, attempt);
    this.#rowReader.report(nameOf(raw), `it is ${row.state}, and its attempt ${row.attempt_id} can not be read`);
    return undefined;
  }
}

function nameOf(row: RawRow): string {
  return `the loop ${String(row.loop_id)} (row ${String(row.seq)})`;
}
