import type { LedgerRow } from '../../core/model/history.ts';
import type { AccountCost, LoopCost, SpendRow } from '../../core/ports/historyQueries.ts';
import type { DaySpend } from '../../core/ports/store.ts';
import { asFlag } from '../rows/codecs.ts';
import {
  accountSpendSchema,
  daySchema,
  estimatedPart,
  LEDGER_COLUMNS,
  ledgerInserted,
  ledgerSchema,
  loopSpendSchema,
  spendSchema,
  unknownPart,
} from '../rows/ledgerRow.ts';
import type { RowReader } from '../rows/rowReader.ts';
import { type Connection, parameters, type Query } from './connection.ts';

/** The ledger, and the sums by day and agent that are kept with it. */
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
  readonly #byAccount: Query;

  constructor(connection: Connection, rowReader: RowReader) {
    this.#rowReader = rowReader;
    this.#insert = connection.prepare(
      `INSERT INTO ledger (n, ${LEDGER_COLUMNS}) VALUES (?, ${parameters(ledgerInserted.names.length)})
       ON CONFLICT DO NOTHING`,
    );
    this.#add = connection.prepare(
      `INSERT INTO spend (day, agent, cost, estimated, unknown) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET cost = cost + excluded.cost, estimated = estimated + excluded.estimated,
         unknown = unknown + excluded.unknown`,
    );
    this.#ofLoop = connection.prepare(`SELECT ${LEDGER_COLUMNS} FROM ledger WHERE seq = ? ORDER BY n`);
    this.#day = connection.prepare(
      `SELECT (SELECT coalesce(sum(cost - unknown), 0) FROM spend WHERE day = ?) AS spent,
         (SELECT coalesce(sum(unknown), 0) FROM spend WHERE day = ?) AS unknown,
         (SELECT warned FROM day_marks WHERE day = ?) AS warned,
         (SELECT exceeded FROM day_marks WHERE day = ?) AS exceeded`,
    );
    this.#latestDay = connection.prepare(
      'SELECT (SELECT max(day) FROM spend) AS spent, (SELECT max(day) FROM day_marks) AS marked',
    );
    this.#mark = connection.prepare(
      `INSERT INTO day_marks (day, warned, exceeded) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET warned = excluded.warned, exceeded = excluded.exceeded`,
    );
    this.#spend = connection.prepare(
      'SELECT day, agent, cost, estimated, unknown FROM spend WHERE day >= ? ORDER BY day, agent',
    );
    this.#byLoop = connection.prepare(
      `SELECT l.loop_id AS loopId, l.title, l.agent, s.cost, s.estimated, s.unknown
       FROM (SELECT seq, sum(cost) AS cost, sum(estimated) AS estimated,
           sum(CASE source WHEN 'unknown' THEN cost ELSE 0 END) AS unknown
         FROM ledger WHERE day = ? GROUP BY seq) AS s
         JOIN loops AS l USING (seq)
       ORDER BY s.cost DESC, seq LIMIT ?`,
    );
    this.#byAccount = connection.prepare(
      `SELECT coalesce(a.account, l.agent) AS account, sum(l.cost) AS cost, sum(l.estimated) AS estimated,
         sum(CASE l.source WHEN 'unknown' THEN l.cost ELSE 0 END) AS unknown
       FROM ledger AS l LEFT JOIN attempts AS a ON a.id = l.attempt_id
       WHERE l.day = ? GROUP BY 1 ORDER BY 2 DESC, 1`,
    );
  }

  /**
   * Adds a row, and its amount to its day and agent. Returns false, and adds nothing, if the loop has a row of that key
   * (R6.6).
   */
  add(n: number, row: LedgerRow): boolean {
    if (this.#insert.run(n, ...ledgerInserted.values(row)) === 0) return false;
    this.#add.run(row.day, row.agent, row.cost, estimatedPart(row), unknownPart(row));
    return true;
  }

  mark({ day, warned, exceeded }: DaySpend): void {
    this.#mark.run(day, asFlag(warned), asFlag(exceeded));
  }

  ofLoop(seq: number): LedgerRow[] {
    const nameOf = () => `a row in the ledger of the loop in row ${seq}`;
    return this.#rowReader.readAll(ledgerSchema, this.#ofLoop.all(seq), nameOf);
  }

  day(day: string): DaySpend {
    const row = this.#day.get(day, day, day, day);
    const found = row && this.#rowReader.read(daySchema, row, () => `the spend of ${day}`);
    return { day, ...(found ?? { spent: 0, unknown: 0, warned: false, exceeded: false }) };
  }

  /** The latest day that has spend or marks. */
  latestDay(): DaySpend | undefined {
    const days = Object.values(this.#latestDay.get() ?? {}).filter((day) => typeof day === 'string');
    const latest = days.sort().at(-1);
    return latest === undefined ? undefined : this.day(latest);
  }

  spend(fromDay: string): SpendRow[] {
    return this.#rowReader.readAll(spendSchema, this.#spend.all(fromDay), () => `the spend of a day since ${fromDay}`);
  }

  byAccount(day: string): AccountCost[] {
    return this.#rowReader.readAll(
      accountSpendSchema,
      this.#byAccount.all(day),
      ({ account }) => `the spend of the account ${String(account)} on ${day}`,
    );
  }

  byLoop(day: string, limit: number): LoopCost[] {
    return this.#rowReader.readAll(
      loopSpendSchema,
      this.#byLoop.all(day, limit),
      () => `the spend of a loop on ${day}`,
    );
  }
}
