import type { Disposable } from '../../core/model/disposable.ts';
import { StoreError } from '../../core/model/errors.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { StoreChanges, StoreTransaction } from '../../core/ports/store.ts';
import type { MoveTransaction, MovingStore } from '../move/movingStore.ts';
import { StoreHealth } from '../storeHealth.ts';
import { ChangeFeed } from './changeFeed.ts';
import { IncrementalVacuum } from './incrementalVacuum.ts';
import { openDatabase } from './openDatabase.ts';
import { isTrouble } from './sqliteError.ts';
import { type OpenedStore, StoreQueries } from './storeQueries.ts';
import { Tables } from './tables.ts';
import { Transaction } from './transaction.ts';
import { WriteQueue } from './writeQueue.ts';

/** A lock that is held for longer (ms) is reported as trouble; writes still wait for it. */
const PATIENCE_MS = 3_000;
/** How often (ms) to check whether trouble is over. */
const CHECK_EVERY_MS = 2_000;

export interface StoreOptions {
  /** The database file, in a folder of its own; or `:memory:`. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: (message: string, error?: unknown) => void;
  /** The hosts that were last at it are gone (R16.5): their leases are over. */
  readonly endsLeases?: boolean;
}

/**
 * Opens the supervisor's memory, and creates it if there is none. Throws a `StoreError` that says what to do; the call
 * may be repeated. A database that is only locked at present is opened by the first read or write that finds it free:
 * until then reads throw and writes wait.
 */
export function openStore(options: StoreOptions): MovingStore {
  return new SqliteStore(options);
}

class SqliteStore extends StoreQueries implements MovingStore {
  readonly #options: StoreOptions;
  readonly #queue: WriteQueue;
  readonly #health: StoreHealth;
  #opened: OpenedStore | undefined;
  #transaction: Transaction | undefined;
  #nextCheck: Disposable | undefined;
  #isClosed = false;

  constructor(options: StoreOptions) {
    super();
    this.#options = options;
    this.#health = new StoreHealth(options.log);
    this.#queue = new WriteQueue(options.clock, (waitedMs) => this.#lockWaited(waitedMs));
    try {
      this.#open();
    } catch (error) {
      if (!(error instanceof StoreError && error.kind === 'locked')) throw error;
    }
  }

  write<T>(work: (tx: StoreTransaction) => T): Promise<T> {
    return this.#queue.add(() => this.#inTransaction((transaction) => work(transaction)));
  }

  move<T>(work: (tx: MoveTransaction) => T): Promise<T> {
    return this.#queue.add(() => this.#inTransaction((transaction) => work(transaction)));
  }

  changes(): StoreChanges | undefined {
    if (this.#transaction) return this.#transaction.changes();
    return this.use(({ files, feed }) => {
      files?.checkAll();
      return feed.readNow();
    });
  }

  /** A file announces nothing. */
  onNews(): Disposable {
    return { dispose() {} };
  }

  async tidy(): Promise<boolean> {
    return this.use(({ files, incrementalVacuum }) => {
      files?.check();
      return incrementalVacuum.step();
    });
  }

  onTrouble(listener: (error: Error | undefined) => void): Disposable {
    return this.#health.listen(listener);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#queue.dispose();
    this.#isClosed = true;
    this.#nextCheck?.dispose();
    this.#health.dispose();
    this.#opened?.connection.close();
    this.#opened?.fileLock?.close();
    this.#opened = undefined;
  }

  /**
   * Runs `work` in one write transaction, now. Throws a `StoreError` of kind `locked` if somebody else holds the lock.
   */
  #inTransaction<T>(work: (transaction: Transaction) => T): T {
    let hasBegun = false;
    try {
      const result = this.use((opened) => {
        opened.files?.check();
        opened.connection.begin();
        hasBegun = true;
        return this.#commit(opened, work);
      });
      if (this.#health.trouble) this.#recovered();
      return result;
    } finally {
      // The lock is free again, whatever became of the work.
      if (hasBegun && this.#health.trouble?.kind === 'locked') this.#recovered();
    }
  }

  /** Runs `work` in the transaction that has just begun, and commits it. */
  #commit<T>({ connection, tables, feed }: OpenedStore, work: (transaction: Transaction) => T): T {
    try {
      const transaction = new Transaction(tables, feed, () => this.#options.clock.now());
      this.#transaction = transaction;
      const result = work(transaction);
      const last = transaction.finish();
      connection.commit();
      feed.committed(last);
      return result;
    } finally {
      this.#transaction?.end();
      this.#transaction = undefined;
      feed.ended();
      connection.rollback();
    }
  }

  /** Uses the open database, and reports trouble that shows in doing so. */
  protected override use<T>(use: (opened: OpenedStore) => T): T {
    if (this.#health.blocking) throw this.#health.blocking;
    try {
      return use(this.#opened ?? this.#open());
    } catch (error) {
      if (isTrouble(error)) this.#report(error);
      throw error;
    }
  }

  #open(): OpenedStore {
    if (this.#isClosed) throw new StoreError('broken', `The database ${this.#options.path} was closed in this window.`);
    const { path, clock, log, endsLeases = false } = this.#options;
    const database = openDatabase({ path, log, endsLeases, now: () => clock.now() });
    const tables = new Tables(database.connection, log);
    const feed = new ChangeFeed(database.connection, tables);
    this.#opened = { ...database, tables, feed, incrementalVacuum: new IncrementalVacuum(database.connection) };
    return this.#opened;
  }

  // ── Trouble ──────────────────────────────────────────────────────────────────────────────────────────────────

  #lockWaited(waitedMs: number): void {
    if (waitedMs < PATIENCE_MS || this.#health.trouble) return;
    const { path } = this.#options;
    this.#health.set(
      new StoreError('locked', `The database ${path} is held by another program. Writes wait until it is free.`),
    );
  }

  #report(error: StoreError): void {
    this.#health.set(error);
    // The next window may create a new database, since we no longer use the old one.
    if (error.kind === 'replaced') this.#opened?.fileLock?.letGo();
    this.#nextCheck?.dispose();
    this.#nextCheck = this.#options.clock.after(CHECK_EVERY_MS, this.#check);
  }

  /**
   * Checks whether the trouble is over: the same files are back, or the disk takes a write. Other trouble needs a new
   * window.
   */
  readonly #check = (): void => {
    const kind = this.#health.trouble?.kind;
    const opened = this.#opened;
    this.#nextCheck = undefined;
    if (this.#isClosed || !opened) return;
    try {
      if (kind === 'replaced') {
        if (!opened.files?.areBack()) throw this.#health.trouble;
        opened.fileLock?.share();
        this.#recovered();
      } else if (kind === 'disk') {
        // A single page might still find room where a real write does not.
        this.#inTransaction(() =>
          opened.connection.exec('INSERT OR REPLACE INTO prompts (seq, prompt) VALUES (0, zeroblob(65536))'),
        );
        this.#inTransaction(() => opened.connection.exec('DELETE FROM prompts WHERE seq = 0'));
      }
    } catch {
      // It lasts. It was reported when it began.
      this.#nextCheck ??= this.#options.clock.after(CHECK_EVERY_MS, this.#check);
    }
  };

  #recovered(): void {
    this.#nextCheck?.dispose();
    this.#health.set(undefined);
  }
}
