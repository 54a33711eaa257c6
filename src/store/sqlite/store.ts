import type { Disposable } from '../../core/model/disposable.ts';
import { StoreError } from '../../core/model/errors.ts';
import type { Attempt, FinishedLoop, LedgerRow, Loop, Transition } from '../../core/model/loop.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { CircuitChange, HistoryQueries, TimelineAttempt, TimelineQuery } from '../../core/ports/historyQueries.ts';
import type { FinishedQuery, SpendRow, Store, StoreChanges, StoreTransaction } from '../../core/ports/store.ts';
import { StoreHealth } from '../storeHealth.ts';
import { ChangeFeed } from './changeFeed.ts';
import { IncrementalVacuum } from './incrementalVacuum.ts';
import { type OpenDatabase, openDatabase } from './openDatabase.ts';
import { isTrouble } from './sqliteError.ts';
import { Tables } from './tables.ts';
import { Transaction } from './transaction.ts';
import { WriteQueue } from './writeQueue.ts';

/** A lock that is held for longer (ms) is told as trouble; writes still wait for it. */
const PATIENCE_MS = 3_000;
/** How often (ms) a database in trouble is looked at again. */
const LOOK_AGAIN_MS = 2_000;

export interface StoreOptions {
  /** The database file, in a folder of its own; or `:memory:`. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: (message: string, error?: unknown) => void;
}

/**
 * Opens the supervisor's memory, and creates it if there is none. Throws a `StoreError` that says what to do; the call may be made again.
 * A database that is only locked now is opened by the first read or write that finds it free: reads throw until then, writes wait.
 */
export function openStore(options: StoreOptions): Store & HistoryQueries {
  return new SqliteStore(options);
}

/** A database that is open, with its statements. */
interface Opened extends OpenDatabase {
  readonly tables: Tables;
  readonly feed: ChangeFeed;
  readonly incrementalVacuum: IncrementalVacuum;
}

class SqliteStore implements Store, HistoryQueries {
  readonly #options: StoreOptions;
  readonly #queue: WriteQueue;
  readonly #health: StoreHealth;
  #opened: Opened | undefined;
  #transaction: Transaction | undefined;
  #lookAgain: Disposable | undefined;
  #isClosed = false;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#health = new StoreHealth(options.log);
    this.#queue = new WriteQueue(options.clock, (waitedMs) => this.#waiting(waitedMs));
    try {
      this.#open();
    } catch (error) {
      if (!(error instanceof StoreError && error.kind === 'locked')) throw error;
    }
  }

  write<T>(work: (tx: StoreTransaction) => T): Promise<T> {
    return this.#queue.add(() => this.#transact((transaction) => work(transaction)));
  }

