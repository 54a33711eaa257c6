import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { StoreError } from '../../core/model/errors.ts';
import type { RawRow } from '../rows/rowReader.ts';
import { toStoreError } from './sqliteError.ts';

/** `count` parameters for `VALUES (…)`. */
export const parameters = (count: number) => Array.from({ length: count }, () => '?').join(', ');
/** These columns with a parameter each for `SET …`. */
export const setting = (names: readonly string[]) => names.map((name) => `${name} = ?`).join(', ');

/**
 * One prepared statement. All its parameters are `?`: Node 22.15 does not take numbered ones by position. Throws
 * `StoreError`s.
 */
export class Query {
  readonly #connection: Connection;
  readonly #statement: StatementSync;
  readonly #sql: string;

  constructor(connection: Connection, statement: StatementSync, sql: string) {
    this.#connection = connection;
    this.#statement = statement;
    this.#sql = sql;
  }

  /**
   * For a statement that returns nothing, where it does not matter how many rows it changes: quicker than `run`, for
   * which Node makes an object of the count.
   */
  execute(...values: SQLInputValue[]): void {
    try {
      this.#statement.get(...values);
    } catch (error) {
      throw this.#connection.failed(error);
    }
  }

  /** Returns how many rows were changed. */
  run(...values: SQLInputValue[]): number {
    try {
      return this.#statement.run(...values).changes as number;
    } catch (error) {
      throw this.#connection.failed(error);
    }
  }

  get(...values: SQLInputValue[]): RawRow | undefined {
    try {
      return this.#statement.get(...values) as RawRow | undefined;
    } catch (error) {
      if (isOutOfRange(error)) return this.#connection.withBigInts(this.#sql, values)[0];
      throw this.#connection.failed(error);
    }
  }

  /** The rows one after another, of a statement whose result may be long. */
  *each(...values: SQLInputValue[]): Generator<RawRow> {
    let count = 0;
    try {
      for (const row of this.#statement.iterate(...values)) {
        count++;
        yield row as RawRow;
      }
    } catch (error) {
      if (!isOutOfRange(error)) throw this.#connection.failed(error);
      yield* this.#connection.withBigInts(this.#sql, values).slice(count);
    }
  }

  all(...values: SQLInputValue[]): RawRow[] {
    try {
      return this.#statement.all(...values) as RawRow[];
    } catch (error) {
      if (isOutOfRange(error)) return this.#connection.withBigInts(this.#sql, values);
      throw this.#connection.failed(error);
    }
  }
}

/** One integer that a JavaScript number cannot hold makes node:sqlite refuse the whole result. */
function isOutOfRange(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_OUT_OF_RANGE';
}

/** Integers as numbers, except those that are too large: a schema then refuses only the row that has one. */
function withNumbers(row: RawRow): RawRow {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value,
    ]),
  );
}

/**
 * How long (ms) a call blocks the thread while it waits for a lock. Set by a pragma, since Node 22.15 has no `timeout`
 * option.
 */
const BUSY_TIMEOUT_MS = 10;

/** One connection to the database, with its prepared statements and at most one transaction at a time. */
export class Connection {
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #queries = new Map<string, Query>();
  readonly #begin: Query;
  readonly #beginRead: Query;
  readonly #commit: Query;
  readonly #dataVersion: Query;
  #inTransaction = false;
  /** The first error in the open transaction. SQLite may have rolled it back already, so it must not be committed. */
  #failure: StoreError | undefined;

  /** Opens the file. Nothing is read yet. `readOnly`: it cannot be written, and is not created. */
  constructor(path: string, { readOnly = false }: { readonly readOnly?: boolean } = {}) {
    this.path = path;
    try {
      this.#database = new DatabaseSync(path, { enableForeignKeyConstraints: false, readOnly });
    } catch (error) {
      throw toStoreError(error, path);
    }
    this.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA trusted_schema = OFF`);
    this.#begin = this.prepare('BEGIN IMMEDIATE');
    this.#beginRead = this.prepare('BEGIN');
    this.#commit = this.prepare('COMMIT');
    this.#dataVersion = this.prepare('PRAGMA data_version');
  }

  get inTransaction(): boolean {
    return this.#inTransaction;
  }

  /** Prepares a statement. The caller keeps it, or uses `query`. */
  prepare(sql: string): Query {
    try {
      return new Query(this, this.#database.prepare(sql), sql);
    } catch (error) {
      throw this.failed(error);
    }
  }

  /** The statement of that text, prepared once. Only for texts of which there is a bounded number. */
  query(sql: string): Query {
    let query = this.#queries.get(sql);
    if (!query) {
      query = this.prepare(sql);
      this.#queries.set(sql, query);
    }
    return query;
  }

  /** Runs statements that return nothing. */
  exec(sql: string): void {
    try {
      this.#database.exec(sql);
    } catch (error) {
      throw this.failed(error);
    }
  }

  /** A pragma's one value. */
  pragma(name: string): unknown {
    const row = this.query(`PRAGMA ${name}`).get();
    return row && Object.values(row)[0];
  }

  /** Defines a function for use in SQL. */
  define(name: string, run: (...values: (string | number | bigint | Uint8Array | null)[]) => number): void {
    this.#database.function(name, { deterministic: true }, run as Parameters<DatabaseSync['function']>[1]);
  }

  /** Changes exactly when another connection commits. */
  dataVersion(): number {
    return this.#dataVersion.get()?.data_version as number;
  }

  /** Begins a write transaction. Throws a `StoreError` of kind `locked` if the lock is still taken after 10 ms. */
  begin(): void {
    this.#failure = undefined;
    this.#begin.execute();
    this.#inTransaction = true;
  }

  commit(): void {
    if (this.#failure) throw this.#failure;
    this.#commit.execute();
    this.#inTransaction = false;
  }

  rollback(): void {
    if (!this.#inTransaction) return;
    this.#inTransaction = false;
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // After some errors SQLite has already rolled back by itself.
    }
  }

  /** Runs `read` with all its statements on one snapshot; within a write transaction, on that transaction. */
  snapshot<T>(read: () => T): T {
    if (this.#inTransaction) return read();
    this.#failure = undefined;
    this.#beginRead.execute();
    this.#inTransaction = true;
    try {
      const result = read();
      this.commit();
      return result;
    } finally {
      this.rollback();
    }
  }

  close(): void {
    this.#database.close();
  }

  /** For `Query`: puts an error into words, and remembers that the open transaction cannot be committed. */
  failed(error: unknown): StoreError {
    const failure = toStoreError(error, this.path);
    if (this.#inTransaction) this.#failure ??= failure;
    return failure;
  }

  /** For `Query`: the rows of a statement that returns an integer too large for a JavaScript number. */
  withBigInts(sql: string, values: SQLInputValue[]): RawRow[] {
    const statement = this.#database.prepare(sql);
    statement.setReadBigInts(true);
    return (statement.all(...values) as RawRow[]).map(withNumbers);
  }
}
