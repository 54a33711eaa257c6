import type { Json } from '../../core/model/agentEvent.ts';
import type { Attempt } from '../../core/model/attempt.ts';
import type { CheckResult } from '../../core/model/check.ts';
import { DuplicateLoopError, StoreError } from '../../core/model/errors.ts';
import type { SupervisorEvent } from '../../core/model/event.ts';
import type { LedgerRow, Transition } from '../../core/model/history.ts';
import { isFinished, type Loop } from '../../core/model/loop.ts';
import type { Control, DaySpend, Removed, StoreTransaction, WindowLease } from '../../core/ports/store.ts';
import { asDispatched } from '../rows/attemptRow.ts';
import { asEdited, asSubmitted } from '../rows/loopRow.ts';
import { DraftReads } from './draftReads.ts';
import type { LoadedReads } from './reads.ts';
import type { Replica } from './replica.ts';

type Queued = Extract<Loop, { state: 'queued' }>;

/** What a transaction writes: collected in `writes`, and numbered and counted as the head row will have it. */
export class DraftWrites extends DraftReads implements Omit<StoreTransaction, 'changes'> {
  protected counter: number;
  protected finished: number;
  protected failed: number;
  protected hasWritten = false;
  /** Added attempts by the `seq` of their loop, until a row of its history records their id. */
  protected readonly begunAttempts = new Map<number, Attempt>();

  constructor(replica: Replica, loaded: LoadedReads) {
    super(replica, loaded);
    ({ counter: this.counter, finished: this.finished, failed: this.failed } = replica.head);
  }

  insertLoop(loop: Omit<Queued, 'seq' | 'place'>, prompt: string): Queued {
    this.writing();
    const holder = this.seqOf(loop.loopId);
    const unreadable = this.replica.unreadable(loop.loopId);
    if (holder !== undefined && holder !== unreadable) throw new DuplicateLoopError(loop.loopId);
    if (unreadable !== undefined && !this.writes.quarantined.has(unreadable)) {
      this.writes.quarantined.set(unreadable, loop.loopId);
      this.writes.changed.add(unreadable);
    }
    const seq = this.next();
    const inserted: Queued = { ...loop, seq, place: seq };
    this.writes.loops.set(seq, { loop: inserted, isNew: true });
    this.writes.prompts.set(seq, prompt);
    this.writes.changed.add(seq);
    return inserted;
  }

  saveLoop(loop: Loop, transition?: Transition): void {
    this.writing();
    const { seq } = loop;
    // A row that cannot be read is written over.
    const before = this.replica.unreadable(loop.loopId) === seq && !this.writes.loops.has(seq) ? loop : this.bySeq(seq);
    if (!before)
      throw new StoreError(
        'broken',
        `Loop ${loop.loopId} could not be written: it is no longer in the database. ` +
          'It may have been cleared from the history.',
      );
    if (before !== loop) this.count(before, -1);
    this.count(loop, 1);
    this.writes.loops.set(seq, { loop: asSubmitted(loop, before), isNew: this.isNew(seq) });
    this.writes.changed.add(seq);
    if (transition) this.addHistory(seq, transition);
  }

  saveSubmission(loop: Queued, prompt: string): void {
    this.writing();
    const { seq } = loop;
    const before = this.bySeq(seq);
    if (!before || isFinished(before)) return;
    this.writes.loops.set(seq, { loop: asEdited(before, loop), isNew: this.isNew(seq) });
    this.writes.edited.set(seq, loop);
    this.writes.prompts.set(seq, prompt);
    this.writes.changed.add(seq);
  }

  addHistory(seq: number, transition: Transition): void {
    this.writing();
    const attempt = this.begunAttempts.get(seq)?.id ?? null;
    this.writes.history.push({ seq, n: this.next(), attempt, transition });
    this.begunAttempts.delete(seq);
  }

  insertAttempt(seq: number, attempt: Omit<Attempt, 'id'>): Attempt {
    this.noteBegun(seq);
    this.writing();
    const inserted = { ...attempt, id: this.next() };
    this.writes.attempts.set(inserted.id, { seq, attempt: inserted, isNew: true });
    this.begunAttempts.set(seq, inserted);
    this.writes.changed.add(seq);
    return inserted;
  }

