import type { Loop } from '../../core/model/loop.ts';
import { changedLoops } from '../rows/changeLog.ts';
import { CONTROL_COLUMNS, readControl } from '../rows/controlRow.ts';
import { eventsOf } from '../rows/eventRow.ts';
import type { RawRow, RowReader } from '../rows/rowReader.ts';
import { WINDOW_COLUMNS, windowSchema } from '../rows/windowRow.ts';
import type { Connection } from './connection.ts';
import { FAILED_KEPT, type Failed } from './failedIds.ts';
import { readLoops, selectLoops } from './loopRows.ts';
import { readDay, selectDay, seqsIn } from './reads.ts';
import type { Reading, Replica, StoreHead, Told } from './replica.ts';
import { checkVersion, SCHEMA_VERSION } from './schema.ts';
import { literal } from './sql.ts';

const HEAD = `SELECT version, zone, counter, finished, failed, ${CONTROL_COLUMNS} FROM head`;
const MOMENT = 'SELECT min(rev) AS first, extract(epoch FROM clock_timestamp()) * 1000 AS now FROM changes';
const LATEST_DAY = '(SELECT greatest((SELECT max(day) FROM spend), (SELECT max(day) FROM day_marks)))';
const FAILED = `SELECT loop_id, seq, finished_at FROM loops WHERE state = 'failed' AND cleared = 0
  ORDER BY finished_at DESC, seq DESC LIMIT ${FAILED_KEPT}`;

/**
 * The head row and what changed since `revision`. With `lock`, nobody else can change anything until the transaction
 * ends.
 */
export function selectChanges(revision: number, lock: boolean): string {
  return `${HEAD}${lock ? ' FOR UPDATE' : ''}; ${MOMENT};
    SELECT rev, loops, events FROM changes WHERE rev > ${literal(revision)} ORDER BY rev`;
}
/** How many statements that is. */
export const CHANGES_STATEMENTS = 3;

/** The head row, and what was read with it. */
export interface HeadRow {
  readonly head: StoreHead;
  /** The database's time: wall time, ms. */
  readonly now: number;
  /** The time zone of the budget's day. */
  readonly zone: string;
  /** The first change that is kept. */
  readonly first: number;
}

/** Reads the head row. Throws a `StoreError` of kind `newer` if the schema has changed. */
export function readHead(
  reader: RowReader,
  row: RawRow | undefined,
  moment: RawRow | undefined,
  shown: string,
): HeadRow {
  checkVersion(Number(row?.version), SCHEMA_VERSION, shown);
  return {
    head: {
      counter: Number(row?.counter),
      finished: Number(row?.finished),
      failed: Number(row?.failed),
      control: readControl(reader, row),
    },
    now: Number(moment?.now),
    zone: String(row?.zone),
    first: Number(moment?.first),
  };
}

/** What happened since the replica was exact. */
export interface Passed {
  readonly loops: readonly number[];
  readonly told: readonly Told[];
}

/**
 * What happened between what the replica knows and `head`. Undefined if everything must be read: nothing is known yet,
 * older changes were trimmed, or the database is older than what is known because a back-up was restored.
 */
export function changedSince(
  replica: Replica,
  { head, first }: HeadRow,
  changes: readonly RawRow[],
): Passed | undefined {
  const { revision } = replica;
  if (!replica.isLoaded || head.counter < revision || revision < first) return undefined;
  const loops = changedLoops(changes);
  const told = changes.map(({ rev, events }) => ({ rev: Number(rev), events: eventsOf(events) }));
  return loops && { loops, told: told.filter(({ events }) => events.length > 0) };
}

/** Reads what changed: these loops, or everything that is live. Runs in the open transaction of `connection`. */
export async function readChanges(
  connection: Connection,
  reader: RowReader,
  { head }: HeadRow,
  passed: Passed | undefined,
  needsFailed: boolean,
): Promise<Reading> {
  const changed = passed?.loops;
  const where = changed ? seqsIn(changed) : 'finished_at IS NULL';
  const withFailed = needsFailed || !changed;
  const [windows = [], days = [], rows = [], attempts = [], failed = []] = await connection.run(
    `SELECT ${WINDOW_COLUMNS} FROM windows ORDER BY opened_at, id; ${selectDay(LATEST_DAY)};
     ${selectLoops(where)}${withFailed ? `; ${FAILED}` : ''}`,
  );
  const { loops, unreadable } = readLoops(reader, rows, attempts);
  const found = new Map<number, Loop | undefined>(loops.map((loop) => [loop.seq, loop]));
  const present = new Set(rows.map(({ seq }) => seq));
  for (const seq of changed ?? []) if (!present.has(seq)) found.set(seq, undefined);
  const live = unreadable.filter(({ finished_at }) => finished_at === null);
  const day = days[0]?.day;
  return {
    head,
    windows: reader.readAll(windowSchema, windows, (row) => `the lease of the window ${String(row.id)}`),
    day: typeof day === 'string' ? readDay(reader, days[0], day) : undefined,
    loops: found,
    unreadable: new Map(live.map(({ loop_id, seq }) => [String(loop_id), Number(seq)])),
    isWhole: !changed,
    told: passed?.told ?? [],
    ...(withFailed && { failed: failed.map(failedOf) }),
  };
}

function failedOf({ loop_id, seq, finished_at }: RawRow): Failed {
  return { loopId: String(loop_id), seq: Number(seq), finishedAt: Number(finished_at) };
}
