import type { Attempt } from '../../core/model/attempt.ts';
import type { CheckResult } from '../../core/model/check.ts';
import type { LedgerRow, Transition } from '../../core/model/history.ts';
import { type FinishedLoop, isFinished, type Loop } from '../../core/model/loop.ts';
import type {
  AccountCost,
  CircuitChange,
  FinishedQuery,
  LoopCost,
  SettledToken,
  SpendRow,
  TimelineAttempt,
  TimelineQuery,
} from '../../core/ports/historyQueries.ts';
import { CIRCUIT_CHANGE_COLUMNS, changesSince, circuitChangeSchema } from '../rows/controlRow.ts';
import {
  ARRIVAL_COLUMNS,
  type Arrival,
  arrivalSchema,
  DEPARTURE_COLUMNS,
  type Departure,
  departureSchema,
} from '../rows/departureRow.ts';
import { HISTORY_COLUMNS, historySchema } from '../rows/historyRow.ts';
import { accountSpendSchema, loopSpendSchema, spendSchema } from '../rows/ledgerRow.ts';
import type { RawRow, RowReader } from '../rows/rowReader.ts';
import { timelineSchema } from '../rows/timelineRow.ts';
import { readLoops, selectLoops } from './loopRows.ts';
import { LoadedReads, type Read, type ReadName } from './reads.ts';
import { list, literal } from './sql.ts';

/** Runs a batch and resolves with the rows of each statement. */
export type Run = (batch: string) => Promise<RawRow[][]>;

/** The queries of the port, each in one round trip. */
export class Queries {
  readonly #run: Run;
  readonly #reader: RowReader;
  #collation: Promise<string> | undefined;

  constructor(run: Run, reader: RowReader) {
    this.#run = run;
    this.#reader = reader;
  }

  latest(loopId: string): Promise<Loop | undefined> {
    return this.#read('latest', loopId);
  }

  bySeq(seq: number): Promise<Loop | undefined> {
    return this.#read('bySeq', seq);
  }

  prompt(seq: number): Promise<string> {
    return this.#read('prompt', seq);
  }

