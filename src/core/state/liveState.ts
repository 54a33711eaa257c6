import { CLOSED_CIRCUIT } from '../model/circuit.ts';
import {
  type ActiveLoop,
  isActive,
  isFinished,
  type LiveLoop,
  type Loop,
  needsUser,
  outstandingOf,
  reservedOf,
} from '../model/loop.ts';
import type { NanoUsd } from '../model/money.ts';
import { QueueOrder } from '../policy/queue.ts';
import type { AgentCatalog } from '../ports/agents.ts';
import type { Control, DaySpend, StoreChanges, WindowLease } from '../ports/store.ts';
import { CostEstimator } from './costEstimator.ts';

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
  day: DaySpend = noSpend('');
  windows: ReadonlyMap<string, WindowLease> = new Map();
  readonly queue = new QueueOrder<QueuedLoop>();
  readonly active = new Map<number, ActiveLoop>();
  readonly timed = new Map<number, TimedLoop>();
  /** Loops that only their user can make go on. */
  readonly needUser = new Map<number, UserLoop>();
  /** Reserved by running loops (R6.2). */
  runningReserved: NanoUsd = 0;
  /** What running attempts may still spend of their allowances (R6.8). */
  granted: NanoUsd = 0;
  /** What running attempts have spent beyond the ledger, by a first reckoning (R6.10). */
  accrued: NanoUsd = 0;
  /** How many queued loops each agent has. */
  readonly #queuedOf = new Map<string, number>();
  /** Reserved by all loops but those that wait. */
  #reserved: NanoUsd = 0;
  /** Queued loops that count against the depth (R2.2). */
  depth = 0;
  readonly costEstimator = new CostEstimator();
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
    this.#count(loop, -1);
    if (isActive(loop)) {
      this.active.delete(seq);
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
    return this.day.day === day ? this.day : noSpend(day);
  }

  /**
   * Reserved by all loops that may still cost something before the wall time `endOfDay` (R6.2): what waits for longer
   * will cost another day.
   */
  reservedBefore(endOfDay: number): NanoUsd {
    let reserved = this.#reserved;
    for (const loop of this.timed.values())
      if (loop.state === 'waiting' && loop.until < endOfDay) reserved += reservedOf(loop);
    return reserved;
  }

  /** Whether some queued loop has an agent without a cost, which never waits for money. */
  queuesWithoutCost(agents: AgentCatalog): boolean {
    for (const agent of this.#queuedOf.keys()) if (agents.find(agent)?.spending === 'never') return true;
    return false;
  }

  /** What counts against the limit of `day` by now (R6.2). */
  usedOn(day: string): NanoUsd {
    const { spent, unknown } = this.spentOn(day);
    return spent + unknown + this.accrued;
  }

  #count(loop: LiveLoop, by: 1 | -1): void {
    if (loop.state === 'queued') {
      const queued = (this.#queuedOf.get(loop.agent) ?? 0) + by;
      if (queued > 0) this.#queuedOf.set(loop.agent, queued);
      else this.#queuedOf.delete(loop.agent);
    }
    if (loop.state !== 'waiting') this.#reserved += by * reservedOf(loop);
    if (!isActive(loop)) return;
    this.runningReserved += by * reservedOf(loop);
    this.granted += by * outstandingOf(loop);
    this.accrued += by * loop.attempt.accrued;
  }

  #add(loop: LiveLoop): void {
    this.#loops.set(loop.seq, loop);
    this.#byId.set(loop.loopId, loop.seq);
    this.#count(loop, 1);
    if (isActive(loop)) {
      this.active.set(loop.seq, loop);
    } else if (loop.state === 'queued') {
      this.queue.add(loop);
      if (loop.fresh) this.depth++;
    } else if (needsUser(loop)) this.needUser.set(loop.seq, loop);
    else this.timed.set(loop.seq, loop);
  }
}

function noSpend(day: string): DaySpend {
  return { day, spent: 0, unknown: 0, warned: false, exceeded: false };
}
