import type { AgentErrorCause, CostSource, Json, ProcessExit } from './agentEvent.ts';
import type { Check, CheckRequest, RoundBound } from './check.ts';
import type { Containment } from './containment.ts';
import type { Leftovers } from './leftovers.ts';
import type { NanoUsd } from './money.ts';

/** What a caller asks for (R1.1). Only `prompt` is needed. */
export interface LoopSpec {
  /** The text for the agent, up to 10 MiB, byte for byte. Not only white space. */
  readonly prompt: string;
  /** A name of the caller's choice: 1 to 128 of letters, digits, `.`, `_`, `:`, `-`. Made if absent. */
  readonly loopId?: string;
  /** Higher goes first. A finite integer; 0 if absent. */
  readonly priority?: number;
  /**
   * USD, 0 or more. Absent: the median of what the agent's last 20 loops that worked cost, 0 with fewer than three
   * (R6.2).
   */
  readonly estimatedCostUsd?: number;
  /** The loop waits for you when it has cost this much (USD, above 0). Absent: no cap of its own. */
  readonly maxCostUsd?: number;
  /** An agent profile. Absent: the default agent. */
  readonly agent?: string;
  /** An existing folder. Absent: the window's first folder, or the home folder. */
  readonly cwd?: string;
  /** What the tree shows. Absent: the first line of the prompt. */
  readonly title?: string;
  /**
   * Whether a prompt that begins with a slash command is sent as that command, if its agent has a form for it (R1.5).
   * Absent: as its profile says.
   */
  readonly commands?: boolean;
  /** `queue`: it is queued although its circuit or today's budget would refuse it now. `reject`, if absent. */
  readonly whenBlocked?: 'reject' | 'queue';
  /** What must pass before the loop counts as completed (R11). Absent: it completes when its agent says so. */
  readonly check?: CheckRequest;
  /** Anything that survives JSON, kept with the loop and handed back. */
  readonly metadata?: { readonly [key: string]: Json };
}

/**
 * What its user changes of a loop that has not started (R2.6). What is left out stays; `null` takes a given value back.
 */
export interface LoopEdit {
  readonly prompt?: string;
  readonly agent?: string;
  readonly priority?: number;
  /** Empty: the first line of the prompt. */
  readonly title?: string;
  readonly estimatedCostUsd?: number | null;
  readonly maxCostUsd?: number | null;
}

/** What a retry changes about its loop (R5.5). */
export interface RetryOptions {
  /** A new cap of its own: USD, above 0. */
  readonly maxCostUsd?: number;
}

/** The states of a loop. The last three are final. */
export type LoopState =
  | 'queued'
  | 'running'
  | 'stopping'
  | 'checking'
  | 'backingOff'
  | 'waiting'
  | 'completed'
  | 'failed'
  | 'cancelled';

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
  | 'restart'
  | 'timeout'
  | 'hung'
  | 'output-limit'
  | 'unattended'
  | 'ended';

/** A stop that was asked for, recorded before the first signal (R7.2). */
export interface StopIntent {
  readonly by: StopBy;
  /** Wall time, ms. */
  readonly at: number;
  /** The user sent just this signal (R7.3): no steps follow it unless a cancel does. */
  readonly signal?: string;
}

/** Names one process forever: a pid alone is reused (R7.5). */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in the platform's own unit and form; only ever compared for equality. */
  readonly startTime: string;
  /** Names the boot of the machine: pids and start times mean nothing across boots. */
  readonly bootId: string;
  /** Names the machine; absent in records of older versions, and where a machine has no name that lasts. */
  readonly machine?: string;
  /** Names the pid namespace; absent in records of older versions, and where the platform has none. */
  readonly namespace?: string;
}

/** Whether two records name the same process. What a record of an older version lacks is taken to be the same. */
export function isSameProcess(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return (
    one.pid === other.pid &&
    one.startTime === other.startTime &&
    one.bootId === other.bootId &&
    (one.machine ?? other.machine) === (other.machine ?? one.machine) &&
    (one.namespace ?? other.namespace) === (other.namespace ?? one.namespace)
  );
}

