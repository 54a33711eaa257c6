import type { Loop } from '../../core/model/loop.ts';
import { ATTEMPT_COLUMNS } from '../rows/attemptRow.ts';
import { changedLoops } from '../rows/changeLog.ts';
import { CONTROL_COLUMNS, readControl } from '../rows/controlRow.ts';
import { eventsOf } from '../rows/eventRow.ts';
import { LOOP_COLUMNS } from '../rows/loopRow.ts';
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

/** How many loops are read in one round trip. */
export const PAGE = 1_000;
const LIVE = 'finished_at IS NULL';
const NEXT_PAGE = `FETCH ${PAGE} FROM live`;
const LIVE_ATTEMPTS = `SELECT ${ATTEMPT_COLUMNS} FROM attempts
  WHERE id IN (SELECT attempt_id FROM loops WHERE ${LIVE})`;

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

/**
 * Reads what changed: these loops, or everything that is live. Runs in the open transaction of `connection`, a page at
 * a time: between two pages the thread is free, and only one page of rows is in memory.
 */
export async function readChanges(
  connection: Connection,
  reader: RowReader,
  { head }: HeadRow,
  passed: Passed | undefined,
  needsFailed: boolean,
): Promise<Reading> {
  const pages = passed && pagesOf(passed.loops);
  const withFailed = needsFailed || !passed;
  const results = await connection.run(
    [
      ...(pages ? [] : [`DECLARE live NO SCROLL CURSOR FOR SELECT ${LOOP_COLUMNS} FROM loops WHERE ${LIVE}`]),
      `SELECT ${WINDOW_COLUMNS} FROM windows ORDER BY opened_at, id`,
      selectDay(LATEST_DAY),
      pages ? selectLoops(seqsIn(pages[0] ?? [])) : `${NEXT_PAGE}; ${LIVE_ATTEMPTS}`,
      ...(withFailed ? [FAILED] : []),
    ].join('; '),
  );
  const [windows = [], days = [], rows = [], attempts = [], failed = []] = pages ? results : results.slice(1);
  const loops = new LoopPages(reader);
  loops.take(rows, attempts);
  if (pages)
    for (const page of pages.slice(1)) {
      const [rows = [], attempts = []] = await connection.run(selectLoops(seqsIn(page)));
      loops.take(rows, attempts);
    }
  else
    for (let page = rows; page.length === PAGE; loops.take(page, attempts))
      [page = []] = await connection.run(NEXT_PAGE);
  const day = days[0]?.day;
  return {
    head,
    windows: reader.readAll(windowSchema, windows, (row) => `the lease of the window ${String(row.id)}`),
    day: typeof day === 'string' ? readDay(reader, days[0], day) : undefined,
    loops: loops.andGone(passed?.loops ?? []),
    unreadable: loops.unreadable,
    isWhole: !passed,
    told: passed?.told ?? [],
    ...(withFailed && { failed: failed.map(failedOf) }),
  };
}

function pagesOf(seqs: readonly number[]): number[][] {
  const sorted = [...seqs].sort((a, b) => a - b);
  return Array.from({ length: Math.ceil(sorted.length / PAGE) }, (_, n) => sorted.slice(n * PAGE, (n + 1) * PAGE));
}

/** Loops as their rows come. */
class LoopPages {
  readonly #reader: RowReader;
  readonly #loops = new Map<number, Loop | undefined>();
  readonly #unreadable = new Set<number>();
  /** Ids of live loops that cannot be read. */
  readonly unreadable = new Map<string, number>();

  constructor(reader: RowReader) {
    this.#reader = reader;
  }

  take(rows: readonly RawRow[], attempts: readonly RawRow[]): void {
    const { loops, unreadable } = readLoops(this.#reader, rows, attempts);
    for (const loop of loops) this.#loops.set(loop.seq, loop);
    for (const { seq, loop_id, finished_at } of unreadable) {
      this.#unreadable.add(Number(seq));
      if (finished_at === null) this.unreadable.set(String(loop_id), Number(seq));
    }
  }

  /** All that could be read, and `undefined` for those of these that have no row. */
  andGone(seqs: readonly number[]): ReadonlyMap<number, Loop | undefined> {
    for (const seq of seqs) if (!this.#loops.has(seq) && !this.#unreadable.has(seq)) this.#loops.set(seq, undefined);
    return this.#loops;
  }
}

function failedOf({ loop_id, seq, finished_at }: RawRow): Failed {
  return { loopId: String(loop_id), seq: Number(seq), finishedAt: Number(finished_at) };
}
