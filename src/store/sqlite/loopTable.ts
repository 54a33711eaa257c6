import { StoreError } from '../../core/model/errors.ts';
import { isFinished, type Loop } from '../../core/model/loop.ts';
import {
  isActiveRow,
  LOOP_COLUMNS,
  loopInserted,
  loopLive,
  loopRowSchema,
  loopSaved,
  loopUnstarted,
  toActiveLoop,
  toLoop,
} from '../rows/loopRow.ts';
import type { RawRow, RowReader } from '../rows/rowReader.ts';
import type { AttemptTable } from './attemptTable.ts';
import { type Connection, parameters, type Query, setting } from './connection.ts';

const SELECT = `SELECT ${LOOP_COLUMNS} FROM loops`;

/** What a loop counts as: 0 or 1 of the finished loops, and of those that failed and were not cleared. */
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
  readonly #saveUnstarted: Query;
  readonly #counted: Query;
  readonly #live: Query;
  readonly #latest: Query;
  readonly #bySeq: Query;
  readonly #liveById: Query;

  constructor(connection: Connection, attempts: AttemptTable, rowReader: RowReader) {
    this.#attempts = attempts;
    this.#rowReader = rowReader;
    this.#insert = connection.prepare(
      `INSERT INTO loops (${loopInserted.names.join(', ')}) VALUES (${parameters(loopInserted.names.length)})
       ON CONFLICT (loop_id) WHERE finished_at IS NULL DO NOTHING`,
    );
    this.#saveLive = connection.prepare(
      `UPDATE loops SET ${setting(loopLive.names)} WHERE seq = ? AND finished_at IS NULL`,
    );
    const all = `UPDATE loops SET ${setting(loopSaved.names)} WHERE seq = ?`;
    this.#finish = connection.prepare(`${all} AND finished_at IS NULL`);
    this.#saveAll = connection.prepare(all);
    this.#saveUnstarted = connection.prepare(
      `UPDATE loops SET ${setting(loopUnstarted.names)} WHERE seq = ? AND finished_at IS NULL`,
    );
    this.#counted = connection.prepare(
      "SELECT 1 AS finished, state = 'failed' AND cleared IS 0 AS failed FROM loops WHERE seq = ?",
    );
    // Left to itself, the planner would read the finished ones too, because they come in the right order.
    this.#live = connection.prepare(`${SELECT} INDEXED BY loops_live WHERE finished_at IS NULL ORDER BY seq`);
    // History that came from another store may have a larger number than what is live here.
    this.#latest = connection.prepare(
      `${SELECT} WHERE loop_id = ? ORDER BY finished_at IS NULL DESC, seq DESC LIMIT 1`,
    );
    this.#bySeq = connection.prepare(`${SELECT} WHERE seq = ?`);
    this.#liveById = connection.prepare(`${SELECT} WHERE loop_id = ? AND finished_at IS NULL`);
  }

  /** Inserts a queued loop. Returns false if a live loop has its id. */
  insert(loop: Loop): boolean {
    return this.#insert.run(...loopInserted.values(loop)) > 0;
  }

  /** Writes a loop as it now is. Returns what it counted as before. Throws if it is no longer there. */
  save(loop: Loop): Counted {
    // The short way touches no index.
    const wasLive = isFinished(loop)
      ? this.#finish.run(...loopSaved.values(loop), loop.seq)
      : this.#saveLive.run(...loopLive.values(loop), loop.seq);
    if (wasLive > 0) return LIVE;
    // A finished loop is written again, or becomes live again.
    const before = this.#counted.get(loop.seq);
    if (before && this.#saveAll.run(...loopSaved.values(loop), loop.seq) > 0) return before as unknown as Counted;
    throw new StoreError(
      'broken',
      `Loop ${loop.loopId} could not be written: it is no longer in the database. ` +
        'It may have been cleared from the history.',
    );
  }

  /** Writes what an edit changes of a loop that has not started, and `save` leaves alone. */
  saveUnstarted(loop: Loop): void {
    this.#saveUnstarted.run(...loopUnstarted.values(loop), loop.seq);
  }

  /** All live loops, oldest first. `live` has the `seq`s of the unreadable ones too. */
  live(): { readonly loops: Loop[]; readonly live: ReadonlySet<number> } {
    const loops: Loop[] = [];
    const live = new Set<number>();
    for (const row of this.#live.each()) {
      live.add(row.seq as number);
      const loop = this.#read(row);
      if (loop) loops.push(loop);
    }
    return { loops, live };
  }

  /** Those loops. `gone` has the `seq`s that no longer have a row. */
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

  /** The row that holds a live id, and its loop if it can be read. */
  holder(loopId: string): { readonly row: RawRow; readonly loop: Loop | undefined } | undefined {
    const row = this.#liveById.get(loopId);
    return row && { row, loop: this.#read(row) };
  }

  /** Reads rows and leaves out those that do not parse, or whose attempt does not. */
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
    this.#rowReader.report(nameOf(raw), `it is ${row.state}, and its attempt ${row.attempt_id} cannot be read`);
    return undefined;
  }
}

function nameOf(row: RawRow): string {
  return `the loop ${String(row.loop_id)} (row ${String(row.seq)})`;
}
