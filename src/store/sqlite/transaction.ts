import type { Json } from '../../core/model/agentEvent.ts';
import type { Attempt } from '../../core/model/attempt.ts';
import type { CheckResult } from '../../core/model/check.ts';
import { DuplicateLoopError } from '../../core/model/errors.ts';
import type { SupervisorEvent } from '../../core/model/event.ts';
import type { LedgerRow, Transition } from '../../core/model/history.ts';
import type { Loop } from '../../core/model/loop.ts';
import type { NanoUsd } from '../../core/model/money.ts';
import type { Control, DaySpend, Removed, StoreChanges, WindowLease } from '../../core/ports/store.ts';
import type { MoveTransaction } from '../move/movingStore.ts';
import type { Arrival, Departure, IdlePhase } from '../rows/departureRow.ts';
import type { ChangeFeed } from './changeFeed.ts';
import type { LastChange } from './changeTable.ts';
import { type Counted, countedAs } from './loopTable.ts';
import type { Tables } from './tables.ts';

type Queued = Extract<Loop, { state: 'queued' }>;

/** One write transaction, from its start to its commit. */
export class Transaction implements MoveTransaction {
  readonly #tables: Tables;
  readonly #feed: ChangeFeed;
  readonly #now: () => number;
  readonly #begun: LastChange;
  #counter: number;
  #finished: number;
  #failed: number;
  /** Loops that were written, or whose attempt was. */
  readonly #changed = new Set<number>();
  readonly #events: SupervisorEvent[] = [];
  /** Added attempts by the `seq` of their loop, until a row of its history records their id. */
  readonly #begunAttempts = new Map<number, Attempt>();
  #hasReadChanges = false;
  #hasWritten = false;
  #isOver = false;

