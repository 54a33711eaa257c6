import type { Outcome } from '../model/attempt.ts';
import type { CircuitState } from '../model/circuit.ts';
import type { LoopState } from '../model/loop.ts';
import type { NanoUsd } from '../model/money.ts';

/** One attempt as a timeline shows it. Times are wall times in ms, amounts 10⁻⁹ USD. */
export interface TimelineAttempt {
  /** Row id of the attempt: unique over all loops, growing. */
  readonly id: number;
  /** Which loop; unlike a `loopId`, never used again. */
  readonly seq: number;
  readonly loopId: string;
  /** Of the loop; at most 120 characters of it. */
  readonly title: string;
  readonly agent: string;
  /** 1 for the first attempt of its loop. */
  readonly number: number;
  readonly startedAt: number;
  /** Absent while it is not settled. */
  readonly endedAt?: number;
  readonly outcome?: Outcome;
  readonly cost: NanoUsd;
  readonly costEstimated: NanoUsd;
  /** The loop's state now. */
  readonly state: LoopState;
}

/**
 * Which attempts: those that ran at some time from `from` on, and began after the attempt `afterId` and before
 * `beforeId` where these are given.
 */
export interface TimelineQuery {
  /** Wall time, ms. */
  readonly from: number;
  readonly beforeId?: number;
  readonly afterId?: number;
  /** At most so many; the newest are kept. */
  readonly limit: number;
}

/** One change of an account's circuit breaker. */
export interface CircuitChange {
  readonly account: string;
  /** Wall time, ms. */
  readonly at: number;
  readonly from: CircuitState;
  readonly to: CircuitState;
}

/**
 * What the views ask of the supervisor's memory over many loops at once. Each query sees one moment. Every store
 * implements this.
 */
export interface HistoryQueries {
  /** Attempts in the order of their beginning (of their `id`). */
  timeline(query: TimelineQuery): Promise<TimelineAttempt[]>;
  /** Those of these attempts that still exist, as they are now. */
  timelineOf(ids: readonly number[]): Promise<TimelineAttempt[]>;
  /**
   * Changes of the circuit since `from`, oldest first, and before them the last one earlier than `from`, if any; at
   * most 1,000, the newest.
   */
  circuitChanges(from: number): Promise<CircuitChange[]>;
}
