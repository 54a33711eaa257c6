import { randomUUID } from 'node:crypto';
import type { Disposable } from '../../core/model/disposable.ts';
import { StoreError } from '../../core/model/errors.ts';
import { Emitter } from '../../core/model/event.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { FinishedQuery, TimelineQuery } from '../../core/ports/historyQueries.ts';
import type { StatedRead, StoreChanges, StoreTransaction } from '../../core/ports/store.ts';
import type { MoveTransaction, MovingStore } from '../move/movingStore.ts';
import type { Arrival, Departure } from '../rows/departureRow.ts';
import { RowReader } from '../rows/rowReader.ts';
import { StoreHealth } from '../storeHealth.ts';
import { type Address, parseAddress } from './address.ts';
import { Connection, type ConnectionOptions, TIMEOUTS, type Timeouts } from './connection.ts';
import type { Draft } from './draft.ts';
import { asWaiting, isPassing } from './postgresError.ts';
import { Queries } from './queries.ts';
import { Reader } from './reader.ts';
import { Replica } from './replica.ts';
import { migrate } from './schema.ts';
import { ServerClock } from './serverClock.ts';
import { WriteQueue } from './writeQueue.ts';
import { Writer } from './writer.ts';

/** A store that is out of reach for longer (ms) is reported as trouble; writes still wait for it. */
const PATIENCE_MS = 3_000;
/** Pauses (ms) between tries: doubled each time up to the longest. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;
/** How often (ms) to check whether a full disk has space again. */
const CHECK_EVERY_MS = 2_000;

export interface PostgresOptions {
  /** The setting `store`: see `parseAddress`. */
  readonly address: string;
  /** Resolves with the password, or with undefined to use the environment (PGPASSWORD) or ~/.pgpass. */
  readonly password: () => Promise<string | undefined>;
  /** This machine's clock. */
  readonly clock: Clock;
  readonly log: (message: string, error?: unknown) => void;
  readonly timeouts?: Partial<Timeouts>;
}

/** A store on PostgreSQL, with the database's time. */
export interface PostgresStore extends MovingStore {
  readonly clock: Clock;
  /** Its permanent name, whatever its address. */
  storeId(): Promise<string>;
  /** How many finished loops belong to a machine. */
  finishedOf(machine: string): Promise<number>;
}

/**
 * Connects, brings the schema up to date and reads what is live. Rejects with a `StoreError` that says what to do; the
 * call may be repeated.
 */
export async function openPostgresStore(options: PostgresOptions): Promise<PostgresStore> {
  const store = new Postgres(options);
  try {
    await store.open();
    return store;
  } catch (error) {
    store.close();
    throw error;
  }
}

class Postgres implements PostgresStore {
  readonly clock: ServerClock;
  readonly #options: PostgresOptions;
  readonly #address: Address;
  readonly #connecting: ConnectionOptions;
  readonly #health: StoreHealth;
  readonly #news: Emitter<void>;
  readonly #queue = new WriteQueue();
  readonly #replica = new Replica();
  readonly #writer: Writer;
  readonly #reader: Reader;
  readonly #queries: Queries;
  #nextCheck: Disposable | undefined;
  #isRefreshing = false;
  /** Since when (on the monotonic clock, ms) changes of others could not be read. */
  #failingSince: number | undefined;
  #closed: StoreError | undefined;
  readonly #pauses = new Set<() => void>();

  constructor(options: PostgresOptions) {
    const { password, clock, log, timeouts } = options;
    const address = parseAddress(options.address);
    this.#options = options;
    this.#address = address;
    this.#health = new StoreHealth(log);
    this.#news = new Emitter((error) => log('A listener for changes of other hosts threw; the others go on.', error));
    this.clock = new ServerClock(clock, log);
    const name = randomUUID();
    this.#connecting = { address, password, timeouts: { ...TIMEOUTS, ...timeouts }, name: name.slice(0, 8) };
    const rows = new RowReader(log);
    const connecting = this.#connecting;
    this.#writer = new Writer({ replica: this.#replica, reader: rows, clock: this.clock, connecting, name });
    this.#reader = new Reader({ connecting, clock, name, onNews: () => this.#refresh() });
    this.#queries = new Queries((batch) => this.#query(batch), rows);
  }

  async open(): Promise<void> {
    const address = this.#address;
    const connection = await Connection.open(this.#connecting);
    try {
      const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
      await migrate(connection, address.schema, address.shown, zone);
    } catch (error) {
      connection.close();
      throw error;
    }
    this.#writer.use(connection);
    await this.#writer.refresh();
    // Now it is known whether the server takes writes.
    await this.#writer.transact(
      () => undefined,
      [],
      () => {},
    );
    await this.#reader.begin();
  }

