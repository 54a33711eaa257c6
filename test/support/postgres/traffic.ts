import pg from 'pg';
import { settled } from '../fakeClock.ts';

type Query = (this: pg.Client, ...values: unknown[]) => Promise<pg.QueryResult | pg.QueryResult[]>;
type Connect = (this: pg.Client) => Promise<unknown>;
type Emit = (this: pg.Client, event: string, ...values: unknown[]) => boolean;
const { connect, emit } = pg.Client.prototype as unknown as { connect: Connect; emit: Emit };
const query = pg.Client.prototype.query as unknown as Query;

/** What begins the payload of the notifications that only this one sends, and only this one sees. */
const MARK = 'at rest ';

/**
 * What this process has under way with PostgreSQL: queries, and notifications that have not arrived. With it time can
 * stand still until all of that is over. One at a time in a process.
 */
export class Traffic {
  readonly #underWay = new Set<Promise<unknown>>();
  /** The channel that each connection listens to, and the last mark that it has heard there. */
  readonly #listening = new Map<pg.Client, { readonly channel: string; mark: number }>();
  /** Something was committed since the last marks, and others may not have heard of it. */
  #hasTold = false;
  #marks = 0;
  /** Settles when all have heard the last mark. */
  #marking: Promise<void> | undefined;
  #onMark = () => {};

  constructor() {
    const traffic = this;
    const prototype = pg.Client.prototype as unknown as { connect: Connect; emit: Emit; query: Query };
    prototype.connect = function watched() {
      return traffic.#watch(connect.call(this));
    };
    prototype.query = function watched(...values) {
      return traffic.#query(this, values);
    };
    prototype.emit = function watched(event, ...values) {
      return traffic.#hear(this, event, values) || emit.call(this, event, ...values);
    };
  }

  dispose(): void {
    Object.assign(pg.Client.prototype, { connect, query });
    // It was inherited.
    Reflect.deleteProperty(pg.Client.prototype, 'emit');
  }

  /** Waits until nothing is under way any more. `marking`: a connection that sends marks. */
  async rest(marking: pg.Client): Promise<void> {
    for (;;) {
      await settled();
      if (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
      else if (this.#marking) await this.#marking;
      else if (this.#hasTold) this.#marking = this.#mark(marking);
      else return;
    }
  }

  #watch<T>(promise: Promise<T>): Promise<T> {
    const done = () => void this.#underWay.delete(promise);
    this.#underWay.add(promise);
    promise.then(done, done);
    return promise;
  }

  #query(client: pg.Client, values: readonly unknown[]): ReturnType<Query> {
    const [what] = values as [string | pg.QueryConfig];
    const text = typeof what === 'string' ? what : what.text;
    const [, channel] = /^LISTEN "?([^"]+)"?$/.exec(text) ?? [];
    if (channel !== undefined) this.#listening.set(client, { channel, mark: this.#marks });
    if (text.includes('pg_notify(')) this.#hasTold = true;
    return this.#watch(query.apply(client, [...values]));
  }

  /** Whether that was for this one alone. */
  #hear(client: pg.Client, event: string, [value]: readonly unknown[]): boolean {
    if (event === 'end') {
      this.#listening.delete(client);
      this.#onMark();
    }
    const payload = event === 'notification' ? ((value as pg.Notification).payload ?? '') : '';
    const listens = this.#listening.get(client);
    if (!payload.startsWith(MARK) || !listens) return false;
    listens.mark = Number(payload.slice(MARK.length));
    this.#onMark();
    return true;
  }

  /** Notifications arrive in the order of the commits: whoever has heard the mark has heard all before it. */
  async #mark(marking: pg.Client): Promise<void> {
    this.#hasTold = false;
    const mark = ++this.#marks;
    const channels = new Set([...this.#listening.values()].map(({ channel }) => channel));
    const heard = new Promise<void>((resolve) => {
      this.#onMark = () => {
        if ([...this.#listening.values()].every((listens) => listens.mark >= mark)) resolve();
      };
    });
    const marks = [...channels].map((channel) => `NOTIFY ${channel}, '${MARK}${mark}'`);
    if (marks.length > 0) await query.call(marking, marks.join('; '));
    this.#onMark();
    await heard;
    this.#onMark = () => {};
    this.#marking = undefined;
  }
}
