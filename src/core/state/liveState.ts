import {
  type ActiveLoop,
  isActive,
  isFinished,
  type LiveLoop,
  type Loop,
  needsUser,
  outstandingOf,
  type PreparingLoop,
  payerOf,
  reservedOf,
} from '../model/loop.ts';
import type { NanoUsd } from '../model/money.ts';
import type { QueueOrder } from '../policy/queue.ts';
import type { Control, DaySpend, StoreChanges, WindowLease } from '../ports/store.ts';
import { CostEstimator } from './costEstimator.ts';
import { type LanePlacement, Lanes } from './lanes.ts';
import { gatesOf } from './sharedGates.ts';

export type QueuedLoop = Extract<Loop, { state: 'queued' }>;
/** A loop that goes on by itself at a time. */
export type TimedLoop = Extract<LiveLoop, { until: number }>;
export type UserLoop = Extract<LiveLoop, { for: 'you' }>;

const ONE_LANE_A_PROFILE: LanePlacement = {
  laneOf: ({ agent, estimate }) => ({ agent, needsMoney: estimate > 0 }),
  isHeld: () => false,
  isSameHold: () => false,
};

/**
 * All live loops in memory, with the sums that decisions need, kept up to date as they change and never recounted
 * (R2.5). Within a write transaction it is brought up to date with what other windows have written, so it is then
 * exactly what the store holds.
 */
export class LiveState {
  /** The control record with the gates that stand on this machine. */
  control: Control = { circuits: {}, gates: {}, paused: false };
  /** The control record as it is stored. */
  storedControl: Control = this.control;
  day: DaySpend = noSpend('');
  windows: ReadonlyMap<string, WindowLease> = new Map();
  readonly lanes: Lanes;
  readonly active = new Map<number, ActiveLoop>();
  /** Loops whose work trees are being made: they hold slots (R12.1). */
  readonly preparing = new Map<number, PreparingLoop>();
  readonly timed = new Map<number, TimedLoop>();
  /** Loops that only their user can make go on. */
  readonly needUser = new Map<number, UserLoop>();
  /** Reserved by loops that hold slots (R6.2). */
  runningReserved: NanoUsd = 0;
  /** What running attempts may still spend of their allowances (R6.8). */
  granted: NanoUsd = 0;
  /** What running attempts have spent beyond the ledger, by a first reckoning (R6.10). */
  accrued: NanoUsd = 0;
  readonly costEstimator = new CostEstimator();
  #timedReserved: NanoUsd = 0;
  /** Grows when finished loops may be others than they were: what was learned from them is then out of date. */
  finishedChanges = 0;
  readonly #loops = new Map<number, LiveLoop>();
  readonly #byId = new Map<string, number>();

  readonly #machine: string | undefined;

  /** `machine`: this one, where several share the store. */
  constructor(placement: LanePlacement = ONE_LANE_A_PROFILE, machine?: string) {
    this.#machine = machine;
    this.lanes = new Lanes(placement);
  }

  /** The queue in its order, parked loops included. */
  get queue(): QueueOrder<QueuedLoop> {
    return this.lanes.all;
  }

  /**
   * What loops reserve that can start, run, or wait for a time before the wall time `endOfDay` (R6.2). Parked ones
   * reserve nothing, and what waits for longer will cost another day.
   */
  reservedBefore(endOfDay: number): NanoUsd {
    let reserved = this.lanes.reserved + this.#timedReserved + this.runningReserved;
    for (const loop of this.timed.values())
      if (loop.state === 'waiting' && loop.until >= endOfDay) reserved -= reservedOf(loop);
    return reserved;
  }

  /** What counts against the limit of `day` by now (R6.2). */
  usedOn(day: string): NanoUsd {
    const { spent, unknown } = this.spentOn(day);
    return spent + unknown + this.accrued;
  }

  /** Queued loops that count against the depth (R2.2). */
  get depth(): number {
    return this.lanes.depth;
  }

