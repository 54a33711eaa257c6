import type { Attempt } from '../../core/model/attempt.ts';
import type { CheckResult } from '../../core/model/check.ts';
import type { LedgerRow } from '../../core/model/history.ts';
import type { Loop } from '../../core/model/loop.ts';
import type { NanoUsd } from '../../core/model/money.ts';
import type { DaySpend, StatedRead } from '../../core/ports/store.ts';
import { ATTEMPT_COLUMNS } from '../rows/attemptRow.ts';
import { CHECK_COLUMNS, checkRowSchema } from '../rows/checkRow.ts';
import { CLAIM_MS } from '../rows/claimRow.ts';
import { ARRIVAL_COLUMNS, type Arrival, arrivalSchema } from '../rows/departureRow.ts';
import { daySchema, LEDGER_COLUMNS, ledgerSchema } from '../rows/ledgerRow.ts';
import { ESTIMATED_FROM } from '../rows/median.ts';
import type { RawRow, RowReader } from '../rows/rowReader.ts';
import { readAttempts, readLoops, selectLoops } from './loopRows.ts';
import { list, literal } from './sql.ts';

/** A finished loop's cost, for the median. */
export interface FinishedCost {
  readonly seq: number;
  readonly finishedAt: number;
  readonly cost: NanoUsd;
}

/** What reads return, by name. Besides those of the port there are two that writes need. */
interface Answers {
  readonly day: DaySpend;
  readonly latest: Loop | undefined;
  readonly bySeq: Loop | undefined;
  readonly prompt: string;
  readonly attempts: readonly Attempt[];
  readonly ledger: readonly LedgerRow[];
  readonly checks: readonly CheckResult[];
  readonly medianCost: readonly FinishedCost[];
  readonly claimed: boolean;
  /** Keys of a loop's ledger: each counts once (R6.6). */
  readonly ledgerKeys: readonly string[];
  /** Loops of a store that came here, by their `seq` there. The key is made by `arrivalsKey`. */
  readonly arrivals: ReadonlyMap<number, Arrival>;
  /** Tokens of a loop's attempts. */
  readonly tokens: readonly string[];
  /** An attempt with the `seq` of its loop. */
  readonly attempt: { readonly seq: number; readonly attempt: Attempt } | undefined;
}

export type ReadName = keyof Answers;
/** A read by its name and key. */
export type Read =
  | StatedRead
  | readonly [name: 'ledgerKeys' | 'tokens' | 'attempt', key: number]
  | readonly ['arrivals', string];

/** How a read works: its statements, and what their rows mean. */
interface Kind<N extends ReadName> {
  readonly statements: number;
  sql(key: string | number): string;
  answer(reader: RowReader, rows: readonly (readonly RawRow[])[], key: string | number): Answers[N];
}

const loopBy = (where: (key: string | number) => string): Kind<'latest'> & Kind<'bySeq'> => ({
  statements: 2,
  sql: (key) => selectLoops(where(key)),
  answer: (reader, [rows = [], attempts = []]) => readLoops(reader, rows, attempts).loops[0],
});

/** The number of a `seq`, which is written into SQL as it is. */
const int = (key: string | number) => literal(Number(key));

