import type { Json } from '../../core/model/agentEvent.ts';
import type { Attempt } from '../../core/model/attempt.ts';
import type { CheckResult } from '../../core/model/check.ts';
import { DuplicateLoopError, StoreError } from '../../core/model/errors.ts';
import type { SupervisorEvent } from '../../core/model/event.ts';
import type { LedgerRow, Transition } from '../../core/model/history.ts';
import { isFinished, type Loop } from '../../core/model/loop.ts';
import type { Control, DaySpend, Removed, StoreChanges, WindowLease } from '../../core/ports/store.ts';
import type { MoveTransaction } from '../move/movingStore.ts';
import { asDispatched } from '../rows/attemptRow.ts';
import type { Arrival, Departure, IdlePhase } from '../rows/departureRow.ts';
import { asEdited, asSubmitted } from '../rows/loopRow.ts';
import { DraftReads } from './draftReads.ts';
import { arrivalsKey, type LoadedReads } from './reads.ts';
import type { Replica, StoreHead } from './replica.ts';

type Queued = Extract<Loop, { state: 'queued' }>;

/**
 * One write transaction, made in memory: the work of the core runs against what is known and what was loaded, and its
 * writes are collected, to be sent in one round trip. Reads see the transaction's own writes. A read that was not
 * loaded throws `MissingRead`; the work then runs again.
 */
export class Draft extends DraftReads implements MoveTransaction {
  readonly #begun: StoreHead;
  #counter: number;
  #finished: number;
  #failed: number;
  #hasReadChanges = false;
  #hasWritten = false;

  /** Added attempts by the `seq` of their loop, until a row of its history records their id. */
  readonly #begunAttempts = new Map<number, Attempt>();

  constructor(replica: Replica, loaded: LoadedReads) {
    super(replica, loaded);
    this.#begun = replica.head;
    ({ counter: this.#counter, finished: this.#finished, failed: this.#failed } = replica.head);
  }

  /**
   * Ends the transaction: from now on every call throws. Returns the head row that it leaves, or undefined if it wrote
   * nothing.
   */
  finish(): StoreHead | undefined {
    for (const seq of this.#begunAttempts.keys()) this.#noteBegun(seq);
    this.isOver = true;
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
      const loop = isGone ? undefined : (loops.get(seq)?.loop ?? this.replica.loops.get(seq));
      // One whose attempt alone was written while it was no longer live has not changed itself.
      if (loop || isGone) found.set(seq, loop && this.withAttempt(loop));
    }
    return found;
  }

  /** The latest day that has spend or marks, once the transaction is committed. */
  latestDay(): DaySpend | undefined {
    const days = [...this.writes.ledger.map(({ row }) => row.day), ...this.writes.marks.keys()];
    const latest = [...days, ...(this.replica.day ? [this.replica.day.day] : [])].sort().at(-1);
    return latest === undefined ? undefined : this.spendOn(latest);
  }

  changes(): StoreChanges | undefined {
    this.mustBeOpen();
    // We hold the lock, so nobody can have added anything since the first call.
    if (this.#hasReadChanges) return undefined;
    if (this.#hasWritten)
      throw new Error('changes() was called after a write of the same transaction: it would mix in its own changes.');
    this.#hasReadChanges = true;
    return this.replica.undelivered();
  }

  insertLoop(loop: Omit<Queued, 'seq' | 'place'>, prompt: string): Queued {
    this.#writing();
    const holder = this.seqOf(loop.loopId);
    const unreadable = this.replica.unreadable(loop.loopId);
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
    const before = this.replica.unreadable(loop.loopId) === seq && !this.writes.loops.has(seq) ? loop : this.bySeq(seq);
    if (!before)
      throw new StoreError(
        'broken',
        `Loop ${loop.loopId} could not be written: it is no longer in the database. It may have been cleared from the history.`,
      );
    if (before !== loop) this.#count(before, -1);
    this.#count(loop, 1);
    this.writes.loops.set(seq, { loop: asSubmitted(loop, before), isNew: this.isNew(seq) });
    this.writes.changed.add(seq);
    if (transition) this.addHistory(seq, transition);
  }

  saveSubmission(loop: Queued, prompt: string): void {
    this.#writing();
    const { seq } = loop;
    const before = this.bySeq(seq);
    if (!before || isFinished(before)) return;
    this.writes.loops.set(seq, { loop: asEdited(before, loop), isNew: this.isNew(seq) });
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
    if (this.hasLedgerKey(row)) return false;
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

  addPiece(transfer: string, n: number, content: string): void {
    this.#writing();
    this.writes.pieces.push({ transfer, n, content });
  }

  removePieces(transfer: string): void {
    this.#writing();
    this.writes.pieces.splice(0, Infinity, ...this.writes.pieces.filter((piece) => piece.transfer !== transfer));
    this.writes.taken.add(transfer);
  }

  removeFinished(seqs: readonly number[]): Removed {
    this.#writing();
    const tokens: string[] = [];
    let loops = 0;
    for (const seq of seqs) {
      const loop = this.bySeq(seq);
      if (!loop || !isFinished(loop)) continue;
      tokens.push(...this.load('tokens', seq));
      this.#count(loop, -1);
      this.writes.loops.delete(seq);
      this.writes.removed.add(seq);
      this.writes.changed.add(seq);
      loops++;
    }
    return { loops, tokens };
  }

  // ── Moves to and from other stores ───────────────────────────────────────────────────────────────────────────

  holderOf(loopId: string): number | undefined {
    this.mustBeOpen();
    return this.seqOf(loopId);
  }

  arrivals(source: string, seqs: readonly number[]): ReadonlyMap<number, Arrival> {
    this.mustBeOpen();
    return this.load('arrivals', arrivalsKey(source, seqs));
  }

  adopt(loop: Loop, prompt: string, into: number | undefined): number {
    this.#writing();
    const before = into === undefined ? undefined : this.bySeq(into);
    if (before) this.#count(before, -1);
    const seq = into ?? this.#next();
    const adopted = { ...loop, seq, place: loop.place === loop.seq ? seq : loop.place };
    this.#count(adopted, 1);
    this.writes.loops.set(seq, { loop: adopted, isNew: into === undefined });
    if (into !== undefined) this.writes.edited.set(seq, adopted);
    this.writes.prompts.set(seq, prompt);
    this.writes.changed.add(seq);
    return seq;
  }

  noteArrival(source: string, arrival: Arrival): void {
    this.#writing();
    this.writes.arrivals.push({ ...arrival, source });
  }

  noteDeparture(seq: number, target: string, phase: IdlePhase): Departure {
    this.#writing();
    const departure = { seq, n: this.#next(), target, phase };
    this.writes.departures.set(seq, departure);
    return departure;
  }

  noteArrived(seq: number): void {
    this.#writing();
    this.writes.arrived.add(seq);
  }

  forgetDeparture(seq: number): void {
    this.#writing();
    this.writes.departures.set(seq, undefined);
  }

  // ── Within ───────────────────────────────────────────────────────────────────────────────────────────────────

  #writeAttempt(id: number, change: (before: Attempt) => Attempt | undefined): boolean {
    this.#writing();
    const own = this.attempt(id);
    const next = own && !own.attempt.end ? change(own.attempt) : undefined;
    if (!own || !next) return false;
    const { seq } = own;
    this.writes.attempts.set(id, { seq, attempt: next, isNew: this.writes.attempts.get(id)?.isNew ?? false });
    this.writes.changed.add(seq);
    return true;
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

  #next(): number {
    this.#counter++;
    return this.#counter;
  }

  #writing(): void {
    this.mustBeOpen();
    this.#hasWritten = true;
  }
}
