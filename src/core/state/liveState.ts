import { CLOSED_CIRCUIT } from '../model/circuit.ts';
import {
  type ActiveLoop,
  isActive,
  isFinished,
  type LiveLoop,
  type Loop,
  needsUser,
  reservedOf,
} from '../model/loop.ts';
import type { NanoUsd } from '../model/money.ts';
import { QueueOrder } from '../policy/queue.ts';
import type { Control, DaySpend, StoreChanges, WindowLease } from '../ports/store.ts';

export type QueuedLoop = Extract<Loop, { state: 'queued' }>;
/** A loop that goes on by itself at a time. */
export type TimedLoop = Extract<LiveLoop, { until: number }>;
export type UserLoop = Extract<LiveLoop, { for: 'you' }>;

/**
 * All live loops in memory, with the sums that decisions need, kept as they change and never counted anew (R2.5). Within a write
 * transaction it is brought up to date with what other windows have written, so it is then exactly what the store holds.
 */
export class LiveState {
  control: Control = { circuit: CLOSED_CIRCUIT, paused: false, holds: {} };
  day: DaySpend = { day: '', spent: 0, warned: false, exceeded: false };
  windows: ReadonlyMap<string, WindowLease> = new Map();
  readonly queue = new QueueOrder<QueuedLoop>();
  readonly active = new Map<number, ActiveLoop>();
  readonly timed = new Map<number, TimedLoop>();
  /** Loops that only their user can make go on. */
  readonly needUser = new Map<number, UserLoop>();
  /** Held by all live loops (R6.2). */
  reserved: NanoUsd = 0;
  /** Held by running loops. */
  runningReserved: NanoUsd = 0;
  /** Queued loops that count against the depth (R2.2). */
  depth = 0;
  /** Grows when finished loops may be others than they were: what was learned from them is then out of date. */
  finishedChanges = 0;
  readonly #loops = new Map<number, LiveLoop>();
  readonly #byId = new Map<string, number>();

  /** How many loops are live. */
  get size(): number {
    return this.#loops.size;
  }

  /** All live loops, in no particular order. */
  loops(): Iterable<LiveLoop> {
    return this.#loops.values();
  }

  get(seq: number): LiveLoop | undefined {
    return this.#loops.get(seq);
  }

  find(loopId: string): LiveLoop | undefined {
    const seq = this.#byId.get(loopId);
    return seq === undefined ? undefined : this.#loops.get(seq);
  }

  /** Puts a loop as it now is in place of what was known of it; a final one leaves. Answers what was known, for undoing. */
  put(loop: Loop): LiveLoop | undefined {
    const before = this.remove(loop.seq);
    if (!isFinished(loop)) this.#add(loop);
    return before;
  }

  remove(seq: number): LiveLoop | undefined {
    const loop = this.#loops.get(seq);
    if (!loop) return undefined;
    this.#loops.delete(seq);
    this.#byId.delete(loop.loopId);
    this.reserved -= reservedOf(loop);
    if (isActive(loop)) {
      this.active.delete(seq);
      this.runningReserved -= reservedOf(loop);
    } else if (loop.state === 'queued') {
      this.queue.remove(loop);
      if (loop.fresh) this.depth--;
    } else {
      this.timed.delete(seq);
      this.needUser.delete(seq);
    }
    return loop;
  }

  /** Takes over what other windows have written. */
  apply(changes: StoreChanges): void {
    this.control = changes.control;
    if (changes.day) this.day = changes.day;
    this.windows = new Map(changes.windows.map((lease) => [lease.id, lease]));
    const { loops, live, gone = [] } = changes;
    const left = live ? [...this.#loops.keys()].filter((seq) => !live.has(seq)) : gone;
    for (const seq of left) this.remove(seq);
    for (const loop of loops) this.put(loop);
    this.finishedChanges++;
  }

  /** Attempts that run as probes of the circuit's present generation (R4.1). */
  probes(): number {
    let probes = 0;
    for (const { attempt } of this.active.values())
      if (attempt.probe && attempt.generation === this.control.circuit.generation) probes++;
    return probes;
  }

  /** What was spent on `day`; another day than the last one known has no spend yet. */
  spentOn(day: string): DaySpend {
    return this.day.day === day ? this.day : { day, spent: 0, warned: false, exceeded: false };
  }

  #add(loop: LiveLoop): void {
    this.#loops.set(loop.seq, loop);
    this.#byId.set(loop.loopId, loop.seq);
    this.reserved += reservedOf(loop);
    if (isActive(loop)) {
      this.active.set(loop.seq, loop);
      this.runningReserved += reservedOf(loop);
    } else if (loop.state === 'queued') {
      this.queue.add(loop);
      if (loop.fresh) this.depth++;
    } else if (needsUser(loop)) this.needUser.set(loop.seq, loop);
    else this.timed.set(loop.seq, loop);
  }
}
