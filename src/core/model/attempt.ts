import type { AgentErrorCause, Json, ProcessExit } from './agentEvent.ts';
import type { Containment } from './containment.ts';
import type { Leftovers } from './leftovers.ts';
import type { NanoUsd } from './money.ts';
import type { ProcessIdentity } from './processIdentity.ts';

/** How an attempt can fail. */
export type FailureClass =
  | 'exit'
  | 'signal'
  | 'memory'
  | 'timeout'
  | 'hung'
  | 'spawn'
  | 'agent'
  | 'asks'
  | 'output-limit'
  | 'lost';

/** How an attempt ends. */
export type Outcome = 'ok' | 'cancelled' | 'interrupted' | FailureClass;

/** Why a loop last failed, as shown to people. */
export interface Failure {
  readonly class: FailureClass;
  /** One sentence. */
  readonly reason: string;
  /** The agent's own cause, where it named one. */
  readonly cause?: AgentErrorCause;
  /** Wall time, ms. */
  readonly at: number;
}

/**
 * Who wanted an attempt to end. `user` is final (R7.2); the others bring the loop back, or are failures of their own
 * class.
 */
export type StopBy =
  | 'user'
  | 'shutdown'
  | 'budget'
  | 'cap'
  /** Its account was refused, and it would only go on trying (R14.1). */
  | 'refused'
  /** Nobody answered what it asked: others may use its slot meanwhile (R17.2). */
  | 'asking'
  | 'restart'
  | 'timeout'
  | 'hung'
  | 'output-limit'
  /** All loops together used too much memory, and it used the most (R13.2). */
  | 'memory'
  | 'unattended'
  /** Its machine was cut off from the store for too long (R16.3). */
  | 'partition'
  | 'ended';

/** A stop that was asked for, recorded before the first signal (R7.2). */
export interface StopIntent {
  readonly by: StopBy;
  /** Wall time, ms. */
  readonly at: number;
  /** The user sent just this signal (R7.3): no steps follow it unless a cancel does. */
  readonly signal?: string;
}

/** One process run of a loop, as recorded. */
export interface Attempt {
  /** Row id: unique over all loops. */
  readonly id: number;
  /** 1 for the first attempt of the loop. */
  readonly number: number;
  /** Names the run folder and is the marker in the environment of its processes: letters, digits and `-`. */
  readonly token: string;
  /** The window that dispatched it or has adopted it. */
  readonly windowId: string;
  /** It runs the loop's check rather than the agent (R11.1). */
  readonly isCheck?: boolean;
  /** It runs the set-up command of the loop's work tree (R12.2). */
  readonly isSetup?: boolean;
  /** The round that it belongs to, in a loop with a check; 0: before the first. */
  readonly round?: number;
  /** When it was dispatched: wall time, ms. */
  readonly startedAt: number;
  /** Who pays for it (R14.1); absent: only its agent does. */
  readonly account?: string;
  /** The generation of its account's circuit at dispatch (R4.2). */
  readonly generation: number;
  /** Whether it took a probe's place in half-open. */
  readonly probe: boolean;
  /** What it reserved of the budget at dispatch, 10⁻⁹ USD. */
  readonly reserved: NanoUsd;
  /** Identity of the group's leader; absent until it has started. */
  readonly leader?: ProcessIdentity;
  /** Identity of its guardian process; absent until it has started. */
  readonly guardian?: ProcessIdentity;
  /** How its processes are contained (R13.1); absent until it has started, and for attempts of older versions. */
  readonly containment?: Containment;
  /** The agent's session; known before the start where the program lets us choose it. */
  readonly sessionId?: string;
  /** Whether it continues the session of an earlier attempt. */
  readonly resumed: boolean;
  /** Bytes of standard output that were read and accounted for. */
  readonly readOffset: number;
  /** The reader's state at `readOffset`. */
  readonly readerState?: Json;
  readonly cost: NanoUsd;
  /** The part of `cost` that its agent did not name: priced from tokens, or unknown. */
  readonly costEstimated: NanoUsd;
  /** The part of `costEstimated` that is a guess: the attempt worked and its cost is unknown (R6.6). */
  readonly costUnknown: NanoUsd;
  /** Some of its work is in none of the amounts: it cost at least `cost`. */
  readonly costAtLeast: boolean;
  /** What it has spent beyond `cost` by a first reckoning (R6.10). */
  readonly accrued: NanoUsd;
  /** What it may spend before it must ask again (R6.8); absent where nothing bounds it. */
  readonly allowance?: Allowance;
  /** Snapshots (commits) of the files before and after it (R12.3); absent where there is none. */
  readonly treeBefore?: string;
  readonly treeAfter?: string;
  /** A stop that was asked for. */
  readonly stop?: StopIntent;
  /** Set once, when it is settled (R3.2). */
  readonly end?: AttemptEnd;
}

/** Whether an attempt is a run of the loop's agent, rather than of a command of its user's. */
export function isOfAgent({ isCheck, isSetup }: Attempt): boolean {
  return !isCheck && !isSetup;
}

/** The costs of what has just begun. */
export const NO_COST = { cost: 0, costEstimated: 0, costUnknown: 0, costAtLeast: false } as const;

/** What an attempt may spend before it must ask again (R6.8). */
export interface Allowance {
  /** For all of the attempt, 10⁻⁹ USD. */
  readonly amount: NanoUsd;
  /** Whose money ends first: the loop's own cap or the day's. */
  readonly of: 'cap' | 'day';
  /**
   * Who holds the attempt to it: its agent, the host that follows it, or nobody, as its spending shows only at its end.
   */
  readonly heldBy: 'agent' | 'host' | 'nobody';
}

/** How an attempt ended. */
export interface AttemptEnd extends ProcessExit, Leftovers {
  readonly outcome: Outcome;
  /** One sentence. */
  readonly reason: string;
  /** When its leader ended: wall time, ms. */
  readonly at: number;
  /** What its agent said last: the beginning of its last message, up to 2,000 characters. */
  readonly lastWords?: string;
}
