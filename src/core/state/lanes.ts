import { reservedOf } from '../model/loop.ts';
import type { NanoUsd } from '../model/money.ts';
import { isBefore, QueueOrder } from '../policy/queue.ts';
import type { QueuedLoop } from './liveState.ts';

/** Why a loop is parked for itself: whatever its account allows, it cannot start (R2.2). */
export type LaneReason = 'window' | 'folder' | 'budget' | 'absence' | 'memory';

/**
 * Which loops can start only together: those of one profile, of one of its folders that has a gate of its own, or those
 * that are parked for the same reason. `of` tells apart parked loops with the same kind of reason: the folder, the
 * window.
 */
export type LaneId = ProfileLane | { readonly parked: LaneReason; readonly of: string };

/** Loops of a profile, those that need money apart from those that do not. */
export interface ProfileLane {
  readonly agent: string;
  readonly needsMoney: boolean;
  readonly folder?: string;
}

/** Decides where queued loops belong. It may change its mind: `relane` then asks again. */
export interface LanePlacement {
  laneOf(loop: QueuedLoop): LaneId;
  /** Whether all loops of a profile's lane are held. */
  isHeld(lane: ProfileLane): boolean;
  /** Whether two held lanes are held for the same reason. */
  isSameHold(one: ProfileLane, other: ProfileLane): boolean;
  /** Places loops again if what they are placed by has changed. */
  refresh?(): void;
}

/**
 * Loops of the queue that can start at present, or cannot for one and the same reason; with the sums that decisions
 * need.
 */
export class Lane {
  readonly id: LaneId;
  readonly order = new QueueOrder<QueuedLoop>();
  reserved: NanoUsd = 0;
  /** Loops that were never admitted before: what counts against submits that would be parked in the same lane. */
  fresh = 0;
  /** Those of them that were never parked: what counts against the depth of the queue (R2.2). */
  readonly counted = new Set<QueuedLoop>();

  constructor(id: LaneId) {
    this.id = id;
  }

  add(loop: QueuedLoop): void {
    this.order.add(loop);
    this.reserved += reservedOf(loop);
    if (loop.fresh) this.fresh++;
    if (loop.fresh && !loop.wasParked) this.counted.add(loop);
  }

  remove(loop: QueuedLoop): void {
    if (!this.order.remove(loop)) return;
    this.reserved -= reservedOf(loop);
    if (loop.fresh) this.fresh--;
    this.counted.delete(loop);
  }
}

/**
 * The queue as a whole, for places, and split into lanes, so that what cannot start is never looked at to find what can
 * (R2.5).
 */
export class Lanes {
  readonly all = new QueueOrder<QueuedLoop>();
  readonly #lanes = new Map<string, Lane>();
  /** Lanes of profiles: few, whatever is queued. */
  readonly #ofProfiles = new Map<string, Lane>();
  readonly #laneOfLoop = new Map<number, Lane>();
  /** Parked lanes with loops that count against the depth as if they were not. */
  readonly #newlyParked = new Set<Lane>();
  readonly #placement: LanePlacement;

  constructor(placement: LanePlacement) {
    this.#placement = placement;
  }

  add(loop: QueuedLoop): void {
    this.all.add(loop);
    this.#place(loop);
  }

  remove(loop: QueuedLoop): void {
    this.all.remove(loop);
    this.#displace(loop);
  }

  /** Lanes of profiles, parked as a whole or not. */
  ofProfiles(): Iterable<Lane> {
    return this.#ofProfiles.values();
  }

  laneOf(loop: QueuedLoop): Lane | undefined {
    return this.#laneOfLoop.get(loop.seq);
  }

  isParked(lane: Lane): boolean {
    return 'parked' in lane.id || this.isHeld(lane.id);
  }

  /** Whether a profile's loops are held, as far as they are in that lane. */
  isHeld(lane: ProfileLane): boolean {
    return this.#placement.isHeld(lane);
  }

