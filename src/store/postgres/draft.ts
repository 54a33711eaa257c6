import type { Json } from '../../core/model/agentEvent.ts';
import type { CheckResult } from '../../core/model/check.ts';
import { DuplicateLoopError, StoreError } from '../../core/model/errors.ts';
import type { SupervisorEvent } from '../../core/model/event.ts';
import {
  type Attempt,
  isActive,
  isFinished,
  type LedgerRow,
  type Loop,
  type Transition,
} from '../../core/model/loop.ts';
import type { NanoUsd } from '../../core/model/money.ts';
import type {
  Control,
  DaySpend,
  Removed,
  StoreChanges,
  StoreTransaction,
  WindowLease,
} from '../../core/ports/store.ts';
import type { LoopRecord } from '../moveLoops.ts';
import { asDispatched } from '../rows/attemptRow.ts';
import { unknownPart } from '../rows/ledgerRow.ts';
import { asEdited, asSubmitted } from '../rows/loopRow.ts';
import { ESTIMATED_FROM, hasKnownCost, medianOf } from '../rows/median.ts';
import type { Head, Mirror } from './mirror.ts';
import { type LoadedReads, MissingRead } from './reads.ts';

type Queued = Extract<Loop, { state: 'queued' }>;

/** A row of history, with its number and the attempt that begins with it. */
export interface HistoryEntry {
  readonly seq: number;
  readonly n: number;
  readonly attempt: number | null;
  readonly transition: Transition;
}

/** A loop as the transaction leaves it. */
interface DraftLoop {
  readonly loop: Loop;
  readonly isNew: boolean;
}

/** An attempt as the transaction leaves it. */
interface DraftAttempt {
  readonly seq: number;
  readonly attempt: Attempt;
  readonly isNew: boolean;
}

/** What a transaction writes. */
export class Writes {
  readonly loops = new Map<number, DraftLoop>();
  readonly attempts = new Map<number, DraftAttempt>();
  readonly prompts = new Map<number, string>();
  /** The attempt (`id`) of each loop from before which its attempts and history go. */
  readonly forgotten = new Map<number, number>();
  /** Loops that were edited before their first attempt. */
  readonly edited = new Map<number, Loop>();
  readonly history: HistoryEntry[] = [];
  readonly checks: { readonly seq: number; readonly n: number; readonly result: CheckResult }[] = [];
  readonly ledger: { readonly n: number; readonly row: LedgerRow }[] = [];
  readonly marks = new Map<string, DaySpend>();
  /** Leases that were saved; `undefined` for those that were released. */
  readonly windows = new Map<string, WindowLease | undefined>();
  readonly removed = new Set<number>();
  /** Rows of live loops that cannot be read and whose ids, the values, were submitted again. */
  readonly quarantined = new Map<number, string>();
  /** Loops that were written, removed, or whose attempt was. */
  readonly changed = new Set<number>();
  /** Loops that were moved here: the store they come from, and their `seq` there. */
  readonly imported: (readonly [source: string, seq: number])[] = [];
  readonly events: SupervisorEvent[] = [];
  readonly claims = new Set<string>();
  control: Control | undefined;
}

/**
 * One write transaction, made in memory: the work of the core runs against what is known and what was loaded, and its
 * writes are collected, to be sent in one round trip. Reads see the transaction's own writes. A read that was not
 * loaded throws `MissingRead`; the work then runs again.
 */
export class Draft implements StoreTransaction {
  readonly #mirror: Mirror;
  readonly #reads: LoadedReads;
  readonly #begun: Head;
  #counter: number;
  #finished: number;
  #failed: number;
  #hasReadChanges = false;
  #hasWritten = false;
  #isOver = false;
  /** The first read that was missing, even if the work swallowed the error. */
  missing: MissingRead | undefined;

  readonly writes = new Writes();
  /** Added attempts by the `seq` of their loop, until a row of its history records their id. */
  readonly #begunAttempts = new Map<number, Attempt>();

