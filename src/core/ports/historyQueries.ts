import type { Outcome } from '../model/attempt.ts';
import type { CircuitState } from '../model/circuit.ts';
import type { FinishedLoop, LoopState } from '../model/loop.ts';
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
  /** It ran the loop's check (R11.1), or the set-up command of its work tree (R12.2): no work of the agent. */
  readonly isCheck?: true;
  readonly isSetup?: true;
  /** The round that it belongs to, in a loop with a check. */
  readonly round?: number;
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

/** Which finished loops to list: newest first. */
export interface FinishedQuery {
  readonly limit: number;
  readonly offset?: number;
  readonly states?: readonly FinishedLoop['state'][];
  readonly agent?: string;
  /** Submitted from one of these workspace folders; where there was none, run in it. */
  readonly folders?: readonly string[];
  /** Occurs in title, id or prompt, whatever the case. */
  readonly text?: string;
  /** Belongs to that machine (R16.3). */
  readonly machine?: string;
  /** Only those that have a work tree of their own now (R12.6). */
  readonly hasWorkTree?: true;
  /** Finished at or after / before: wall times, ms. */
  readonly from?: number;
  readonly before?: number;
}

/** Spend of one agent on one day, 10⁻⁹ USD. */
export interface SpendRow {
  readonly day: string;
  readonly agent: string;
  readonly cost: NanoUsd;
  /** The part of `cost` that no agent named. */
  readonly estimated: NanoUsd;
  /** The part of `estimated` that is a guess (R6.6). */
  readonly unknown: NanoUsd;
}

/** The run token of a settled attempt, the loop it belongs to and when it ended (wall time, ms). */
export interface SettledToken {
  readonly seq: number;
  readonly token: string;
  readonly at: number;
}

/** Spend of one account on one day, 10⁻⁹ USD. */
export interface AccountCost {
  /** Who paid (R14.5); the agent's name where that is not known. */
  readonly account: string;
  readonly cost: NanoUsd;
  /** The part of `cost` that no agent named. */
  readonly estimated: NanoUsd;
  /** The part of `estimated` that is a guess (R6.6). */
  readonly unknown: NanoUsd;
}

/** Spend of one loop on one day, 10⁻⁹ USD. */
export interface LoopCost {
  readonly loopId: string;
  readonly title: string;
  readonly agent: string;
  readonly cost: NanoUsd;
  /** The part of `cost` that no agent named. */
  readonly estimated: NanoUsd;
  /** The part of `estimated` that is a guess (R6.6). */
  readonly unknown: NanoUsd;
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
