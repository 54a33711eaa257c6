import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { StoreError } from '../../core/model/errors.ts';
import { toStoreError } from './sqliteError.ts';

/** A row as SQLite hands it out: nothing is known of it until a schema has looked at it. */
export type RawRow = { readonly [column: string]: unknown };

/** One prepared statement. Its parameters are all `?`: Node 22.15 does not take numbered ones by position. Throws `StoreError`s. */
export class Query {
  readonly #connection: Connection;
  readonly #statement: StatementSync;
  readonly #sql: string;

  constructor(connection: Connection, statement: StatementSync, sql: string) {
    this.#connection = connection;
    this.#statement = statement;
    this.#sql = sql;
  }

  /** Answers how many rows were changed. */
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

  all(...values: SQLInputValue[]): RawRow[] {
    try {
      return this.#statement.all(...values) as RawRow[];
    } catch (error) {
      if (isOutOfRange(error)) return this.#connection.withBigInts(this.#sql, values);
      throw this.#connection.failed(error);
    }
  }
}

/** An integer that a JavaScript number can not hold makes node:sqlite refuse the whole answer, for one bad row. */
function isOutOfRange(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_OUT_OF_RANGE';
}

/** Integers as numbers, except those that are too large: these a schema refuses, in their row alone. */
function withNumbers(row: RawRow): RawRow {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value,
    ]),
  );
}

/** A lock is waited for so long (ms) on the thread, and then without it. A pragma, since Node 22.15 has no `timeout` option. */
const BUSY_TIMEOUT_MS = 10;

/** One connection to the database with its prepared statements and its one transaction at a time. */
export class Connection {
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #queries = new Map<string, Query>();
  readonly #begin: Query;
  readonly #beginRead: Query;
  readonly #commit: Query;
  readonly #dataVersion: Query;
  #inTransaction = false;
  /** The first error of a statement in the open transaction: SQLite may have ended it by itself, so it must not be committed. */
  #failure: StoreError | undefined;

  /** Opens the file. Nothing is read yet. */
  constructor(path: string) {
    this.path = path;
    try {
      this.#database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
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

  /** Prepares a statement. Those that are needed again are kept by the caller, or come from `query`. */
  prepare(sql: string): Query {
    try {
      return new Query(this, this.#database.prepare(sql), sql);
    } catch (error) {
      throw this.failed(error);
    }
  }

  /** A statement for that text, prepared once. For texts of a bounded number of forms. */
  query(sql: string): Query {
    let query = this.#queries.get(sql);
    if (!query) {
      query = this.prepare(sql);
      this.#queries.set(sql, query);
    }
    return query;
  }

  /** Runs statements that answer nothing. */
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

  /** Makes a function of ours known to SQL. */
  define(name: string, run: (...values: (string | number | bigint | Uint8Array | null)[]) => number): void {
    this.#database.function(name, { deterministic: true }, run as Parameters<DatabaseSync['function']>[1]);
  }

  /** Differs from an earlier answer exactly when another connection has committed in between. */
  dataVersion(): number {
    return this.#dataVersion.get()?.data_version as number;
  }

  /** Begins a write transaction: waits for the lock for 10 ms at most. Throws a `StoreError` of kind `locked` when that is not enough. */
  begin(): void {
    this.#failure = undefined;
    this.#begin.run();
    this.#inTransaction = true;
  }

  commit(): void {
    if (this.#failure) throw this.#failure;
    this.#commit.run();
    this.#inTransaction = false;
  }

  rollback(): void {
    if (!this.#inTransaction) return;
    this.#inTransaction = false;
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // After some errors SQLite has rolled back by itself, and there is no transaction any more: that is what was wanted.
    }
  }

  /** Runs `read` so that all its statements see one moment. Within a write transaction they see that one. */
  snapshot<T>(read: () => T): T {
    if (this.#inTransaction) return read();
    this.#failure = undefined;
    this.#beginRead.run();
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

  /** For `Query`: puts an error into words and remembers that the open transaction can not be committed. */
  failed(error: unknown): StoreError {
    const failure = toStoreError(error, this.path);
    if (this.#inTransaction) this.#failure ??= failure;
    return failure;
  }

  /** For `Query`: the answers to a statement one of whose integers is too large for a JavaScript number. */
  withBigInts(sql: string, values: SQLInputValue[]): RawRow[] {
    const statement = this.#database.prepare(sql);
    statement.setReadBigInts(true);
    return (statement.all(...values) as RawRow[]).map(withNumbers);
  }
}