  /** For the transaction that has just begun. */
  constructor(tables: Tables, feed: ChangeFeed, now: () => number) {
    this.#tables = tables;
    this.#feed = feed;
    this.#now = now;
    this.#begun = feed.begin();
    ({ counter: this.#counter, finished: this.#finished, failed: this.#failed } = this.#begun);
  }

  /** Writes what is due at the end of the transaction. Returns its last change. */
  finish(): LastChange {
    const { counter } = this.#begun;
    for (const seq of this.#begunAttempts.keys()) this.#noteBegun(seq);
    if (this.#changed.size > 0 || this.#events.length > 0) this.#next();
    if (this.#counter === counter) return this.#begun;
    const last = { counter: this.#counter, finished: this.#finished, failed: this.#failed };
    this.#tables.changes.add(counter, last, this.#changed, this.#events);
    return last;
  }

  /** From now on every call throws. */
  end(): void {
    this.#isOver = true;
  }

  changes(): StoreChanges | undefined {
    this.#mustBeOpen();
    // We hold the write lock, so nobody can have added anything since the first call.
    if (this.#hasReadChanges) return undefined;
    if (this.#hasWritten)
      throw new Error('changes() was called after a write of the same transaction: it would mix in its own changes.');
    this.#hasReadChanges = true;
    return this.#feed.read();
  }

  insertLoop(loop: Omit<Queued, 'seq' | 'place'>, prompt: string): Queued {
    const tables = this.#writing();
    const seq = this.#next();
    const inserted: Queued = { ...loop, seq, place: seq };
    if (!tables.loops.insert(inserted)) {
      const freed = tables.quarantine.free(loop.loopId, this.#now());
      if (freed === undefined || !tables.loops.insert(inserted)) throw new DuplicateLoopError(loop.loopId);
      this.#changed.add(freed);
    }
    tables.prompts.insert(seq, prompt);
    this.#changed.add(seq);
    return inserted;
  }

  saveLoop(loop: Loop, transition?: Transition): void {
    this.#count(this.#writing().loops.save(loop), -1);
    this.#count(countedAs(loop), 1);
    this.#changed.add(loop.seq);
    if (transition) this.addHistory(loop.seq, transition);
  }

  saveSubmission(loop: Queued, prompt: string): void {
    const { loops, prompts } = this.#writing();
    loops.saveUnstarted(loop);
    prompts.insert(loop.seq, prompt);
    this.#changed.add(loop.seq);
  }

  addHistory(seq: number, transition: Transition): void {
    this.#writing().history.add(seq, this.#next(), transition, this.#begunAttempts.get(seq)?.id ?? null);
    this.#begunAttempts.delete(seq);
  }

  insertAttempt(seq: number, attempt: Omit<Attempt, 'id'>): Attempt {
    this.#noteBegun(seq);
    const inserted = { ...attempt, id: this.#next() };
    const { attempts } = this.#writing();
    attempts.insert(seq, inserted);
    if (attempt.end) attempts.save(inserted);
    this.#begunAttempts.set(seq, inserted);
    this.#changed.add(seq);
    return inserted;
  }

  saveAttempt(seq: number, attempt: Attempt): boolean {
    return this.#touch(seq, this.#writing().attempts.save(attempt));
  }

  advance(seq: number, attemptId: number, from: number, to: number, readerState: Json | undefined): boolean {
    return this.#touch(seq, this.#writing().attempts.advance(attemptId, from, to, readerState));
  }

  addCheck(seq: number, result: CheckResult): void {
    this.#writing().checks.add(seq, this.#next(), result);
    this.#changed.add(seq);
  }

  checks(seq: number): CheckResult[] {
    return this.#reading().checks.ofLoop(seq);
  }

  addLedger(row: LedgerRow): boolean {
    return this.#writing().ledger.add(this.#next(), row);
  }

  day(day: string): DaySpend {
    return this.#reading().ledger.day(day);
  }

  saveDayMarks(day: DaySpend): void {
    this.#writing().ledger.mark(day);
  }

  saveControl(control: Control): void {
    this.#writing().head.saveControl(control, this.#now());
  }

  latest(loopId: string): Loop | undefined {
    return this.#reading().loops.latest(loopId);
  }

  bySeq(seq: number): Loop | undefined {
    return this.#reading().loops.bySeq(seq);
  }

  attempts(seq: number): Attempt[] {
    return this.#reading().attempts.ofLoop(seq);
  }

  ledger(seq: number): LedgerRow[] {
    return this.#reading().ledger.ofLoop(seq);
  }

  prompt(seq: number): string {
    return this.#reading().prompts.get(seq);
  }

  medianCost(agent: string): NanoUsd | undefined {
    return this.#reading().summaries.medianCost(agent);
  }

  saveWindow(lease: WindowLease): void {
    this.#writing().windows.save(lease);
  }

  releaseWindow(id: string): void {
    this.#writing().windows.release(id);
  }

  forgetAttempts(seq: number, before: number): void {
    this.#writing().removal.forgetAttempts(seq, before);
    this.#changed.add(seq);
  }

  addEvents(events: readonly SupervisorEvent[]): void {
    this.#writing();
    this.#events.push(...events);
  }

  claimed(key: string): boolean {
    return this.#reading().claims.has(key, this.#now());
  }

  claim(key: string): void {
    this.#writing().claims.add(key, this.#now());
  }

  addPiece(transfer: string, n: number, content: string): void {
    this.#writing().pieces.add(transfer, n, content);
  }

  removePieces(transfer: string): void {
    this.#writing().pieces.remove(transfer);
  }

  removeFinished(seqs: readonly number[]): Removed {
    const { removal } = this.#writing();
    const tokens: string[] = [];
    let loops = 0;
    for (const seq of seqs) {
      const removed = removal.remove(seq);
      if (!removed) continue;
      this.#count(removed.counted, -1);
      this.#changed.add(seq);
      tokens.push(...removed.tokens);
      loops++;
    }
    return { loops, tokens };
  }

  // ── Moves to and from other stores ───────────────────────────────────────────────────────────────────────────

  holderOf(loopId: string): number | undefined {
    return this.#reading().loops.holder(loopId)?.row.seq as number | undefined;
  }

  arrivals(source: string, seqs: readonly number[]): ReadonlyMap<number, Arrival> {
    return this.#reading().moves.arrivalsOf(source, seqs);
  }

  adopt(loop: Loop, prompt: string, into: number | undefined): number {
    const { loops, moves, prompts } = this.#writing();
    const before = into === undefined ? undefined : loops.bySeq(into);
    if (before) this.#count(countedAs(before), -1);
    const seq = into ?? this.#next();
    const adopted = { ...loop, seq, place: loop.place === loop.seq ? seq : loop.place };
    this.#count(countedAs(adopted), 1);
    moves.put(adopted, into === undefined);
    prompts.insert(seq, prompt);
    this.#changed.add(seq);
    return seq;
  }

  noteArrival(source: string, arrival: Arrival): void {
    this.#writing().moves.noteArrival(source, arrival);
  }

  noteDeparture(seq: number, target: string, phase: IdlePhase): Departure {
    const departure = { seq, n: this.#next(), target, phase };
    this.#writing().moves.noteDeparture(departure);
    return departure;
  }

  noteArrived(seq: number): void {
    this.#writing().moves.noteArrived(seq);
  }

  forgetDeparture(seq: number): void {
    this.#writing().moves.forgetDeparture(seq);
  }

  // ── Within ───────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Gives the last added attempt a row of its own if no other has recorded its id: otherwise its loop would not find
   * it.
   */
  #noteBegun(seq: number): void {
    const attempt = this.#begunAttempts.get(seq);
    if (attempt) this.addHistory(seq, { at: attempt.startedAt, from: 'queued', to: 'running', why: '' });
  }

  #count({ finished, failed }: Counted, by: 1 | -1): void {
    this.#finished = Math.max(0, this.#finished + by * finished);
    this.#failed = Math.max(0, this.#failed + by * failed);
  }

  /** Marks the loop of a written attempt as changed. Returns whether an attempt was written. */
  #touch(seq: number, isWritten: boolean): boolean {
    if (isWritten) this.#changed.add(seq);
    return isWritten;
  }

  #next(): number {
    this.#counter++;
    return this.#counter;
  }

  #reading(): Tables {
    this.#mustBeOpen();
    return this.#tables;
  }

  #writing(): Tables {
    this.#mustBeOpen();
    this.#hasWritten = true;
    return this.#tables;
  }

  #mustBeOpen(): void {
    if (this.#isOver) throw new Error('A transaction was used after its work had returned.');
  }
}
