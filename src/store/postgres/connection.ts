import pg from 'pg';
import { StoreError } from '../../core/model/errors.ts';
import type { RawRow } from '../rows/rowReader.ts';
import type { Address } from './address.ts';
import { passwordInFile } from './passwordFile.ts';
import { endsConnection, toStoreError } from './postgresError.ts';

/** The oldest server that is supported, as `server_version_num`. */
const OLDEST_SERVER = 150_000;
const INT8 = 20;
/** What a server under load takes in at least: a batch may take longer by its length over this. */
const CHARACTERS_PER_MS = 200;

/** Times in ms. */
export interface Timeouts {
  /** To connect and log in. */
  readonly connect: number;
  /** For one round trip, as the client sees it: a server that does not answer within it counts as out of reach. */
  readonly answer: number;
  /** For one statement, as the server sees it. */
  readonly statement: number;
  /** For a lock that another host holds. */
  readonly lock: number;
  /**
   * How long the server keeps a transaction open whose host says nothing: a host that is gone must not hold the lock.
   */
  readonly idle: number;
}

export const TIMEOUTS: Timeouts = { connect: 5_000, answer: 10_000, statement: 8_000, lock: 4_000, idle: 15_000 };

export interface ConnectionOptions {
  readonly address: Address;
  /** Resolves with the password, or with undefined to use the environment (PGPASSWORD) or ~/.pgpass. */
  readonly password: () => Promise<string | undefined>;
  readonly timeouts: Timeouts;
  /** Shown in `pg_stat_activity`. */
  readonly name: string;
}

/**
 * One connection to the server. What several callers send at once is sent one after another. A connection that failed
 * is replaced by a new one, never repaired.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #client: pg.Client;
  #failure: StoreError | undefined;
  /** Settles when what was sent last has been answered. */
  #last: Promise<unknown> = Promise.resolve();
  #onNotification: ((payload: string) => void) | undefined;

  private constructor(options: ConnectionOptions) {
    this.#options = options;
    const { address, timeouts } = options;
    this.#client = new pg.Client({
      host: address.host,
      port: address.port,
      user: address.user,
      database: address.database,
      ssl: address.tls,
      application_name: `Loop Supervisor ${options.name}`,
      connectionTimeoutMillis: timeouts.connect,
      query_timeout: timeouts.answer,
      keepAlive: true,
      types: { getTypeParser: parserOf as typeof pg.types.getTypeParser },
    });
    this.#client.on('error', (error) => this.#fail(error));
    this.#client.on('end', () => this.#fail(new Error('Connection terminated')));
    this.#client.on('notification', ({ payload = '' }) => this.#onNotification?.(payload));
  }

  /** Connects, logs in and checks the server. Rejects with a `StoreError`. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(options);
    const { address, timeouts } = options;
    try {
      const password = (await options.password()) ?? connection.#storedPassword();
      if (password !== undefined) connection.#client.password = password;
      await connection.#client.connect();
      const [, , server] = await connection.run(
        `SET statement_timeout = ${timeouts.statement}; SET lock_timeout = ${timeouts.lock};
         SELECT current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS replica;
         SET idle_in_transaction_session_timeout = ${timeouts.idle}; SET search_path = ${address.schema}, pg_catalog;
         SET default_transaction_isolation = 'read committed'; SET standard_conforming_strings = on`,
      );
      checkServer(Number(server?.[0]?.version), server?.[0]?.replica === true, address.shown);
      return connection;
    } catch (error) {
      connection.close();
      throw toStoreError(error, address.shown);
    }
  }

  /** Whether it can no longer be used. */
  get isBroken(): boolean {
    return this.#failure !== undefined;
  }

  /** Runs a batch of statements in one round trip. Resolves with the rows of each. Rejects with a `StoreError`. */
  async run(batch: string): Promise<RawRow[][]> {
    // A server that hangs is silent; a large batch merely takes long.
    const query_timeout = this.#options.timeouts.answer + batch.length / CHARACTERS_PER_MS;
    const query = { text: batch, query_timeout } as pg.QueryConfig;
    const results: pg.QueryResult | pg.QueryResult[] = await this.#inTurn(() => this.#client.query(query));
    return (Array.isArray(results) ? results : [results]).map(({ rows }) => rows);
  }

  /** Runs one statement with values of any size. */
  async runWith(statement: string, values: readonly unknown[]): Promise<void> {
    await this.#inTurn(() => this.#client.query(statement, [...values]));
  }

  /** Calls `listener` with the payload of each notification on a channel that was listened to. */
  onNotification(listener: (payload: string) => void): void {
    this.#onNotification = listener;
  }

  /** Drops the connection at once. The server then rolls back what is open on it. */
  close(): void {
    this.#fail(new Error('Connection terminated'));
  }

  /** The password of the environment, which the driver has read, or of ~/.pgpass. */
  #storedPassword(): string | undefined {
    const { host, port, database = '', user = '', password } = this.#client;
    return typeof password === 'string' ? password : passwordInFile({ host, port, database, user });
  }

  /** The driver takes one query at a time, and counts the time that one waits as the server's silence. */
  #inTurn<T>(send: () => Promise<T>): Promise<T> {
    const sent = this.#last.then(() => this.#send(send));
    this.#last = sent.catch(() => undefined);
    return sent;
  }

  async #send<T>(send: () => Promise<T>): Promise<T> {
    if (this.#failure) throw this.#failure;
    try {
      return await send();
    } catch (error) {
      const failure = toStoreError(error, this.#options.address.shown);
      if (endsConnection(failure)) this.#fail(failure);
      throw failure;
    }
  }

  #fail(error: unknown): void {
    if (this.#failure) return;
    this.#failure = toStoreError(error, this.#options.address.shown);
    // A socket to a server that hangs would keep waiting for its farewell.
    const { connection } = this.#client as unknown as { connection?: { stream?: { destroy(): void } } };
    connection?.stream?.destroy();
    this.#client.end().catch(() => {});
  }
}

/** Throws a `StoreError` if the server is too old (`version`: its `server_version_num`) or takes no writes. */
export function checkServer(version: number, isReplica: boolean, shown: string): void {
  if (version < OLDEST_SERVER)
    throw new StoreError(
      'broken',
      `The server of the store at ${shown} is PostgreSQL ${Math.floor(version / 10_000)}. ` +
        'Loop Supervisor needs 15 or later.',
    );
  if (isReplica)
    throw new StoreError(
      'broken',
      `The store at ${shown} is a read-only replica. Use the address of the primary server.`,
    );
}

/** Numbers as numbers: those that JavaScript cannot hold stay text, which the schema of their row refuses. */
function parserOf(type: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (type === INT8) return (value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value);
  return pg.types.getTypeParser(type, format as 'text');
}
