import type { Json } from './agentEvent.ts';
import type { Attempt, Failure } from './attempt.ts';
import type { Check, RoundBound } from './check.ts';
import type { NanoUsd } from './money.ts';
import type { Permits, Question } from './question.ts';
import type { RepositoryRef } from './repository.ts';
import type { LoopChanges, OwnWorkTree } from './workTree.ts';

/** The states of a loop. The last three are final. */
export type LoopState =
  | 'queued'
  | 'preparing'
  | 'running'
  | 'stopping'
  | 'checking'
  | 'backingOff'
  | 'waiting'
  | 'completed'
  | 'failed'
  | 'cancelled';

/** What every loop has, in whatever state. */
export interface LoopFacts {
  /** Order of first submission: unique, growing. */
  readonly seq: number;
  readonly loopId: string;
  readonly title: string;
  readonly agent: string;
  readonly cwd: string;
  /** Workspace folder of the window that submitted it; a window that has it open may start it. */
  readonly folder?: string;
  /** The window it belongs to. */
  readonly windowId: string;
  /**
   * The machine that it belongs to and runs on, where several share the store (R16.3). Absent with a `repository`: any
   * that has a clone may take it.
   */
  readonly machine?: string;
  /** It belongs to this repository rather than to a folder: it was submitted for another machine, or any (R16.4). */
  readonly repository?: RepositoryRef;
  readonly priority: number;
  /** Order among equal priorities: `seq`, unless the user moved it (R2.1). */
  readonly place: number;
  readonly estimate: NanoUsd;
  /** Whether the estimate is our guess from earlier loops (R6.2). */
  readonly estimateAssumed: boolean;
  readonly maxCost?: NanoUsd;
  readonly metadata?: { readonly [key: string]: Json };
  /** The loop inside whose attempt it was submitted, and how deep it is nested: 1 or more (R15.4). */
  readonly parent?: { readonly loopId: string; readonly depth: number };
  /** Wall time, ms. */
  readonly submittedAt: number;
  /** When it came into its present state: wall time, ms. */
  readonly since: number;
  /** Attempts begun so far. */
  readonly attempts: number;
  /** Wall times (ms) of its restarts, oldest first; those out of the window are dropped (R5.1). */
  readonly restarts: readonly number[];
  /** Restarts since it was submitted or retried (R5.1); none if absent. */
  readonly restartsTotal?: number;
  /**
   * It was killed once for want of memory, when it held so many bytes (0: nobody knows): it starts when that much is
   * free (R5.7).
   */
  readonly neededMemory?: number;
  /**
   * Whether a prompt that begins with a command of its agent's runs that command (R1.5); as its profile says if absent.
   */
  readonly commands?: boolean;
  /** How many attempts in a row crashed within a second of their start: their session is not resumed. */
  readonly quickCrashes: number;
  /** Cost over all attempts, 10⁻⁹ USD. */
  readonly cost: NanoUsd;
  /** The part of `cost` that no agent named: priced from tokens, or unknown. */
  readonly costEstimated: NanoUsd;
  /** The part of `costEstimated` that is a guess (R6.6). */
  readonly costUnknown: NanoUsd;
  /** Some of its work is in none of the amounts: it cost at least `cost`. */
  readonly costAtLeast: boolean;
  /** Allowances in a row that it used up without progress (R6.8). */
  readonly idleAllowances: number;
  readonly sessionId?: string;
  readonly lastError?: Failure;
  /** What must pass before it is completed (R11). */
  readonly check?: Check;
  /** Where its rounds stand; there if `check` is. */
  readonly rounds?: Rounds;
  /** What its agent asks, oldest first, until it goes on (R17.1): while it runs, or waits because nobody answered. */
  readonly asking?: readonly Question[];
  /** What its user has permitted for it alone (R17.2). */
  readonly permits?: Permits;
  /** The prompt that it goes on with after it had ended (R12.5). */
  readonly followUp?: string;
  /** Its own work tree; absent where it works in the folder itself (R12.1). */
  readonly workTree?: OwnWorkTree;
  /** What it has changed, as far as that is known (R12.3). */
  readonly changes?: LoopChanges;
}

/** Where the rounds of a loop with a check stand (R11.2). */
export interface Rounds {
  /** What its next or present run is: the check before the first round, the agent's work, or the check of a round. */
  readonly phase: 'before' | 'work' | 'check';
  /** The present round, 1 for the first. */
  readonly round: number;
  /** Rounds granted so far (R11.3). */
  readonly maxRounds: number;
  /** Wall time (ms) at which the granted time is over; absent before the first start, or without a bound. */
  readonly until?: number;
  /** Check results that the user had seen at the last *Continue*. */
  readonly seen: number;
  /** The round that began with a further prompt of the user's (R12.5); the first if absent. */
  readonly first?: number;
}

