import type { Attempt } from '../../core/model/attempt.ts';
import type { SupervisorEvent } from '../../core/model/event.ts';
import { isActive, isFinished, type Loop } from '../../core/model/loop.ts';
import type { Control, DaySpend, StoreChanges, WindowLease } from '../../core/ports/store.ts';
import { type Failed, FailedIds } from './failedIds.ts';

/** The events of a transaction, by its number. */
export interface Told {
  readonly rev: number;
  readonly events: readonly SupervisorEvent[];
}

/** The row that every transaction locks. */
export interface StoreHead {
  readonly counter: number;
  readonly finished: number;
  readonly failed: number;
  readonly control: Control;
}

/**
 * What was read of the database at one moment: everything that is live, or what has changed since an earlier moment.
 */
export interface Reading {
  readonly head: StoreHead;
  readonly windows: readonly WindowLease[];
  readonly day: DaySpend | undefined;
  /**
   * By `seq`: the loops that changed, `undefined` for those that are gone; or all live ones. Without those that cannot
   * be read.
   */
  readonly loops: ReadonlyMap<number, Loop | undefined>;
  /** Ids of live loops that cannot be read. */
  readonly unreadable: ReadonlyMap<string, number>;
  /** Whether `loops` is everything that is live. */
  readonly isWhole: boolean;
  /** Events since the earlier moment. */
  readonly told: readonly Told[];
  /** Failed loops, newest first, where they had to be read. */
  readonly failed?: readonly Failed[];
}

/** What a committed transaction of this store has written. */
export interface Committed {
  readonly head: StoreHead;
  /** The changed loops; `undefined` for those that it removed. */
  readonly loops: ReadonlyMap<number, Loop | undefined>;
  /** Leases that were saved; `undefined` for those that were released. */
  readonly windows: ReadonlyMap<string, WindowLease | undefined>;
  /** The latest day that has spend or marks. */
  readonly day: DaySpend | undefined;
  readonly ledger: readonly { readonly seq: number; readonly key: string }[];
}

/**
 * The live state as this store last saw it. Since every transaction locks the head row, it is exact once a transaction
 * has folded in what changed. It also keeps what its owner has not taken yet.
 */
export class Replica {
  readonly loops = new Map<number, Loop>();
  readonly failedIds = new FailedIds();
  /** Live loops by id, those that cannot be read included. */
  readonly #byId = new Map<string, number>();
  readonly #unreadable = new Map<string, number>();
  /** The loops of attempts that run, by the ids of these. */
  readonly #byAttempt = new Map<number, number>();
  /** Keys of the ledger by loop, as far as they were read. */
  readonly #ledgerKeys = new Map<number, Set<string>>();
  #head: StoreHead | undefined;
  windows: readonly WindowLease[] = [];
  day: DaySpend | undefined;
  /** Changes of others that the owner has not taken: the loop as it is now, or `undefined` if it is gone. */
  readonly #undelivered = new Map<number, Loop | undefined>();
  /** Events of others that the owner has not taken yet. */
  #untold: readonly Told[] = [];
  /** The owner has taken nothing yet, or must take everything again. */
  #owesAll = true;
  #owesAny = true;