const KINDS: { readonly [N in ReadName]: Kind<N> } = {
  latest: loopBy(
    (id) => `seq = (SELECT seq FROM loops WHERE loop_id = ${literal(id)}
    ORDER BY finished_at IS NULL DESC, seq DESC LIMIT 1)`,
  ),
  bySeq: loopBy((seq) => `seq = ${int(seq)}`),
  day: {
    statements: 1,
    sql: (day) => selectDay(literal(day)),
    answer: (reader, [rows = []], day) => readDay(reader, rows[0], String(day)),
  },
  prompt: {
    statements: 1,
    sql: (seq) => `SELECT prompt FROM prompts WHERE seq = ${int(seq)}`,
    answer: (_, [rows = []]) => promptOf(rows[0]),
  },
  attempts: {
    statements: 1,
    sql: (seq) => `SELECT ${ATTEMPT_COLUMNS} FROM attempts WHERE seq = ${int(seq)} ORDER BY id`,
    answer: (reader, [rows = []]) => readAttempts(reader, rows),
  },
  ledger: {
    statements: 1,
    sql: (seq) => `SELECT ${LEDGER_COLUMNS} FROM ledger WHERE seq = ${int(seq)} ORDER BY n`,
    answer: (reader, [rows = []], seq) =>
      reader.readAll(ledgerSchema, rows, () => `a row in the ledger of the loop in row ${seq}`),
  },
  checks: {
    statements: 1,
    sql: (seq) => `SELECT ${CHECK_COLUMNS} FROM checks WHERE seq = ${int(seq)} ORDER BY n`,
    answer: (reader, [rows = []], seq) =>
      reader.readAll(checkRowSchema, rows, () => `a check of the loop in row ${seq}`),
  },
  medianCost: {
    statements: 1,
    sql: (agent) =>
      `SELECT seq, finished_at, cost FROM loops WHERE agent = ${literal(agent)} AND state IN ('completed', 'failed')
         AND cost > 0 AND cost_unknown = 0 AND cost_at_least = 0
       ORDER BY finished_at DESC, seq DESC LIMIT ${2 * ESTIMATED_FROM}`,
    answer: (_, [rows = []]) =>
      rows.map(({ seq, finished_at, cost }) => ({
        ...{ seq: Number(seq), finishedAt: Number(finished_at), cost: Number(cost) },
      })),
  },
  claimed: {
    statements: 1,
    // The server's time, like that of the claims.
    sql: (key) =>
      `SELECT 1 FROM claims WHERE key = ${literal(key)}
         AND at > extract(epoch FROM clock_timestamp()) * 1000 - ${literal(CLAIM_MS)}`,
    answer: (_, [rows = []]) => rows.length > 0,
  },
  ledgerKeys: {
    statements: 1,
    sql: (seq) => `SELECT key FROM ledger WHERE seq = ${int(seq)}`,
    answer: (_, [rows = []]) => rows.map(({ key }) => String(key)),
  },
  arrivals: {
    statements: 1,
    sql: (key) => {
      const [source, ...seqs] = JSON.parse(String(key)) as [string, ...number[]];
      return `SELECT ${ARRIVAL_COLUMNS} FROM imports WHERE source = ${literal(source)} AND ${seqsIn(seqs)}`;
    },
    answer: (reader, [rows = []]) => {
      const arrivals = reader.readAll(arrivalSchema, rows, ({ seq }) => `the arrival of the loop ${String(seq)}`);
      return new Map(arrivals.map((arrival) => [arrival.seq, arrival]));
    },
  },
  tokens: {
    statements: 1,
    sql: (seq) => `SELECT token FROM attempts WHERE seq = ${int(seq)}`,
    answer: (_, [rows = []]) => rows.map(({ token }) => String(token)),
  },
  attempt: {
    statements: 1,
    sql: (id) => `SELECT seq, ${ATTEMPT_COLUMNS} FROM attempts WHERE id = ${int(id)}`,
    answer: (reader, [rows = []]) => {
      const [attempt] = readAttempts(reader, rows);
      return attempt && { seq: Number(rows[0]?.seq), attempt };
    },
  },
};

/** The key of the read of these loops of a store. */
export const arrivalsKey = (source: string, seqs: readonly number[]) => JSON.stringify([source, ...seqs]);

/** One day's sum and marks; `day` is SQL. */
export function selectDay(day: string): string {
  return `SELECT ${day} AS day,
    coalesce((SELECT sum(cost - unknown) FROM spend WHERE day = ${day}), 0)::bigint AS spent,
    coalesce((SELECT sum(unknown) FROM spend WHERE day = ${day}), 0)::bigint AS unknown,
    (SELECT warned FROM day_marks WHERE day = ${day}) AS warned,
    (SELECT exceeded FROM day_marks WHERE day = ${day}) AS exceeded`;
}

export function readDay(reader: RowReader, row: RawRow | undefined, day: string): DaySpend {
  const found = row && reader.read(daySchema, row, () => `the spend of ${day}`);
  return { day, ...(found ?? { spent: 0, unknown: 0, warned: false, exceeded: false }) };
}

export function promptOf(row: RawRow | undefined): string {
  return row?.prompt instanceof Uint8Array ? Buffer.from(row.prompt).toString('utf8') : '';
}

/** A transaction read something that was not loaded: it runs again once that is. */
export class MissingRead extends Error {
  readonly read: Read;
  constructor(read: Read) {
    super(`The read ${read.join(' ')} was not stated in advance.`);
    this.read = read;
  }
}

/** What was read for one transaction. */
export class LoadedReads {
  readonly #answers = new Map<string, unknown>();

  has([name, key]: Read): boolean {
    return this.#answers.has(`${name} ${key}`);
  }

  /** The result of a read. Throws `MissingRead` if it was not loaded. */
  get<N extends ReadName>(name: N, key: string | number): Answers[N] {
    const id = `${name} ${key}`;
    if (!this.#answers.has(id)) throw new MissingRead([name, key] as Read);
    return this.#answers.get(id) as Answers[N];
  }

  /** The statements that load these reads. */
  static sql(reads: readonly Read[]): string {
    return reads.map(([name, key]) => KINDS[name].sql(key)).join('; ');
  }

  /** Takes the rows of those statements. */
  take(reader: RowReader, reads: readonly Read[], results: readonly (readonly RawRow[])[]): void {
    let at = 0;
    for (const [name, key] of reads) {
      const { statements, answer } = KINDS[name];
      this.#answers.set(`${name} ${key}`, answer(reader, results.slice(at, at + statements), key));
      at += statements;
    }
  }
}

/** For `WHERE seq IN …`. */
export const seqsIn = (seqs: Iterable<number>) => `seq IN ${list([...seqs])}`;