  changes(): StoreChanges | undefined {
    if (this.#transaction) return this.#transaction.changes();
    return this.#use(({ files, feed }) => {
      files?.checkAll();
      return feed.readNow();
    });
  }

  latest(loopId: string): Loop | undefined {
    return this.#use(({ connection, tables }) => connection.snapshot(() => tables.loops.latest(loopId)));
  }

  bySeq(seq: number): Loop | undefined {
    return this.#use(({ connection, tables }) => connection.snapshot(() => tables.loops.bySeq(seq)));
  }

  prompt(seq: number): string {
    return this.#use(({ tables }) => tables.prompts.get(seq));
  }

  attempts(seq: number): Attempt[] {
    return this.#use(({ tables }) => tables.attempts.ofLoop(seq));
  }

  history(seq: number): Transition[] {
    return this.#use(({ tables }) => tables.history.ofLoop(seq));
  }

  ledger(seq: number): LedgerRow[] {
    return this.#use(({ tables }) => tables.ledger.ofLoop(seq));
  }

  finished(query: FinishedQuery): FinishedLoop[] {
    return this.#use(({ tables }) => tables.finished.list(query));
  }

  finishedCount(): { readonly total: number; readonly failed: number } {
    const { finished: total, failed } = this.#use(({ tables }) => tables.changes.counts());
    return { total, failed };
  }

  permanentlyFailed(limit: number): string[] {
    return this.#use(({ tables }) => tables.summaries.permanentlyFailed(limit));
  }

  spend(fromDay: string): SpendRow[] {
    return this.#use(({ tables }) => tables.ledger.spend(fromDay));
  }

  spendByLoop(day: string, limit: number): ReturnType<Store['spendByLoop']> {
    return this.#use(({ tables }) => tables.ledger.byLoop(day, limit));
  }

  settledTokens(limit: number): ReturnType<Store['settledTokens']> {
    return this.#use(({ tables }) => tables.summaries.settledTokens(limit));
  }

  timeline(query: TimelineQuery): TimelineAttempt[] {
    return this.#use(({ tables }) => tables.timeline.since(query));
  }

  timelineOf(ids: readonly number[]): TimelineAttempt[] {
    return this.#use(({ tables }) => tables.timeline.of(ids));
  }

  circuitChanges(from: number): CircuitChange[] {
    return this.#use(({ tables }) => tables.head.circuitChanges(from));
  }

  tidy(): boolean {
    return this.#use(({ files, incrementalVacuum }) => {
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
    this.#lookAgain?.dispose();
    this.#health.dispose();
    this.#opened?.connection.close();
    this.#opened?.fileLock?.close();
    this.#opened = undefined;
  }

  /** Runs `work` in one write transaction, now. Throws a `StoreError` of kind `locked` when somebody else is at it. */
  #transact<T>(work: (transaction: Transaction) => T): T {
    let hasBegun = false;
    try {
      const result = this.#use((opened) => {
        opened.files?.check();
        opened.connection.begin();
        hasBegun = true;
        return this.#carryOut(opened, work);
      });
      if (this.#health.trouble) this.#recovered();
      return result;
    } finally {
      // Nobody holds it any more, whatever the work came to.
      if (hasBegun && this.#health.trouble?.kind === 'locked') this.#recovered();
    }
  }

  /** Runs `work` in the transaction that has just begun, and commits it. */
  #carryOut<T>({ connection, tables, feed }: Opened, work: (transaction: Transaction) => T): T {
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

  /** Uses the open database; trouble that shows is told. */
  #use<T>(use: (opened: Opened) => T): T {
    if (this.#health.blocking) throw this.#health.blocking;
    try {
      return use(this.#opened ?? this.#open());
    } catch (error) {
      if (isTrouble(error)) this.#inTrouble(error);
      throw error;
    }
  }

  #open(): Opened {
    if (this.#isClosed) throw new StoreError('broken', `The database ${this.#options.path} was closed in this window.`);
    const { path, clock, log } = this.#options;
    const database = openDatabase({ path, log, now: () => clock.now() });
    const tables = new Tables(database.connection, log);
    const feed = new ChangeFeed(database.connection, tables);
    this.#opened = { ...database, tables, feed, incrementalVacuum: new IncrementalVacuum(database.connection) };
    return this.#opened;
  }

  // ── Trouble ──────────────────────────────────────────────────────────────────────────────────────────────────

  #waiting(waitedMs: number): void {
    if (waitedMs < PATIENCE_MS || this.#health.trouble) return;
    const { path } = this.#options;
    this.#health.set(
      new StoreError(
        'locked',
        `The database ${path} is held by another program. What is to be written waits until it is free.`,
      ),
    );
  }

  #inTrouble(error: StoreError): void {
    this.#health.set(error);
    // Whoever comes after us may then begin a new database: we use the old one no more.
    if (error.kind === 'replaced') this.#opened?.fileLock?.letGo();
    this.#lookAgain?.dispose();
    this.#lookAgain = this.#options.clock.after(LOOK_AGAIN_MS, this.#look);
  }

  /** Looks whether the trouble is over: whether the same files are back, or whether the disk takes a write. The rest needs a new window. */
  readonly #look = (): void => {
    const kind = this.#health.trouble?.kind;
    const opened = this.#opened;
    this.#lookAgain = undefined;
    if (this.#isClosed || !opened) return;
    try {
      if (kind === 'replaced') {
        if (!opened.files?.areBack()) throw this.#health.trouble;
        opened.fileLock?.share();
        this.#recovered();
      } else if (kind === 'disk') {
        // A single page might still find room where nothing else does.
        this.#transact(() =>
          opened.connection.exec('INSERT OR REPLACE INTO prompts (seq, prompt) VALUES (0, zeroblob(65536))'),
        );
        this.#transact(() => opened.connection.exec('DELETE FROM prompts WHERE seq = 0'));
      }
    } catch {
      // It lasts; it was told when it began.
      this.#lookAgain ??= this.#options.clock.after(LOOK_AGAIN_MS, this.#look);
    }
  };

  #recovered(): void {
    this.#lookAgain?.dispose();
    this.#health.set(undefined);
  }
}