  /** The last known head row. */
  get head(): StoreHead {
    if (!this.#head) throw new Error('The database has not been read yet.');
    return this.#head;
  }

  get isLoaded(): boolean {
    return this.#head !== undefined;
  }

  /** Up to which change it is exact. */
  get revision(): number {
    return this.#head?.counter ?? -1;
  }

  /** Whether there is anything that the owner has not taken. */
  get owesAny(): boolean {
    return this.#owesAny;
  }

  seqOf(loopId: string): number | undefined {
    return this.#byId.get(loopId);
  }

  /** The row that holds a live id and cannot be read. */
  unreadable(loopId: string): number | undefined {
    return this.#unreadable.get(loopId);
  }

  /** The present attempt of an active loop, by its id. */
  attempt(id: number): { readonly seq: number; readonly attempt: Attempt } | undefined {
    const seq = this.#byAttempt.get(id);
    const loop = seq === undefined ? undefined : this.loops.get(seq);
    return loop && isActive(loop) && loop.attempt.id === id ? { seq: loop.seq, attempt: loop.attempt } : undefined;
  }

  ledgerKeys(seq: number): ReadonlySet<string> | undefined {
    return this.#ledgerKeys.get(seq);
  }

  keepLedgerKeys(seq: number, keys: Iterable<string>): void {
    this.#ledgerKeys.set(seq, new Set(keys));
  }

  /** Takes over what others have written. A reading that is older than what is known changes nothing. */
  fold(reading: Reading): void {
    const isNews = !this.#head || reading.head.counter !== this.#head.counter;
    if (!reading.isWhole && reading.head.counter <= this.revision) return;
    this.#head = reading.head;
    this.windows = reading.windows;
    this.day = reading.day;
    this.#untold = reading.isWhole || this.#owesAll ? [] : [...this.#untold, ...reading.told];
    if (reading.isWhole) {
      this.loops.clear();
      this.#byId.clear();
      this.#byAttempt.clear();
      this.#unreadable.clear();
      this.#ledgerKeys.clear();
      this.#undelivered.clear();
      this.#owesAll = true;
    }
    for (const [seq, loop] of reading.loops) {
      this.#ledgerKeys.delete(seq);
      if (loop) this.put(loop);
      else this.remove(seq);
      if (!reading.isWhole) this.#undelivered.set(seq, loop);
    }
    for (const [loopId, seq] of reading.unreadable) {
      this.#unreadable.set(loopId, seq);
      this.#byId.set(loopId, seq);
    }
    if (reading.failed) this.failedIds.fill(reading.failed);
    if (isNews || reading.isWhole) this.#owesAny = true;
  }

  /** Shows a loop as it now is. */
  put(loop: Loop): void {
    this.remove(loop.seq);
    if (isFinished(loop)) {
      this.failedIds.put(loop);
      return;
    }
    this.failedIds.remove(loop.seq);
    this.loops.set(loop.seq, loop);
    this.#byId.set(loop.loopId, loop.seq);
    if (isActive(loop)) this.#byAttempt.set(loop.attempt.id, loop.seq);
    this.#unreadable.delete(loop.loopId);
  }

  remove(seq: number): void {
    const loop = this.loops.get(seq);
    this.loops.delete(seq);
    this.failedIds.remove(seq);
    if (loop && this.#byId.get(loop.loopId) === seq) this.#byId.delete(loop.loopId);
    if (loop && isActive(loop)) this.#byAttempt.delete(loop.attempt.id);
    for (const [loopId, unreadable] of this.#unreadable)
      if (unreadable === seq) {
        this.#unreadable.delete(loopId);
        this.#byId.delete(loopId);
      }
  }

  /** A transaction of this store was committed. */
  commit({ head, loops, windows, day, ledger }: Committed): void {
    this.#head = head;
    this.day = day;
    const others = this.windows.filter(({ id }) => !windows.has(id));
    const ours = [...windows.values()].filter((lease) => lease !== undefined);
    this.windows = [...others, ...ours].sort((a, b) => a.openedAt - b.openedAt || (a.id < b.id ? -1 : 1));
    for (const { seq, key } of ledger) this.#ledgerKeys.get(seq)?.add(key);
    for (const [seq, loop] of loops) {
      if (loop) this.put(loop);
      else this.remove(seq);
      // Lies on top of a change that the owner has not taken yet.
      if (this.#undelivered.has(seq)) this.#undelivered.set(seq, loop);
    }
  }

  /** What the owner has not taken yet; undefined if it has everything. */
  undelivered(): StoreChanges | undefined {
    if (!this.#owesAny) return undefined;
    const { control } = this.head;
    const events = this.#untold.flatMap((told) => told.events);
    const rest = {
      ...{ control, windows: this.windows },
      ...(this.day && { day: this.day }),
      ...(events.length > 0 && { events }),
    };
    if (this.#owesAll) {
      const live = new Set([...this.loops.keys(), ...this.#unreadable.values()]);
      return { loops: [...this.loops.values()].sort((a, b) => a.seq - b.seq), live, ...rest };
    }
    const loops: Loop[] = [];
    const gone: number[] = [];
    for (const [seq, loop] of this.#undelivered) {
      if (loop) loops.push(loop);
      else gone.push(seq);
    }
    return { loops, ...(gone.length > 0 && { gone }), ...rest };
  }

  /** The owner has taken everything. */
  delivered(): void {
    this.#owesAny = false;
    this.#owesAll = false;
    this.#undelivered.clear();
    this.#untold = [];
  }

  /** The owner has taken everything up to a change, and may have to take loops again. */
  deliveredTo(rev: number): void {
    this.#untold = this.#untold.filter((told) => told.rev > rev);
  }
}