  async attempts(seq: number): Promise<Attempt[]> {
    return [...(await this.#read('attempts', seq))];
  }

  async ledger(seq: number): Promise<LedgerRow[]> {
    return [...(await this.#read('ledger', seq))];
  }

  async checks(seq: number): Promise<CheckResult[]> {
    return [...(await this.#read('checks', seq))];
  }

  async history(seq: number): Promise<Transition[]> {
    // That it was submitted is said by the loop's own row.
    const [submitted = [], rows = []] = await this.#run(
      `SELECT submitted_at AS at, 'new' AS from_state, 'queued' AS to_state, 'submitted' AS why
         FROM loops WHERE seq = ${literal(seq)};
       SELECT ${HISTORY_COLUMNS} FROM history WHERE seq = ${literal(seq)} ORDER BY n`,
    );
    const nameOf = () => `a row in the history of the loop in row ${seq}`;
    return this.#reader.readAll(historySchema, [...submitted, ...rows], nameOf);
  }

  async piece(transfer: string, n: number): Promise<string | undefined> {
    const where = `transfer = ${literal(transfer)} AND n = ${literal(n)}`;
    const [rows = []] = await this.#run(`SELECT content FROM pieces WHERE ${where}`);
    return rows[0] && String(rows[0].content);
  }

  async finished(query: FinishedQuery): Promise<FinishedLoop[]> {
    const { limit, offset = 0, text } = query;
    const collation = text ? await this.#anyCase() : '';
    const order = 'finished_at DESC, seq DESC';
    const page = `seq IN (SELECT seq FROM loops WHERE ${conditionOf(query, collation)}
      ORDER BY ${order} LIMIT ${literal(limit)} OFFSET ${literal(offset)})`;
    const [rows = [], attempts = []] = await this.#run(selectLoops(page, order));
    return readLoops(this.#reader, rows, attempts).loops.filter(isFinished);
  }

  async spend(fromDay: string): Promise<SpendRow[]> {
    const [rows = []] = await this.#run(
      `SELECT day, agent, cost, estimated, unknown FROM spend WHERE day >= ${literal(fromDay)}
         ORDER BY day COLLATE "C", agent COLLATE "C"`,
    );
    return this.#reader.readAll(spendSchema, rows, () => `the spend of a day since ${fromDay}`);
  }

  async spendByLoop(day: string, limit: number): Promise<LoopCost[]> {
    const [rows = []] = await this.#run(
      `SELECT l.loop_id AS "loopId", l.title, l.agent, s.cost, s.estimated, s.unknown
       FROM (SELECT seq, sum(cost)::bigint AS cost, sum(estimated)::bigint AS estimated,
           coalesce(sum(cost) FILTER (WHERE source = 'unknown'), 0)::bigint AS unknown
         FROM ledger WHERE day = ${literal(day)} GROUP BY seq) AS s
         JOIN loops AS l USING (seq)
       ORDER BY s.cost DESC, seq LIMIT ${literal(limit)}`,
    );
    return this.#reader.readAll(loopSpendSchema, rows, () => `the spend of a loop on ${day}`);
  }

  async spendByAccount(day: string): Promise<AccountCost[]> {
    const [rows = []] = await this.#run(
      `SELECT coalesce(a.account, l.agent) AS account, sum(l.cost)::bigint AS cost,
         sum(l.estimated)::bigint AS estimated,
         coalesce(sum(l.cost) FILTER (WHERE l.source = 'unknown'), 0)::bigint AS unknown
       FROM ledger AS l LEFT JOIN attempts AS a ON a.id = l.attempt_id
       WHERE l.day = ${literal(day)} GROUP BY 1 ORDER BY 2 DESC, 1`,
    );
    return this.#reader.readAll(
      accountSpendSchema,
      rows,
      ({ account }) => `the spend of the account ${String(account)} on ${day}`,
    );
  }

  async arrivals(source: string): Promise<Arrival[]> {
    const [rows = []] = await this.#run(`SELECT ${ARRIVAL_COLUMNS} FROM imports WHERE source = ${literal(source)}`);
    return this.#reader.readAll(arrivalSchema, rows, ({ seq }) => `the arrival of the loop ${String(seq)}`);
  }

  async departures(): Promise<Departure[]> {
    const [rows = []] = await this.#run(`SELECT ${DEPARTURE_COLUMNS} FROM departures`);
    return this.#reader.readAll(departureSchema, rows, ({ seq }) => `the departure of the loop ${String(seq)}`);
  }

  async storeId(): Promise<string> {
    const [rows = []] = await this.#run('SELECT id FROM head');
    return String(rows[0]?.id);
  }

  async finishedOf(machine: string): Promise<number> {
    const [rows = []] = await this.#run(
      `SELECT count(*)::int AS n FROM loops WHERE finished_at IS NOT NULL AND machine = ${literal(machine)}
         AND seq NOT IN (SELECT seq FROM departures)`,
    );
    return Number(rows[0]?.n);
  }

  async settledTokens(limit: number): Promise<SettledToken[]> {
    const [rows = []] = await this.#run(
      `SELECT a.seq, a.token, a.ended_at AS at FROM loops AS l JOIN attempts AS a USING (seq)
       WHERE l.finished_at IS NOT NULL AND a.ended_at IS NOT NULL ORDER BY l.finished_at, l.seq, a.id
       LIMIT ${limit >= Number.MAX_SAFE_INTEGER ? 'ALL' : literal(limit)}`,
    );
    return rows.map(({ seq, token, at }) => ({ seq: Number(seq), token: String(token), at: Number(at) }));
  }