  constructor(mirror: Mirror, reads: LoadedReads) {
    this.#mirror = mirror;
    this.#reads = reads;
    this.#begun = mirror.head;
    ({ counter: this.#counter, finished: this.#finished, failed: this.#failed } = mirror.head);
  }

  /**
   * Ends the transaction: from now on every call throws. Returns the head row that it leaves, or undefined if it wrote
   * nothing.
   */
  finish(): Head | undefined {
    for (const seq of this.#begunAttempts.keys()) this.#noteBegun(seq);
    this.#isOver = true;
    if (!this.#hasWritten) return undefined;
    // Every transaction that writes has a number of its own, by which others hear of it and we find out whether it
    // landed.
    this.#next();
    const { control } = this.#begun;
    return {
      ...{ counter: this.#counter, finished: this.#finished, failed: this.#failed },
      control: this.writes.control ?? control,
    };
  }

  /** Up to which change its owner has taken what is new; undefined if it has not asked. */
  get takenTo(): number | undefined {
    return this.#hasReadChanges ? this.#begun.counter : undefined;
  }

  /** The changed loops as the transaction leaves them; `undefined` for those that it removed. */
  changedLoops(): Map<number, Loop | undefined> {
    const { loops, changed, removed, quarantined } = this.writes;
    const found = new Map<number, Loop | undefined>();
    for (const seq of changed) {
      const isGone = removed.has(seq) || quarantined.has(seq);
      const loop = isGone ? undefined : (loops.get(seq)?.loop ?? this.#mirror.loops.get(seq));
      // One whose attempt alone was written while it was no longer live has not changed itself.
      if (loop || isGone) found.set(seq, loop && this.#withAttempt(loop));
    }
    return found;
  }

  /** The latest day that has spend or marks, once the transaction is committed. */
  latestDay(): DaySpend | undefined {
    const days = [...this.writes.ledger.map(({ row }) => row.day), ...this.writes.marks.keys()];
    const latest = [...days, ...(this.#mirror.day ? [this.#mirror.day.day] : [])].sort().at(-1);
    return latest === undefined ? undefined : this.#dayWith(latest);
  }

  changes(): StoreChanges | undefined {
    this.#mustBeOpen();
    // We hold the lock, so nobody can have added anything since the first call.
    if (this.#hasReadChanges) return undefined;
    if (this.#hasWritten)
      throw new Error('changes() was called after a write of the same transaction: it would mix in its own changes.');
    this.#hasReadChanges = true;
    return this.#mirror.undelivered();
  }

  insertLoop(loop: Omit<Queued, 'seq' | 'place'>, prompt: string): Queued {
    this.#writing();
    const holder = this.#seqOf(loop.loopId);
    const unreadable = this.#mirror.unreadable(loop.loopId);
    if (holder !== undefined && holder !== unreadable) throw new DuplicateLoopError(loop.loopId);
    if (unreadable !== undefined && !this.writes.quarantined.has(unreadable)) {
      this.writes.quarantined.set(unreadable, loop.loopId);
      this.writes.changed.add(unreadable);
    }
    const seq = this.#next();
    const inserted: Queued = { ...loop, seq, place: seq };
    this.writes.loops.set(seq, { loop: inserted, isNew: true });
    this.writes.prompts.set(seq, prompt);
    this.writes.changed.add(seq);
    return inserted;
  }

  saveLoop(loop: Loop, transition?: Transition): void {
    this.#writing();
    const { seq } = loop;
    // A row that cannot be read is written over.
    const before = this.#mirror.unreadable(loop.loopId) === seq && !this.writes.loops.has(seq) ? loop : this.bySeq(seq);
    if (!before)
      throw new StoreError(
        'broken',
        `Loop ${loop.loopId} could not be written: it is no longer in the database. It may have been cleared from the history.`,
      );
    if (before !== loop) this.#count(before, -1);
    this.#count(loop, 1);
    this.writes.loops.set(seq, { loop: asSubmitted(loop, before), isNew: this.#isNew(seq) });
    this.writes.changed.add(seq);
    if (transition) this.addHistory(seq, transition);
  }

  saveSubmission(loop: Queued, prompt: string): void {
    this.#writing();
    const { seq } = loop;
    const before = this.bySeq(seq);
    if (!before || isFinished(before)) return;
    this.writes.loops.set(seq, { loop: asEdited(before, loop), isNew: this.#isNew(seq) });
    this.writes.edited.set(seq, loop);
    this.writes.prompts.set(seq, prompt);
    this.writes.changed.add(seq);
  }

  addHistory(seq: number, transition: Transition): void {
    this.#writing();
    const attempt = this.#begunAttempts.get(seq)?.id ?? null;
    this.writes.history.push({ seq, n: this.#next(), attempt, transition });
    this.#begunAttempts.delete(seq);
  }

  insertAttempt(seq: number, attempt: Omit<Attempt, 'id'>): Attempt {
    this.#noteBegun(seq);
    this.#writing();
    const inserted = { ...attempt, id: this.#next() };
    this.writes.attempts.set(inserted.id, { seq, attempt: inserted, isNew: true });
    this.#begunAttempts.set(seq, inserted);
    this.writes.changed.add(seq);
    return inserted;
  }

  saveAttempt(attempt: Attempt): boolean {
    return this.#writeAttempt(attempt.id, (before) => asDispatched(attempt, before));
  }

  advance(attemptId: number, from: number, to: number, readerState: Json | undefined): boolean {
    return this.#writeAttempt(attemptId, ({ readerState: _, ...before }) =>
      before.readOffset === from
        ? { ...before, readOffset: to, ...(readerState !== undefined && { readerState }) }
        : undefined,
    );
  }

  addLedger(row: LedgerRow): boolean {
    this.#writing();
    const isOurs = this.writes.ledger.some(({ row: { seq, key } }) => seq === row.seq && key === row.key);
    if (isOurs || this.#hasLedgerKey(row)) return false;
    this.writes.ledger.push({ n: this.#next(), row });
    return true;
  }

  addCheck(seq: number, result: CheckResult): void {
    this.#writing();
    this.writes.checks.push({ seq, n: this.#next(), result });
    this.writes.changed.add(seq);
  }

  saveDayMarks(day: DaySpend): void {
    this.#writing();
    this.writes.marks.set(day.day, day);
  }

  saveControl(control: Control): void {
    this.#writing();
    this.writes.control = control;
  }

  saveWindow(lease: WindowLease): void {
    this.#writing();
    this.writes.windows.set(lease.id, lease);
  }

  releaseWindow(id: string): void {
    this.#writing();
    this.writes.windows.set(id, undefined);
  }

  forgetAttempts(seq: number, before: number): void {
    this.#writing();
    this.writes.forgotten.set(seq, before);
    this.writes.changed.add(seq);
  }

  addEvents(events: readonly SupervisorEvent[]): void {
    this.#writing();
    this.writes.events.push(...events);
  }

  claim(key: string): void {
    this.#writing();
    this.writes.claims.add(key);
  }

  removeFinished(seqs: readonly number[]): Removed {
    this.#writing();
    const tokens: string[] = [];
    let loops = 0;
    for (const seq of seqs) {
      const loop = this.bySeq(seq);
      if (!loop || !isFinished(loop)) continue;
      tokens.push(...this.#read('tokens', seq));
      this.#count(loop, -1);
      this.writes.loops.delete(seq);
      this.writes.removed.add(seq);
      this.writes.changed.add(seq);
      loops++;
    }
    return { loops, tokens };
  }

  /**
   * Adds loops of another store, except those that were added before and those whose id a live loop has. Returns which
   * are here now.
   */
  importLoops(source: string, records: readonly LoopRecord[]): ReadonlySet<number> {
    this.#writing();
    const imported = this.#read('imported', source);
    const here = new Set<number>();
    for (const record of records) {
      const { seq, loopId } = record.loop;
      const isTaken = !isFinished(record.loop) && this.#seqOf(loopId) !== undefined;
      if (!imported.has(seq) && isTaken) continue;
      here.add(seq);
      if (imported.has(seq)) continue;
      this.writes.imported.push([source, seq]);
      this.#import(record);
    }
    return here;
  }

  #import({ loop, prompt, attempts, history, checks, ledger }: LoopRecord): void {
    const seq = this.#next();
    const place = loop.place === loop.seq ? seq : loop.place;
    this.writes.loops.set(seq, { loop: { ...loop, seq, place }, isNew: true });
    this.writes.prompts.set(seq, prompt);
    this.writes.changed.add(seq);
    this.#count(loop, 1);
    const ids = new Map<number, number>();
    for (const attempt of attempts) {
      const id = this.#next();
      ids.set(attempt.id, id);
      this.writes.attempts.set(id, { seq, attempt: { ...attempt, id }, isNew: true });
    }
    // Its own row says that it was submitted.
    for (const transition of history.filter(({ from }) => from !== 'new'))
      this.writes.history.push({ seq, n: this.#next(), attempt: null, transition });
    for (const result of checks) this.writes.checks.push({ seq, n: this.#next(), result });
    for (const { attemptId, ...row } of ledger) {
      const id = attemptId === undefined ? undefined : ids.get(attemptId);
      this.writes.ledger.push({ n: this.#next(), row: { ...row, seq, ...(id !== undefined && { attemptId: id }) } });
    }
  }

  // ── Reads ────────────────────────────────────────────────────────────────────────────────────────────────────

  day(day: string): DaySpend {
    this.#mustBeOpen();
    return this.#dayWith(day);
  }

  #dayWith(day: string): DaySpend {
    const { day: latest } = this.#mirror;
    const isLatest = latest?.day === day;
    // Nothing can be known of a day after the latest one.
    const known = isLatest || latest === undefined || latest.day < day;
    const base = isLatest
      ? latest
      : known
        ? { day, spent: 0, unknown: 0, warned: false, exceeded: false }
        : this.#read('day', day);
    const own = this.writes.ledger.filter(({ row }) => row.day === day);
    const unknown = own.reduce((sum, { row }) => sum + unknownPart(row), base.unknown);
    const spent = own.reduce((sum, { row }) => sum + row.cost - unknownPart(row), base.spent);
    const { warned, exceeded } = this.writes.marks.get(day) ?? base;
    return { day, spent, unknown, warned, exceeded };
  }

  latest(loopId: string): Loop | undefined {
    this.#mustBeOpen();
    const live = this.#seqOf(loopId);
    if (live !== undefined && live !== this.#mirror.unreadable(loopId)) return this.bySeq(live);
    const own = [...this.writes.loops.values()].findLast(({ loop }) => loop.loopId === loopId)?.loop;
    if (own) return own;
    const found = this.#read('latest', loopId);
    return found && this.bySeq(found.seq, found);
  }

  bySeq(seq: number, known?: Loop): Loop | undefined {
    this.#mustBeOpen();
    if (this.writes.removed.has(seq)) return undefined;
    const loop = this.writes.loops.get(seq)?.loop ?? this.#mirror.loops.get(seq) ?? known ?? this.#read('bySeq', seq);
    return loop && this.#withAttempt(loop);
  }

  prompt(seq: number): string {
    this.#mustBeOpen();
    return this.writes.removed.has(seq) ? '' : (this.writes.prompts.get(seq) ?? this.#read('prompt', seq));
  }

  attempts(seq: number): Attempt[] {
    this.#mustBeOpen();
    const own = new Map(
      [...this.writes.attempts.values()].filter((one) => one.seq === seq).map(({ attempt }) => [attempt.id, attempt]),
    );
    const stored = this.#isNew(seq) ? [] : this.#read('attempts', seq);
    const others = stored.filter(({ id }) => !own.has(id));
    return this.writes.removed.has(seq) ? [] : [...others, ...own.values()].sort((a, b) => a.id - b.id);
  }

  ledger(seq: number): LedgerRow[] {
    this.#mustBeOpen();
    if (this.writes.removed.has(seq)) return [];
    const stored = this.#isNew(seq) ? [] : this.#read('ledger', seq);
    return [...stored, ...this.writes.ledger.filter(({ row }) => row.seq === seq).map(({ row }) => row)];
  }

  checks(seq: number): CheckResult[] {
    this.#mustBeOpen();
    if (this.writes.removed.has(seq)) return [];
    const stored = this.#isNew(seq) ? [] : this.#read('checks', seq);
    return [...stored, ...this.writes.checks.filter((own) => own.seq === seq).map(({ result }) => result)];
  }

  medianCost(agent: string): NanoUsd | undefined {
    this.#mustBeOpen();
    const own = [...this.writes.loops.values()].map(({ loop }) => loop);
    const others = this.#read('medianCost', agent).filter(
      ({ seq }) => !this.writes.loops.has(seq) && !this.writes.removed.has(seq),
    );
    const ours = own.filter(isFinished).filter((loop) => loop.agent === agent && hasKnownCost(loop));
    const newest = [...others, ...ours].sort((a, b) => b.finishedAt - a.finishedAt || b.seq - a.seq);
    return medianOf(newest.slice(0, ESTIMATED_FROM).map(({ cost }) => cost));
  }

  claimed(key: string): boolean {
    this.#mustBeOpen();
    return this.writes.claims.has(key) || this.#read('claimed', key);
  }

  // ── Within ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** An active loop has its attempt as it is stored, whatever the saved record says of it. */
  #withAttempt(loop: Loop): Loop {
    if (!isActive(loop)) return loop;
    const { id } = loop.attempt;
    const stored = (this.writes.attempts.get(id) ?? this.#mirror.attempt(id))?.attempt;
    return stored ? { ...loop, attempt: stored } : loop;
  }

  /** The row that holds a live id. */
  #seqOf(loopId: string): number | undefined {
    for (const { loop } of this.writes.loops.values()) if (loop.loopId === loopId && !isFinished(loop)) return loop.seq;
    const seq = this.#mirror.seqOf(loopId);
    const own = seq === undefined ? undefined : this.writes.loops.get(seq);
    return own ? undefined : seq;
  }

  #writeAttempt(id: number, change: (before: Attempt) => Attempt | undefined): boolean {
    this.#writing();
    const own = this.writes.attempts.get(id) ?? this.#mirror.attempt(id) ?? this.#read('attempt', id);
    const next = own && !own.attempt.end ? change(own.attempt) : undefined;
    if (!own || !next) return false;
    const { seq } = own;
    this.writes.attempts.set(id, { seq, attempt: next, isNew: this.writes.attempts.get(id)?.isNew ?? false });
    this.writes.changed.add(seq);
    return true;
  }

  #isNew(seq: number): boolean {
    return this.writes.loops.get(seq)?.isNew ?? false;
  }

  #hasLedgerKey({ seq, key }: LedgerRow): boolean {
    if (this.#isNew(seq)) return false;
    const known = this.#mirror.ledgerKeys(seq);
    if (known) return known.has(key);
    const keys = this.#read('ledgerKeys', seq);
    this.#mirror.keepLedgerKeys(seq, keys);
    return keys.includes(key);
  }

  /**
   * Gives the last added attempt a row of its own if no other has recorded its id: otherwise its loop would not find
   * it.
   */
  #noteBegun(seq: number): void {
    const attempt = this.#begunAttempts.get(seq);
    if (attempt) this.addHistory(seq, { at: attempt.startedAt, from: 'queued', to: 'running', why: '' });
  }

  #count(loop: Loop, by: 1 | -1): void {
    if (!isFinished(loop)) return;
    this.#finished = Math.max(0, this.#finished + by);
    if (loop.state === 'failed' && !loop.cleared) this.#failed = Math.max(0, this.#failed + by);
  }

  #read: LoadedReads['get'] = (name, key) => {
    try {
      return this.#reads.get(name, key);
    } catch (error) {
      if (error instanceof MissingRead) this.missing ??= error;
      throw error;
    }
  };

  #next(): number {
    this.#counter++;
    return this.#counter;
  }

  #writing(): void {
    this.#mustBeOpen();
    this.#hasWritten = true;
  }

  #mustBeOpen(): void {
    if (this.#isOver) throw new Error('A transaction was used after its work had returned.');
  }
}
