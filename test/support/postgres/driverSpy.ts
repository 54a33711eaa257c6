import pg from 'pg';

type Query = (this: pg.Client, ...values: unknown[]) => Promise<pg.QueryResult | pg.QueryResult[]>;
const { connect } = pg.Client.prototype;
const query = pg.Client.prototype.query as unknown as Query;

/** Watches what this process sends to PostgreSQL on the connections that it makes meanwhile. */
export class DriverSpy {
  /** How many queries were sent: each is a round trip. */
  roundTrips = 0;
  /** The most rows that one of them returned. */
  mostRows = 0;
  /** The most queries that one connection had at once. */
  mostAtOnce = 0;
  /** How many each of its connections has under way. */
  readonly #underWay = new Map<pg.Client, number>();

  constructor() {
    const spy = this;
    pg.Client.prototype.connect = function noted(this: pg.Client) {
      spy.#underWay.set(this, 0);
      return (connect as (this: pg.Client) => Promise<unknown>).call(this);
    } as unknown as typeof connect;
    pg.Client.prototype.query = function noted(this: pg.Client, ...values: unknown[]) {
      return spy.#note(this, values);
    } as unknown as typeof pg.Client.prototype.query;
  }

  dispose(): void {
    pg.Client.prototype.connect = connect;
    pg.Client.prototype.query = query as unknown as typeof pg.Client.prototype.query;
  }

  async #note(client: pg.Client, values: readonly unknown[]): Promise<unknown> {
    const before = this.#underWay.get(client);
    if (before === undefined) return query.apply(client, [...values]);
    this.roundTrips++;
    const atOnce = before + 1;
    this.#underWay.set(client, atOnce);
    this.mostAtOnce = Math.max(this.mostAtOnce, atOnce);
    try {
      const result = await query.apply(client, [...values]);
      for (const { rows } of [result].flat()) this.mostRows = Math.max(this.mostRows, rows.length);
      return result;
    } finally {
      this.#underWay.set(client, (this.#underWay.get(client) ?? 1) - 1);
    }
  }
}