  /** How many slots are taken (R3.1). */
  get slotsTaken(): number {
    return this.active.size + this.preparing.size;
  }

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

  /**
   * Puts a loop as it now is in place of what was known of it; a final one leaves. Returns what was known, for undoing.
   */
  put(loop: Loop): LiveLoop | undefined {
    const before = this.#loops.get(loop.seq);
    if (isFinished(loop)) return this.remove(loop.seq);
    if (before) this.#leaveGroup(before);
    this.#loops.set(loop.seq, loop);
    if (!before) this.#byId.set(loop.loopId, loop.seq);
    this.#joinGroup(loop);
    return before;
  }

  remove(seq: number): LiveLoop | undefined {
    const loop = this.#loops.get(seq);
    if (!loop) return undefined;
    this.#loops.delete(seq);
    // A later loop may have its id already.
    if (this.#byId.get(loop.loopId) === seq) this.#byId.delete(loop.loopId);
    this.#leaveGroup(loop);
    return loop;
  }

  /** Takes a loop out of what is known of those in its state. */
  #leaveGroup(loop: LiveLoop): void {
    const { seq } = loop;
    if (isActive(loop)) {
      this.active.delete(seq);
      this.#count(loop, -1);
    } else if (loop.state === 'preparing') {
      this.preparing.delete(seq);
      this.runningReserved -= reservedOf(loop);
    } else if (loop.state === 'queued') this.lanes.remove(loop);
    else if (needsUser(loop)) this.needUser.delete(seq);
    else {
      this.timed.delete(seq);
      this.#timedReserved -= reservedOf(loop);
    }
  }

  /** Shows a control record as it is stored. */
  showControl(stored: Control): void {
    this.storedControl = stored;
    this.control = this.#machine === undefined ? stored : { ...stored, gates: gatesOf(this.#machine, stored.gates) };
  }

  /** Takes over what other windows have written. */
  apply(changes: StoreChanges): void {
    this.showControl(changes.control);
    if (changes.day) this.day = changes.day;
    this.windows = new Map(changes.windows.map((lease) => [lease.id, lease]));
    this.lanes.refresh();
    const { loops, live, gone = [] } = changes;
    const left = live ? [...this.#loops.keys()].filter((seq) => !live.has(seq)) : gone;
    for (const seq of left) this.remove(seq);
    // A transaction that runs again gets the same ones again.
    for (const loop of loops) if (this.#loops.get(loop.seq) !== loop) this.put(loop);
    this.finishedChanges++;
  }

  /** Attempts that run as probes of the present generation of an account's circuit (R4.1). */
  probes(account: string): number {
    const generation = this.control.circuits[account]?.generation ?? 0;
    let probes = 0;
    for (const loop of this.active.values())
      if (loop.attempt.probe && payerOf(loop) === account && loop.attempt.generation === generation) probes++;
    return probes;
  }

  /** What was spent on `day`; another day than the last one known has no spend yet. */
  spentOn(day: string): DaySpend {
    return this.day.day === day ? this.day : noSpend(day);
  }

  #count(loop: ActiveLoop, by: 1 | -1): void {
    this.runningReserved += by * reservedOf(loop);
    this.granted += by * outstandingOf(loop);
    this.accrued += by * loop.attempt.accrued;
  }

  #joinGroup(loop: LiveLoop): void {
    if (isActive(loop)) {
      this.active.set(loop.seq, loop);
      this.#count(loop, 1);
    } else if (loop.state === 'preparing') {
      this.preparing.set(loop.seq, loop);
      this.runningReserved += reservedOf(loop);
    } else if (loop.state === 'queued') this.lanes.add(loop);
    else if (needsUser(loop)) this.needUser.set(loop.seq, loop);
    else {
      this.timed.set(loop.seq, loop);
      this.#timedReserved += reservedOf(loop);
    }
  }
}

function noSpend(day: string): DaySpend {
  return { day, spent: 0, unknown: 0, warned: false, exceeded: false };
}