/** A process that was ended with its loop, or was left alone on purpose (R7.4). */
export interface SweptProcess extends ProcessIdentity {
  readonly command: string;
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
  /** A stop that was asked for. */
  readonly stop?: StopIntent;
  /** Set once, when it is settled (R3.2). */
  readonly end?: AttemptEnd;
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
}

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
  readonly priority: number;
  /** Order among equal priorities: `seq`, unless the user moved it (R2.1). */
  readonly place: number;
  readonly estimate: NanoUsd;
  /** Whether the estimate is our guess from earlier loops (R6.2). */
  readonly estimateAssumed: boolean;
  readonly maxCost?: NanoUsd;
  readonly metadata?: { readonly [key: string]: Json };
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
  /** Attempts in a row that crashed in the second of their start: such a one is not resumed. */
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
}

/** What a waiting loop waits for. Code decides by these fields; the sentence beside them is for people. */
export type Waiting =
  /** The reset of its account's usage window, or a new day's budget, at that wall time (ms). */
  | { readonly for: 'usageLimit' | 'dailyBudget'; readonly until: number }
  /** A decision of the user's: it holds no slot and no money, and nothing wakes it. */
  | { readonly for: 'you'; readonly need: UserDecision };

/**
 * Why a loop needs its user. `endUnknown`: nobody can see whether its last run has ended (R3.1). `notEnded`: not even
 * SIGKILL ended it (R7.6). A `RoundBound`: its check does not pass, and its rounds have reached that bound (R11.3).
 * `answer`: the agent asked for something that nobody could answer (R8.4). `allowance`: it used up what it may spend
 * (R6.8).
 */
export type UserDecision = 'endUnknown' | 'notEnded' | 'answer' | 'allowance' | RoundBound;

/** What a loop has only in its state. */
export type LoopPhase =
  /**
   * `fresh`: never admitted before, so it counts against the depth, unless it `wasParked`: then it counts only while it
   * is parked, against others that would be parked for the same reason (R2.2).
   */
  | { readonly state: 'queued'; readonly fresh: boolean; readonly wasParked?: true }
  | { readonly state: 'running'; readonly attempt: Attempt }
  | { readonly state: 'stopping'; readonly attempt: Attempt }
  /** Its check runs (R11.1). */
  | { readonly state: 'checking'; readonly attempt: Attempt }
  /** `until`: wall time, ms. */
  | { readonly state: 'backingOff'; readonly until: number }
  /** `why`: a sentence for people. */
  | ({ readonly state: 'waiting'; readonly why: string } & Waiting)
  | { readonly state: 'completed'; readonly finishedAt: number }
  /** `cleared`: the user has let go of it, so that its id may be used again (R5.5). */
  | { readonly state: 'failed'; readonly finishedAt: number; readonly failure: Failure; readonly cleared: boolean }
  | { readonly state: 'cancelled'; readonly finishedAt: number };

/** One supervised job. What is valid only in a state exists only in it. */
export type Loop = LoopFacts & LoopPhase;

export type LiveLoop = Extract<
  Loop,
  { state: 'queued' | 'running' | 'stopping' | 'checking' | 'backingOff' | 'waiting' }
>;
export type ActiveLoop = Extract<Loop, { state: 'running' | 'stopping' | 'checking' }>;
export type FinishedLoop = Extract<Loop, { state: 'completed' | 'failed' | 'cancelled' }>;

/** Who pays for the attempt of a loop that runs (R14.1). */
export function payerOf({ agent, attempt }: ActiveLoop): string {
  return attempt.account ?? agent;
}

/** Holds a process, and so a slot (R3.1). */
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

/** One row of a loop's history. `from` equals `to` for a note that changed no state, such as what was swept. */
export interface Transition {
  /** Wall time, ms. */
  readonly at: number;
  readonly from: LoopState | 'new';
  readonly to: LoopState;
  readonly why: string;
}

/** What was spent, by row: once each. Amounts in 10⁻⁹ USD; a correction may be negative. */
export interface LedgerRow {
  /** Counted once: a second row of the same loop and key adds nothing (R6.6). */
  readonly key: string;
  readonly seq: number;
  readonly attemptId?: number;
  readonly agent: string;
  /**
   * The local calendar day on which it was reported, empty for play money; of an estimate that is withdrawn, the one on
   * which it was charged (R6.1).
   */
  readonly day: string;
  /** Wall time, ms. */
  readonly at: number;
  readonly cost: NanoUsd;
  readonly source: CostSource;
  /** How much of `cost` no agent named, where that is neither all nor, with `reported`, nothing. */
  readonly estimated?: NanoUsd;
}
