import type { Loop } from '../../core/model/loop.ts';
import type { DaySpend, StoreChanges } from '../../core/ports/store.ts';
import type { MoveTransaction } from '../move/movingStore.ts';
import type { Arrival, Departure, IdlePhase } from '../rows/departureRow.ts';
import { DraftWrites } from './draftWrites.ts';
import { arrivalsKey, type LoadedReads } from './reads.ts';
import type { Replica, StoreHead } from './replica.ts';

/**
 * One write transaction, made in memory: the work of the core runs against what is known and what was loaded, and its
 * writes are collected, to be sent in one round trip. Reads see the transaction's own writes. A read that was not
 * loaded throws `MissingRead`; the work then runs again.
 */
export class Draft extends DraftWrites implements MoveTransaction {
  readonly #begun: StoreHead;
  #hasReadChanges = false;

  constructor(replica: Replica, loaded: LoadedReads) {
    super(replica, loaded);
    this.#begun = replica.head;
  }

  /**
   * Ends the transaction: from now on every call throws. Returns the head row that it leaves, or undefined if it wrote
   * nothing.
   */
  finish(): StoreHead | undefined {
    for (const seq of this.begunAttempts.keys()) this.noteBegun(seq);
    this.isOver = true;
    if (!this.hasWritten) return undefined;
    // Every transaction that writes has a number of its own, by which others hear of it and we find out whether it
    // landed.
    this.next();
    const { control } = this.#begun;
    return {
      ...{ counter: this.counter, finished: this.finished, failed: this.failed },
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
    if (this.hasWritten)
      throw new Error('changes() was called after a write of the same transaction: it would mix in its own changes.');
    this.#hasReadChanges = true;
    return this.replica.undelivered();
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
    this.writing();
    const before = into === undefined ? undefined : this.bySeq(into);
    if (before) this.count(before, -1);
    const seq = into ?? this.next();
    const adopted = { ...loop, seq, place: loop.place === loop.seq ? seq : loop.place };
    this.count(adopted, 1);
    this.writes.loops.set(seq, { loop: adopted, isNew: into === undefined });
    if (into !== undefined) this.writes.edited.set(seq, adopted);
    this.writes.prompts.set(seq, prompt);
    this.writes.changed.add(seq);
    return seq;
  }

  noteArrival(source: string, arrival: Arrival): void {
    this.writing();
    this.writes.arrivals.push({ ...arrival, source });
  }

  noteDeparture(seq: number, target: string, phase: IdlePhase): Departure {
    this.writing();
    const departure = { seq, n: this.next(), target, phase };
    this.writes.departures.set(seq, departure);
    return departure;
  }

  noteArrived(seq: number): void {
    this.writing();
    this.writes.arrived.add(seq);
  }

  forgetDeparture(seq: number): void {
    this.writing();
    this.writes.departures.set(seq, undefined);
  }
}