  write<T>(work: (tx: StoreTransaction) => T, reads?: readonly StatedRead[], abandoned?: () => void): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closed);
    return this.#queue.add(() => this.#untilWritten(work, reads, abandoned));
  }

  move<T>(work: (tx: MoveTransaction) => T, reads?: readonly StatedRead[]): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closed);
    return this.#queue.add(() => this.#untilWritten(work, reads));
  }

  changes(): StoreChanges | undefined {
    if (this.#health.blocking) throw this.#health.blocking;
    // The transaction that is under way has them, and delivers them when it is committed.
    if (this.#writer.isWriting) return this.#writer.changesWithin();
    const changes = this.#replica.undelivered();
    this.#replica.delivered();
    return changes;
  }

  onNews(listener: () => void): Disposable {
    return this.#news.event(listener);
  }

  finishedCount(): { readonly total: number; readonly failed: number } {
    const { finished: total, failed } = this.#replica.head;
    return { total, failed };
  }

  permanentlyFailed(limit: number): string[] {
    return this.#replica.failedIds.ids(limit);
  }

  latest = (loopId: string) => this.#queries.latest(loopId);
  bySeq = (seq: number) => this.#queries.bySeq(seq);
  prompt = (seq: number) => this.#queries.prompt(seq);
  attempts = (seq: number) => this.#queries.attempts(seq);
  history = (seq: number) => this.#queries.history(seq);
  checks = (seq: number) => this.#queries.checks(seq);
  ledger = (seq: number) => this.#queries.ledger(seq);
  piece = (transfer: string, n: number) => this.#queries.piece(transfer, n);
  finished = (query: FinishedQuery) => this.#queries.finished(query);
  spend = (fromDay: string) => this.#queries.spend(fromDay);
  spendByLoop = (day: string, limit: number) => this.#queries.spendByLoop(day, limit);
  spendByAccount = (day: string) => this.#queries.spendByAccount(day);
  settledTokens = (limit: number) => this.#queries.settledTokens(limit);
  knownTokens = (tokens: readonly string[]) => this.#queries.knownTokens(tokens);
  timeline = (query: TimelineQuery) => this.#queries.timeline(query);
  timelineOf = (ids: readonly number[]) => this.#queries.timelineOf(ids);
  circuitChanges = (from: number) => this.#queries.circuitChanges(from);
  arrivals = (source: string): Promise<Arrival[]> => this.#queries.arrivals(source);
  departures = (): Promise<Departure[]> => this.#queries.departures();
  storeId = () => this.#queries.storeId();
  finishedOf = (machine: string) => this.#queries.finishedOf(machine);

  /** The server's autovacuum does that. */
  async tidy(): Promise<boolean> {
    return false;
  }

  onTrouble(listener: (error: Error | undefined) => void): Disposable {
    return this.#health.listen(listener);
  }

  close(): void {
    if (this.#closed) return;
    const { shown } = this.#address;
    this.#closed = new StoreError('broken', `The store at ${shown} was closed before this could be written.`);
    this.#nextCheck?.dispose();
    this.#health.dispose();
    this.#news.dispose();
    this.#reader.close();
    for (const wake of [...this.#pauses]) wake();
    // The write in progress may still land; then the connection is dropped.
    void this.#queue.add(async () => this.#writer.close());
  }

  /** Runs `work` in one transaction, again and again until the server has taken or refused it. */
  async #untilWritten<T>(
    work: (draft: Draft) => T,
    reads: readonly StatedRead[] = [],
    abandoned: () => void = () => {},
  ): Promise<T> {
    let waitedMs = 0;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      if (this.#closed) throw this.#closed;
      if (this.#health.blocking) throw this.#health.blocking;
      const began = performance.now();
      try {
        const result = await this.#writer.transact(work, reads, abandoned);
        this.#answered();
        return result;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        if (!isPassing(error)) this.#inTrouble(error);
        // What may have landed must not be refused: whether it has is seen at the next try that gets through.
        const isOpen = error.kind !== 'newer' && this.#writer.mayHaveLanded(work);
        if (!isPassing(error) && !isOpen) throw error;
        await this.#pause(pause);
        waitedMs += performance.now() - began;
        if (waitedMs >= PATIENCE_MS) this.#health.set(asWaiting(error));
      }
    }
  }

  async #query(batch: string): Promise<Awaited<ReturnType<Connection['run']>>> {
    if (this.#closed) throw this.#closed;
    if (this.#health.blocking) throw this.#health.blocking;
    return this.#reader.query(batch);
  }

  /** Reads what others changed, after the writes that wait: these see it too. */
  #refresh(): void {
    if (this.#isRefreshing || this.#closed) return;
    this.#isRefreshing = true;
    const refreshed = this.#queue.add(async () => {
      this.#isRefreshing = false;
      if (!this.#closed) await this.#writer.refresh();
    });
    refreshed.then(
      () => {
        this.#answered();
        if (this.#replica.owesAny) this.#news.fire();
      },
      (error: unknown) => this.#notRefreshed(error),
    );
  }

  // ── Trouble ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Trouble of the store as a whole, rather than of one statement. */
  #inTrouble(error: StoreError): void {
    if (error.kind === 'disk') {
      this.#health.set(error);
      this.#nextCheck ??= this.#options.clock.after(CHECK_EVERY_MS, () => void this.#check());
    } else if (error.kind === 'newer') this.#health.set(error);
  }

  /** Tries whether the server takes a write again. */
  async #check(): Promise<void> {
    this.#nextCheck = undefined;
    if (this.#closed) return;
    try {
      await this.#queue.add(() => this.#writer.probe());
      this.#health.set(undefined);
    } catch {
      this.#nextCheck ??= this.#options.clock.after(CHECK_EVERY_MS, () => void this.#check());
    }
  }

  /** The server responds, or a write landed: passing trouble is over. */
  #answered(): void {
    this.#failingSince = undefined;
    const kind = this.#health.trouble?.kind;
    if (kind === 'unreachable' || kind === 'locked') this.#health.set(undefined);
  }

  /** Changes of others could not be read: retries, and reports trouble that lasts. */
  #notRefreshed(error: unknown): void {
    if (this.#closed || !(error instanceof StoreError)) return;
    if (!isPassing(error)) {
      this.#inTrouble(error);
      return;
    }
    const now = performance.now();
    this.#failingSince ??= now;
    if (now - this.#failingSince >= PATIENCE_MS && !this.#health.trouble) this.#health.set(error);
    void this.#pause(LONGEST_PAUSE_MS).then(() => this.#refresh());
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        timer.dispose();
        this.#pauses.delete(wake);
        resolve();
      };
      const timer = this.#options.clock.after(ms, wake);
      this.#pauses.add(wake);
    });
  }
}