/** What a waiting loop waits for. Code decides by these fields; the sentence beside them is for people. */
export type Waiting =
  /** The reset of its account's usage window, or a new day's budget, at that wall time (ms). */
  | { readonly for: 'usageLimit' | 'dailyBudget'; readonly until: number }
  /** A decision of the user's: it holds no slot and no money, and nothing wakes it. */
  | { readonly for: 'you'; readonly need: UserDecision };

/**
 * Why a loop needs its user. `endUnknown`: nobody can see whether its last run has ended (R3.1). `machineAway`: nothing
 * was heard of the machine on which it ran for so long that the run cannot live; it is not settled yet (R16.3).
 * `notEnded`: not even SIGKILL ended it (R7.6). A `RoundBound`: its check does not pass, and its rounds have reached
 * that bound (R11.3). `answer`: the agent asked for something that nobody could answer (R8.4). `allowance`: it used up
 * what it may spend (R6.8). `question`: its run was stopped because nobody answered what it asks (R17.2).
 * `workTree`: its work tree could not be made or set up (R12.2).
 */
export type UserDecision =
  | 'endUnknown'
  | 'machineAway'
  | 'notEnded'
  | 'answer'
  | 'allowance'
  | 'question'
  | 'workTree'
  | RoundBound;

/** What a loop has only in its state. */
export type LoopPhase =
  /**
   * `fresh`: never admitted before, so it counts against the depth, unless it `wasParked`: then it counts only while it
   * is parked, against others that would be parked for the same reason (R2.2).
   */
  | { readonly state: 'queued'; readonly fresh: boolean; readonly wasParked?: true }
  /** Its work tree is being made by the window that it belongs to. It holds a slot (R12.1). */
  | { readonly state: 'preparing' }
  | { readonly state: 'running'; readonly attempt: Attempt }
  | { readonly state: 'stopping'; readonly attempt: Attempt }
  /** Its check runs (R11.1). */
  | { readonly state: 'checking'; readonly attempt: Attempt }
  /** `until`: wall time, ms. */
  | { readonly state: 'backingOff'; readonly until: number }
  /** `why`: a sentence for people. */
  | ({ readonly state: 'waiting'; readonly why: string } & Waiting)
  | { readonly state: 'completed'; readonly finishedAt: number }
  /** `cleared`: the user has dismissed it, so that its id may be used again (R5.5). */
  | { readonly state: 'failed'; readonly finishedAt: number; readonly failure: Failure; readonly cleared: boolean }
  | { readonly state: 'cancelled'; readonly finishedAt: number };

/** One supervised job. What is valid only in a state exists only in it. */
export type Loop = LoopFacts & LoopPhase;

export type LiveLoop = Extract<
  Loop,
  { state: 'queued' | 'preparing' | 'running' | 'stopping' | 'checking' | 'backingOff' | 'waiting' }
>;
export type PreparingLoop = Extract<Loop, { state: 'preparing' }>;
export type ActiveLoop = Extract<Loop, { state: 'running' | 'stopping' | 'checking' }>;
export type FinishedLoop = Extract<Loop, { state: 'completed' | 'failed' | 'cancelled' }>;

/** Who pays for the attempt of a loop that runs (R14.1). */
export function payerOf({ agent, attempt }: ActiveLoop): string {
  return attempt.account ?? agent;
}

/** Holds a process (R3.1). */
export function isActive(loop: Loop): loop is ActiveLoop {
  return loop.state === 'running' || loop.state === 'stopping' || loop.state === 'checking';
}

export function isFinished(loop: Loop): loop is FinishedLoop {
  return loop.state === 'completed' || loop.state === 'failed' || loop.state === 'cancelled';
}

export function isLive(loop: Loop): loop is LiveLoop {
  return !isFinished(loop);
}

/** Whether only its user can make the loop go on. */
export function needsUser(loop: Loop): loop is Extract<Loop, { for: 'you' }> {
  return loop.state === 'waiting' && loop.for === 'you';
}

/**
 * What the loop still reserves of the budget (R6.2): its estimate less what its attempt has cost, and never more than
 * its cap leaves.
 */
export function reservedOf(loop: Loop): NanoUsd {
  if (isFinished(loop) || needsUser(loop)) return 0;
  if (!isActive(loop)) return Math.min(loop.estimate, capLeftOf(loop));
  return Math.max(0, loop.attempt.reserved - loop.attempt.cost - loop.attempt.accrued);
}

/** What its own cap leaves the loop; without a cap that has no end. */
export function capLeftOf(loop: Pick<LoopFacts, 'maxCost' | 'cost'>): NanoUsd {
  return loop.maxCost === undefined ? Number.POSITIVE_INFINITY : Math.max(0, loop.maxCost - loop.cost);
}

/** What an attempt may still spend of its allowance (R6.8). */
export function outstandingOf({ attempt }: ActiveLoop): NanoUsd {
  return Math.max(0, (attempt.allowance?.amount ?? 0) - attempt.cost - attempt.accrued);
}
