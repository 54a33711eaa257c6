import * as z from 'zod/mini';
import type { TimelineAttempt, TimelineQuery } from '../../core/ports/historyQueries.ts';
import { outcome } from '../rows/attemptRow.ts';
import { columns } from '../rows/columns.ts';
import type { Connection, Query, RawRow } from './connection.ts';
import { loopState } from './historyTable.ts';
import type { RowReader } from './rowReader.ts';

const row = columns({
  id: z.int(),
  seq: z.int(),
  loopId: z.string(),
  title: z.string(),
  agent: z.string(),
  number: z.int(),
  startedAt: z.int(),
  endedAt: z.nullable(z.int()),
  outcome: z.nullable(outcome),
  cost: z.int(),
  costEstimated: z.int(),
  state: loopState,
});
const timelineAttempt = z.pipe(
  row,
  z.transform(
    ({ endedAt, outcome, ...row }): TimelineAttempt => ({
      ...row,
      ...(endedAt !== null && { endedAt }),
      ...(outcome !== null && { outcome }),
    }),
  ),
);

const SELECT = `SELECT a.id, a.seq, l.loop_id AS loopId, substr(l.title, 1, 120) AS title, l.agent, a.number, a.started_at AS startedAt,
    a.ended_at AS endedAt, a.outcome, a.cost, a.cost_estimated AS costEstimated, l.state
  FROM attempts AS a JOIN loops AS l USING (seq)`;

/** Attempts over all loops, as a timeline shows them. */
export class Timeline {
  readonly #rowReader: RowReader;
  readonly #since: Query;
  readonly #after: Query;
  readonly #byIds: Query;

  constructor(connection: Connection, rowReader: RowReader) {
    this.#rowReader = rowReader;
    const newest = (above: string) =>
      `${SELECT} WHERE a.id IN (
         SELECT id FROM attempts WHERE id < ? AND id > ${above} AND (ended_at IS NULL OR ended_at >= ?) ORDER BY id DESC LIMIT ?
       ) ORDER BY a.id`;
    // An attempt that ended after `from` is one of a loop that is live or finished after that, and was numbered after its loop.
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
    return this.#rowReader.readAll(timelineAttempt, rows, nameOf);
  }

  of(ids: readonly number[]): TimelineAttempt[] {
    return this.#rowReader.readAll(timelineAttempt, this.#byIds.all(JSON.stringify(ids)), nameOf);
  }
}

function nameOf(row: RawRow): string {
  return `the attempt ${String(row.id)}`;
}
