import * as z from 'zod/mini';
import type { CostSource } from '../../core/model/agentEvent.ts';
import type { LedgerRow } from '../../core/model/loop.ts';
import type { DaySpend, SpendRow } from '../../core/ports/store.ts';
import { asFlag, columns, oneOf } from '../rows/columns.ts';
import type { Connection, Query } from './connection.ts';
import type { RowReader } from './rowReader.ts';

const row = columns({
  key: z.string(),
  seq: z.int(),
  attempt_id: z.nullable(z.int()),
  agent: z.string(),
  day: z.string(),
  at: z.int(),
  cost: z.int(),
  source: oneOf<CostSource>({ reported: 0, estimated: 0 }),
  estimated: z.int(),
});
const ledgerRow = z.pipe(
  row,
  z.transform(
    ({ attempt_id, estimated, ...row }): LedgerRow => ({
      ...row,
      ...(attempt_id !== null && { attemptId: attempt_id }),
      ...(estimated !== wholeOrNothing(row) && { estimated }),
    }),
  ),
);
const spendRow = columns({ day: z.string(), agent: z.string(), cost: z.int(), estimated: z.int() });
const loopSpend = columns({
  loopId: z.string(),
  title: z.string(),
  agent: z.string(),
  cost: z.int(),
  estimated: z.int(),
});
const daySpend = z.object({ spent: z.int(), warned: z.nullable(z.int()), exceeded: z.nullable(z.int()) });

/** What a row counts as an estimate where it does not say. */
function wholeOrNothing({ cost, source }: Pick<LedgerRow, 'cost' | 'source'>): number {
  return source === 'estimated' ? cost : 0;
}

/** The ledger, and the sums that are kept with it: by day and agent. */
export class LedgerTable {
  readonly #rowReader: RowReader;
  readonly #insert: Query;
  readonly #add: Query;
  readonly #ofLoop: Query;
  readonly #day: Query;
  readonly #latestDay: Query;
  readonly #mark: Query;
  readonly #spend: Query;
  readonly #byLoop: Query;

  constructor(connection: Connection, rowReader: RowReader) {
    this.#rowReader = rowReader;
    this.#insert = connection.prepare(
      `INSERT INTO ledger (seq, key, n, attempt_id, agent, day, at, cost, source, estimated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    );
    this.#add = connection.prepare(
      `INSERT INTO spend (day, agent, cost, estimated) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET cost = cost + excluded.cost, estimated = estimated + excluded.estimated`,
    );
    this.#ofLoop = connection.prepare(
      'SELECT key, seq, attempt_id, agent, day, at, cost, source, estimated FROM ledger WHERE seq = ? ORDER BY n',
    );
    this.#day = connection.prepare(
      `SELECT (SELECT coalesce(sum(cost), 0) FROM spend WHERE day = ?) AS spent,
         (SELECT warned FROM day_marks WHERE day = ?) AS warned, (SELECT exceeded FROM day_marks WHERE day = ?) AS exceeded`,
    );
    this.#latestDay = connection.prepare(
      'SELECT (SELECT max(day) FROM spend) AS spent, (SELECT max(day) FROM day_marks) AS marked',
    );
    this.#mark = connection.prepare(
      `INSERT INTO day_marks (day, warned, exceeded) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET warned = excluded.warned, exceeded = excluded.exceeded`,
    );
    this.#spend = connection.prepare(
      'SELECT day, agent, cost, estimated FROM spend WHERE day >= ? ORDER BY day, agent',
    );
    this.#byLoop = connection.prepare(
      `SELECT l.loop_id AS loopId, l.title, l.agent, s.cost, s.estimated
       FROM (SELECT seq, sum(cost) AS cost, sum(estimated) AS estimated FROM ledger WHERE day = ? GROUP BY seq) AS s JOIN loops AS l USING (seq)
       ORDER BY s.cost DESC, seq LIMIT ?`,
    );
  }

  /** Adds a row and its amount to its day and agent; answers false, and adds nothing, when the loop has a row of that key (R6.6). */
  add(n: number, row: LedgerRow): boolean {
    const estimated = row.estimated ?? wholeOrNothing(row);
    const values = [
      row.seq,
      row.key,
      n,
      row.attemptId ?? null,
      row.agent,
      row.day,
      row.at,
      row.cost,
      row.source,
      estimated,
    ];
    if (this.#insert.run(...values) === 0) return false;
    this.#add.run(row.day, row.agent, row.cost, estimated);
    return true;
  }

  mark({ day, warned, exceeded }: DaySpend): void {
    this.#mark.run(day, asFlag(warned), asFlag(exceeded));
  }

  ofLoop(seq: number): LedgerRow[] {
    return this.#rowReader.readAll(
      ledgerRow,
      this.#ofLoop.all(seq),
      () => `a row in the ledger of the loop in row ${seq}`,
    );
  }

  day(day: string): DaySpend {
    const row = this.#day.get(day, day, day);
    const found = row && this.#rowReader.read(daySpend, row, () => `the spend of ${day}`);
    return { day, spent: found?.spent ?? 0, warned: found?.warned === 1, exceeded: found?.exceeded === 1 };
  }

  /** The latest day that has spend or marks. */
  latestDay(): DaySpend | undefined {
    const days = Object.values(this.#latestDay.get() ?? {}).filter((day) => typeof day === 'string');
    const latest = days.sort().at(-1);
    return latest === undefined ? undefined : this.day(latest);
  }

  spend(fromDay: string): SpendRow[] {
    return this.#rowReader.readAll(spendRow, this.#spend.all(fromDay), () => `the spend of a day since ${fromDay}`);
  }

  byLoop(day: string, limit: number): z.output<typeof loopSpend>[] {
    return this.#rowReader.readAll(loopSpend, this.#byLoop.all(day, limit), () => `the spend of a loop on ${day}`);
  }
}