  saveAttempt(seq: number, attempt: Attempt): boolean {
    return this.#writeAttempt(seq, attempt.id, (before) => asDispatched(attempt, before));
  }

  advance(seq: number, attemptId: number, from: number, to: number, readerState: Json | undefined): boolean {
    return this.#writeAttempt(seq, attemptId, ({ readerState: _, ...before }) =>
      before.readOffset === from
        ? { ...before, readOffset: to, ...(readerState !== undefined && { readerState }) }
        : undefined,
    );
  }

  addLedger(row: LedgerRow): boolean {
    this.writing();
    if (this.hasLedgerKey(row)) return false;
    this.writes.ledger.push({ n: this.next(), row });
    return true;
  }

  addCheck(seq: number, result: CheckResult): void {
    this.writing();
    this.writes.checks.push({ seq, n: this.next(), result });
    this.writes.changed.add(seq);
  }

  saveDayMarks(day: DaySpend): void {
    this.writing();
    this.writes.marks.set(day.day, day);
  }

  saveControl(control: Control): void {
    this.writing();
    this.writes.control = control;
  }

  saveWindow(lease: WindowLease): void {
    this.writing();
    this.writes.windows.set(lease.id, lease);
  }

  releaseWindow(id: string): void {
    this.writing();
    this.writes.windows.set(id, undefined);
  }

  forgetAttempts(seq: number, before: number): void {
    this.writing();
    this.writes.forgotten.set(seq, before);
    this.writes.changed.add(seq);
  }

  addEvents(events: readonly SupervisorEvent[]): void {
    this.writing();
    this.writes.events.push(...events);
  }

  claim(key: string): void {
    this.writing();
    this.writes.claims.add(key);
  }

  addPiece(transfer: string, n: number, content: string): void {
    this.writing();
    this.writes.pieces.push({ transfer, n, content });
  }

  removePieces(transfer: string): void {
    this.writing();
    this.writes.pieces.splice(0, Infinity, ...this.writes.pieces.filter((piece) => piece.transfer !== transfer));
    this.writes.taken.add(transfer);
  }

  removeFinished(seqs: readonly number[]): Removed {
    this.writing();
    const tokens: string[] = [];
    let loops = 0;
    for (const seq of seqs) {
      const loop = this.bySeq(seq);
      if (!loop || !isFinished(loop)) continue;
      tokens.push(...this.load('tokens', seq));
      this.count(loop, -1);
      this.writes.loops.delete(seq);
      this.writes.removed.add(seq);
      this.writes.changed.add(seq);
      loops++;
    }
    return { loops, tokens };
  }

  // ── Within ───────────────────────────────────────────────────────────────────────────────────────────────────

  #writeAttempt(seq: number, id: number, change: (before: Attempt) => Attempt | undefined): boolean {
    this.writing();
    const before = this.attempt(id)?.attempt;
    const next = before && !before.end ? change(before) : undefined;
    if (!next) return false;
    this.writes.attempts.set(id, { seq, attempt: next, isNew: this.writes.attempts.get(id)?.isNew ?? false });
    this.writes.changed.add(seq);
    return true;
  }

  /**
   * Gives the last added attempt a row of its own if no other has recorded its id: otherwise its loop would not find
   * it.
   */
  protected noteBegun(seq: number): void {
    const attempt = this.begunAttempts.get(seq);
    if (attempt) this.addHistory(seq, { at: attempt.startedAt, from: 'queued', to: 'running', why: '' });
  }

  protected count(loop: Loop, by: 1 | -1): void {
    if (!isFinished(loop)) return;
    this.finished = Math.max(0, this.finished + by);
    if (loop.state === 'failed' && !loop.cleared) this.failed = Math.max(0, this.failed + by);
  }

  protected next(): number {
    this.counter++;
    return this.counter;
  }

  protected writing(): void {
    this.mustBeOpen();
    this.hasWritten = true;
  }
}
