import type { TimelineAttempt, TimelineQuery } from '../../core/ports/historyQueries.ts';
import type { RawRow, RowReader } from '../rows/rowReader.ts';
import { timelineSchema } from '../rows/timelineRow.ts';
import type { Connection, Query } from './connection.ts';

const SELECT = `SELECT a.id, a.seq, l.loop_id AS loopId, substr(l.title, 1, 120) AS title, l.agent, a.number,
    a.is_check AS isCheck, a.is_setup AS isSetup, a.round, a.started_at AS startedAt, a.ended_at AS endedAt,
    a.outcome, a.cost, a.cost_estimated AS costEstimated, l.state
  FROM attempts AS a JOIN loops AS l USING (seq)`;

/** Attempts of all loops, as a timeline shows them. */
export class Timeline {
  readonly #rowReader: RowReader;
  readonly #since: Query;
  readonly #after: Query;
  readonly #byIds: Query;

  constructor(connection: Connection, rowReader: RowReader) {
    this.#rowReader = rowReader;
    const newest = (above: string) =>
      `${SELECT} WHERE a.id IN (
         SELECT id FROM attempts WHERE id < ? AND id > ${above} AND (ended_at IS NULL OR ended_at >= ?)
           ORDER BY id DESC LIMIT ?
       ) ORDER BY a.id`;
    // An attempt that ended after `from` belongs to a loop that is live, or finished after that, and has a larger
    // number than its loop.
    const finished = 'SELECT seq FROM loops WHERE finished_at >= ?';
    const live = 'SELECT seq FROM loops WHERE finished_at IS NULL AND attempts > 0';
    this.#since = connection.prepare(newest(`(SELECT min(seq) FROM (${finished} UNION ALL ${live}))`));
    this.#after = connection.prepare(newest('?'));
    this.#byIds = connection.prepare(`${SELECT} WHERE a.id IN (SELECT value FROM json_each(?)) ORDER BY a.id`);
  }

  since({ from, beforeId = Number.MAX_SAFE_INTEGER, afterId, limit }: TimelineQuery): TimelineAttempt[] {
    const rows =
      afterId === undefined
        ? this.#since.all(beforeId, from, from, limit)
        : this.#after.all(beforeId, afterId, from, limit);
    return this.#rowReader.readAll(timelineSchema, rows, nameOf);
  }

  of(ids: readonly number[]): TimelineAttempt[] {
    return this.#rowReader.readAll(timelineSchema, this.#byIds.all(JSON.stringify(ids)), nameOf);
  }
}

function nameOf(row: RawRow): string {
  return `the attempt ${String(row.id)}`;
}