  /** How many loops were never admitted before and are parked for the same reason as those of that lane. */
  freshBeside(lane: Lane): number {
    const { id } = lane;
    if ('parked' in id) return lane.fresh;
    let fresh = 0;
    for (const other of this.#ofProfiles.values())
      if (other === lane || this.#placement.isSameHold(other.id as ProfileLane, id)) fresh += other.fresh;
    return fresh;
  }

  /** Of all loops that can start (R6.2). */
  get reserved(): NanoUsd {
    return this.#sum((lane) => lane.reserved);
  }

  /** How many count against the depth of the queue (R2.2). */
  get depth(): number {
    return this.#sum((lane) => lane.counted.size);
  }

  /** How many loops are parked. */
  get parked(): number {
    return this.all.size - this.#sum((lane) => lane.order.size);
  }

  /** What loops are placed by may have changed: gates, windows, folders. */
  refresh(): void {
    this.#placement.refresh?.();
  }

  /** The loops of those profiles' lanes in the order of the queue that are open at that moment. */
  *inOrder(isOpen: (lane: ProfileLane) => boolean): Iterable<[QueuedLoop, ProfileLane]> {
    const heads = [...this.#ofProfiles.values()].map(({ id, order }) => {
      const rest = order[Symbol.iterator]();
      return { id: id as ProfileLane, rest, next: rest.next() };
    });
    for (;;) {
      let first: (typeof heads)[number] | undefined;
      for (const head of heads) {
        if (head.next.done || !isOpen(head.id)) continue;
        if (!first || first.next.done || isBefore(head.next.value, first.next.value)) first = head;
      }
      if (!first || first.next.done) return;
      const loop = first.next.value;
      first.next = first.rest.next();
      yield [loop, first.id];
    }
  }

  /** Places loops again whose placement may have changed; all of them unless they are given. */
  relane(loops: Iterable<QueuedLoop> = this.all): void {
    for (const loop of loops) {
      const lane = this.#laneOfLoop.get(loop.seq);
      if (!lane || lane === this.#laneFor(loop)) continue;
      this.#displace(loop);
      this.#place(loop);
    }
  }

  /**
   * Loops that are parked and still count against the depth, at most so many: it is to be stored that they do not any
   * more.
   */
  newlyParked(limit: number): QueuedLoop[] {
    const loops: QueuedLoop[] = [];
    for (const { counted } of this.#withNewlyParked())
      for (const loop of counted) {
        if (loops.length === limit) return loops;
        loops.push(loop);
      }
    return loops;
  }

  /** Whether there are any. */
  get hasNewlyParked(): boolean {
    return this.#withNewlyParked().length > 0;
  }

  #withNewlyParked(): Lane[] {
    for (const lane of this.#newlyParked) if (lane.counted.size === 0) this.#newlyParked.delete(lane);
    const lanes = [...this.#newlyParked];
    for (const lane of this.#ofProfiles.values()) if (lane.counted.size > 0 && this.isParked(lane)) lanes.push(lane);
    return lanes;
  }

  #sum(amount: (lane: Lane) => number): number {
    let sum = 0;
    for (const lane of this.#ofProfiles.values()) if (!this.isParked(lane)) sum += amount(lane);
    return sum;
  }

  #place(loop: QueuedLoop): void {
    const lane = this.#laneFor(loop);
    lane.add(loop);
    this.#laneOfLoop.set(loop.seq, lane);
    if ('parked' in lane.id && lane.counted.size > 0) this.#newlyParked.add(lane);
  }

  #displace(loop: QueuedLoop): void {
    const lane = this.#laneOfLoop.get(loop.seq);
    if (!lane) return;
    this.#laneOfLoop.delete(loop.seq);
    lane.remove(loop);
    if (lane.order.size > 0) return;
    this.#newlyParked.delete(lane);
    this.#lanes.delete(keyOf(lane.id));
    this.#ofProfiles.delete(keyOf(lane.id));
  }

  #laneFor(loop: QueuedLoop): Lane {
    const id = this.#placement.laneOf(loop);
    const key = keyOf(id);
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = new Lane(id);
      this.#lanes.set(key, lane);
      if ('agent' in id) this.#ofProfiles.set(key, lane);
    }
    return lane;
  }
}

function keyOf(id: LaneId): string {
  return 'agent' in id ? `${id.needsMoney}:${id.agent}\n${id.folder ?? ''}` : `${id.parked}:${id.of}`;
}
