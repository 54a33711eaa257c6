import { DatabaseSync } from 'node:sqlite';

/** The supervisor's database as another program sees it: by plain SQL, without the product's own code. */
export class Books {
  readonly #path: string;
  readonly #reading: DatabaseSync;

  constructor(path: string) {
    this.#path = path;
    this.#reading = new DatabaseSync(path, { readOnly: true });
    this.#reading.exec('PRAGMA busy_timeout = 10000');
  }

  /** Holds the write lock; answers how to let it go, or undefined when somebody was always faster. */
  lock(): (() => void) | undefined {
    const holder = new DatabaseSync(this.#path);
    try {
      holder.exec('PRAGMA busy_timeout = 200; BEGIN IMMEDIATE');
    } catch {
      holder.close();
      return undefined;
    }
    return () => {
      holder.exec('ROLLBACK');
      holder.close();
    };
  }

  violationsNow(bounds: {
    readonly cap: number;
    readonly depth: number;
    readonly limit: number;
    readonly excused: number;
  }): string[] {
    const active = this.#number(`SELECT count(*) FROM loops WHERE state IN ('running', 'stopping')`);
    // One that was parked counts no more (R2.2): there may be as many again as the queue holds.
    const fresh = this.#number(
      `SELECT count(*) FROM loops WHERE state = 'queued' AND fresh = 1 AND was_parked IS NOT 1`,
    );
    const unsettled = this.#number('SELECT count(*) FROM attempts WHERE ended_at IS NULL');
    const over = this.#number(
      'SELECT coalesce(sum(max(0, cost - ?)), 0) FROM (SELECT sum(cost) AS cost FROM spend GROUP BY day)',
      bounds.limit,
    );
    const negative = this.#number('SELECT count(*) FROM spend WHERE cost < 0');
    return [
      ...(active > bounds.cap ? [`${active} loops were running by the books, above the cap of ${bounds.cap}`] : []),
      ...(fresh > bounds.depth ? [`${fresh} loops were queued, above the depth of ${bounds.depth}`] : []),
      ...(unsettled > bounds.cap ? [`${unsettled} attempts were not settled, above the cap of ${bounds.cap}`] : []),
      ...(over > bounds.excused
        ? [`the days were ${over} past their limits, of which ${bounds.excused} can be excused`]
        : []),
      ...(negative > 0 ? ['a day has a negative spend'] : []),
    ];
  }

  /**
   * Whether something waits for nothing but the day's budget: none runs, and what is left does not take one more
   * estimate.
   */
  waitsForBudget(limit: number, day: string, estimate: number): boolean {
    const spent = this.#number('SELECT coalesce(sum(cost), 0) FROM spend WHERE day = ?', day);
    return (
      spent + estimate > limit &&
      this.#number(`SELECT count(*) FROM loops WHERE state IN ('running', 'stopping')`) === 0
    );
  }

  has(loopId: string): boolean {
    return this.#number('SELECT count(*) FROM loops WHERE loop_id = ?', loopId) > 0;
  }

  live(): number {
    return this.#number('SELECT count(*) FROM loops WHERE finished_at IS NULL');
  }

  attempts(): number {
    return this.#number('SELECT count(*) FROM attempts');
  }

  totals(): { readonly loops: number; readonly attempts: number; readonly spentUsd: number } {
    const spent = this.#number('SELECT coalesce(sum(cost), 0) FROM spend');
    return { loops: this.#number('SELECT count(*) FROM loops'), attempts: this.attempts(), spentUsd: spent / 1e9 };
  }

  close(): void {
    this.#reading.close();
  }

  #number(sql: string, ...values: (string | number)[]): number {
    const row = this.#reading.prepare(sql).get(...values);
    return Number(row && Object.values(row)[0]);
  }
}