  async knownTokens(tokens: readonly string[]): Promise<ReadonlySet<string>> {
    const [rows = []] = await this.#run(
      `SELECT token FROM attempts JOIN loops USING (seq) WHERE token IN ${list(tokens)}`,
    );
    return new Set(rows.map(({ token }) => String(token)));
  }

  async timeline({
    from,
    beforeId = Number.MAX_SAFE_INTEGER,
    afterId,
    limit,
  }: TimelineQuery): Promise<TimelineAttempt[]> {
    // An attempt that ended after `from` belongs to a loop that is live, or finished after that, and has a larger
    // number than its loop.
    const oldest = `coalesce((SELECT min(seq) FROM loops
      WHERE finished_at >= ${literal(from)} OR (finished_at IS NULL AND attempts > 0)), 0)`;
    const above = afterId === undefined ? oldest : literal(afterId);
    return this.#timeline(
      `a.id IN (SELECT id FROM attempts WHERE id < ${literal(beforeId)} AND id > ${above}
         AND (ended_at IS NULL OR ended_at >= ${literal(from)}) ORDER BY id DESC LIMIT ${literal(limit)})`,
    );
  }

  timelineOf(ids: readonly number[]): Promise<TimelineAttempt[]> {
    return this.#timeline(`a.id IN ${list(ids)}`);
  }

  async circuitChanges(from: number): Promise<CircuitChange[]> {
    const [rows = []] = await this.#run(`SELECT ${CIRCUIT_CHANGE_COLUMNS} FROM circuit_changes ORDER BY id`);
    return changesSince(
      this.#reader.readAll(circuitChangeSchema, rows, () => 'a change of the circuit'),
      from,
    );
  }

  /** The collation that folds the case of every letter. Without ICU only those of the database's locale are folded. */
  #anyCase(): Promise<string> {
    const find =
      "SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu' AND collnamespace = 'pg_catalog'::regnamespace";
    this.#collation ??= this.#run(find).then(([rows = []]) => (rows.length > 0 ? 'COLLATE "und-x-icu"' : ''));
    this.#collation.catch(() => {
      this.#collation = undefined;
    });
    return this.#collation;
  }

  async #timeline(where: string): Promise<TimelineAttempt[]> {
    const [rows = []] = await this.#run(
      `SELECT a.id, a.seq, l.loop_id AS "loopId", left(l.title, 120) AS title, l.agent, a.number,
         a.is_check AS "isCheck", a.is_setup AS "isSetup", a.round, a.started_at AS "startedAt",
         a.ended_at AS "endedAt", a.outcome, a.cost, a.cost_estimated AS "costEstimated", l.state
       FROM attempts AS a JOIN loops AS l USING (seq) WHERE ${where} ORDER BY a.id`,
    );
    return this.#reader.readAll(timelineSchema, rows, (row) => `the attempt ${String(row.id)}`);
  }

  async #read<N extends ReadName>(
    name: N,
    key: string | number,
  ): Promise<ReturnType<typeof LoadedReads.prototype.get<N>>> {
    const reads = [[name, key] as unknown as Read];
    const loaded = new LoadedReads();
    loaded.take(this.#reader, reads, await this.#run(LoadedReads.sql(reads)));
    return loaded.get(name, key);
  }
}

function conditionOf(
  { states, agent, folders, text, from, before, machine, hasWorkTree }: FinishedQuery,
  collation: string,
): string {
  const conditions = ['finished_at IS NOT NULL'];
  if (states) conditions.push(`state IN ${list(states)}`);
  if (agent !== undefined) conditions.push(`agent = ${literal(agent)}`);
  if (folders) conditions.push(`coalesce(folder, cwd) IN ${list(folders)}`);
  if (from !== undefined) conditions.push(`finished_at >= ${literal(from)}`);
  if (before !== undefined) conditions.push(`finished_at < ${literal(before)}`);
  if (machine !== undefined) conditions.push(`machine = ${literal(machine)}`);
  if (hasWorkTree) conditions.push("work_tree::json -> 'made' IS NOT NULL");
  if (text) conditions.push(textCondition(text, collation));
  return conditions.join(' AND ');
}

/** A prompt as text. PostgreSQL takes no NUL in text: such bytes are left out. */
const PROMPT_TEXT = `convert_from(CASE WHEN position('\\x00'::bytea IN p.prompt) = 0 THEN p.prompt ELSE
  decode(replace(replace(regexp_replace(encode(p.prompt, 'hex'), '(..)', '\\1,', 'g'), '00,', ''), ',', ''), 'hex')
  END, 'UTF8')`;

/** Occurs in title, id or prompt, whatever the case. */
function textCondition(text: string, collation: string): string {
  const pattern = literal(`%${text.replace(/[\\%_]/g, '\\$&')}%`);
  const matches = (value: string) => `${value} ILIKE ${pattern} ${collation}`;
  return `(${matches('title')} OR ${matches('loop_id')}
    OR EXISTS (SELECT 1 FROM prompts AS p WHERE p.seq = loops.seq AND ${matches(PROMPT_TEXT)}))`;
}
