import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { StoreError } from '../../../src/core/model/errors.ts';
import type { Clock } from '../../../src/core/ports/clock.ts';
import type { Store } from '../../../src/core/ports/store.ts';
import { parseAddress } from '../../../src/store/postgres/address.ts';
import { openPostgresStore } from '../../../src/store/postgres/store.ts';
import { FakeClock } from '../fakeClock.ts';
import { type Harness, harness } from '../harness.ts';
import type { Cluster } from '../postgres/cluster.ts';
import { Traffic } from '../postgres/traffic.ts';

/** Real time is no rule here: the server may be slow (ms). */
const PATIENT = { connect: 60_000, answer: 60_000, statement: 60_000, lock: 60_000, idle: 60_000 };

/**
 * Machines whose windows share a real PostgreSQL, with a schema of its own for each. The server's time is the machine's
 * fake time, which stands still while anything is under way. The order in which two windows get the lock is the
 * server's, so a course that is played again may come out differently.
 */
export class PostgresMachines {
  readonly #cluster: Cluster;
  readonly #control: pg.Client;
  readonly #traffic = new Traffic();
  readonly #folder = mkdtempSync(join(tmpdir(), 'model-'));
  #schema: string | undefined;

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#control = new pg.Client({ host: cluster.folder, port: 5432, user: 'tester', database: 'postgres' });
    // The server may read the time, whoever it runs as.
    chmodSync(this.#folder, 0o755);
  }

  /** To be disposed of before that server stops. */
  static async on(cluster: Cluster): Promise<PostgresMachines> {
    const machines = new PostgresMachines(cluster);
    await machines.#control.connect();
    return machines;
  }

  async dispose(): Promise<void> {
    await this.#rest();
    this.#traffic.dispose();
    await this.#control.end();
    rmSync(this.#folder, { recursive: true });
  }

  /** A machine of its own; the one before is no longer used. */
  readonly machine = async (): Promise<Harness> => {
    await this.#rest();
    if (this.#schema !== undefined) await this.#control.query(`DROP SCHEMA ${this.#schema} CASCADE`);
    const address = this.#cluster.address();
    const { schema } = parseAddress(address);
    this.#schema = schema;
    const clock = new FakeClock(undefined, 1, () => this.#rest());
    const seen = this.#serverTime(clock);
    // Our schema comes before the system's in the search path.
    await this.#control.query(`CREATE SCHEMA ${schema};
      CREATE FUNCTION ${schema}.clock_timestamp() RETURNS timestamptz LANGUAGE sql
        AS 'SELECT pg_catalog.to_timestamp(pg_catalog.pg_read_file(''${this.#timeFile}'')::float8 / 1000)'`);
    const options = { address, clock: seen, timeouts: PATIENT, password: async () => undefined };
    const logged: string[] = [];
    const log = (message: string) => void logged.push(message);
    const books = await openPostgresStore({ ...options, log });
    // Its days are those of the fake clock, wherever the tests run.
    await this.#control.query(`UPDATE ${schema}.head SET zone = 'UTC'`);
    return harness(clock, {
      open: async () => ofOneHost(await openPostgresStore({ ...options, log })),
      books: () => books,
      sql: () => {
        throw new Error('SQL is for the file of one machine.');
      },
      dispose: () => books.close(),
    });
  };

  get #timeFile(): string {
    return join(this.#folder, 'now');
  }

  #rest(): Promise<void> {
    return this.#traffic.rest(this.#control);
  }

  /** The clock of a host: what it says when it is asked is the server's time too. */
  #serverTime(clock: FakeClock): Clock {
    let written: number | undefined;
    const now = () => {
      const at = clock.now();
      if (at !== written) writeFileSync(this.#timeFile, String(at));
      written = at;
      return at;
    };
    return { now, day: clock.day, nextDay: clock.nextDay, after: (ms, run) => clock.after(ms, run) };
  }
}

/**
 * The connection of a host that dies when it is closed: nothing of its own runs any more, and it hears nothing of a
 * transaction that is under way and may land.
 */
function ofOneHost<T extends Store>(store: T): T {
  let isDead = false;
  const mustLive = () => {
    if (isDead) throw new StoreError('broken', 'This host is dead.');
  };
  const write: Store['write'] = async (work, reads, abandoned) => {
    const whileAlive: typeof work = (tx) => {
      mustLive();
      return work(tx);
    };
    const result = await store.write(whileAlive, reads, abandoned);
    mustLive();
    return result;
  };
  const close = () => {
    isDead = true;
    store.close();
  };
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'write') return write;
      if (name === 'close') return close;
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
