import type { Event, SupervisorEvent } from './core/model/event.ts';
import type { LoopDetail } from './core/model/loopDetail.ts';
import type { ContinueOptions, LoopSpec, RetryOptions } from './core/model/loopSpec.ts';
import type { GivenAnswer } from './core/model/question.ts';
import type { AccountStatus, Status, SubmitResult } from './core/model/status.ts';
import type { BringHomeResult, BringHomeWay } from './core/ports/workTrees.ts';
import type { Review, ReviewQuery } from './core/runtime/loopReviews.ts';

export type { FailureClass, Outcome } from './core/model/attempt.ts';
export type { CheckOutcome, CheckRequest, CheckResult, ScoreSpec } from './core/model/check.ts';
export type { CircuitState } from './core/model/circuit.ts';
export type { Disposable } from './core/model/disposable.ts';
export type { ErrorCode, SupervisorError } from './core/model/errors.ts';
export type { Event, RejectReason, SupervisorEvent, SupervisorEventType } from './core/model/event.ts';
export type { Transition } from './core/model/history.ts';
export type { LoopState } from './core/model/loop.ts';
export type { AttemptDetail, LoopDetail } from './core/model/loopDetail.ts';
export type { ContinueOptions, LoopSpec, RetryOptions } from './core/model/loopSpec.ts';
export type { SweptProcess } from './core/model/processIdentity.ts';
export type { Answer, Choice, ChoiceKind, GivenAnswer, PermissionRequest, Question } from './core/model/question.ts';
export type {
  AccountStatus,
  BudgetStatus,
  CircuitStatus,
  HoldStatus,
  ParkedStatus,
  ParkReason,
  Status,
  SubmitResult,
  WaitingFor,
} from './core/model/status.ts';

export type { Isolation, LoopChanges, OwnWorkTree, WorkTreeOutcome } from './core/model/workTree.ts';
export type { BringHomeResult, BringHomeWay, FileChange } from './core/ports/workTrees.ts';
export type { Review, ReviewQuery } from './core/runtime/loopReviews.ts';

/**
 * What `activate()` answers, for other extensions:
 *
 * ```ts
 * const api = await vscode.extensions.getExtension<LoopSupervisorApi>('loopsupervisor.loop-supervisor')?.activate();
 * const { loopId } = await api.submit({ prompt: 'Fix the failing test', agent: 'claude' });
 * ```
 *
 * With a `check` a loop completes only once a command exits with 0, and goes on in rounds until then (R11):
 *
 * ```ts
 * await api.submit({ prompt: 'Fix the failing test', check: { command: 'npm test', maxRounds: 5 } });
 * ```
 *
 * The store opens right after activation: what is asynchronous waits for it. Where no supervisor will come (an
 * untrusted workspace, a store that cannot be opened) everything but `status` and the events rejects with a
 * `NotReadyError`. The `code` of an error says which one it is. Costs are in USD, times are wall times in ms.
 */
export interface LoopSupervisorApi {
  /** Takes a loop (R1): resolves with its place, or rejects with the typed error of the first check that fails. */
  submit(spec: LoopSpec): Promise<SubmitResult>;
  /** Ends a loop for good, with its processes (R7.2). Returns whether there was such a live loop. */
  cancel(loopId: string): Promise<boolean>;
  /**
   * Sends one signal (`SIGTERM` if none is named) to a loop's process group (R7.3). Returns whether it was delivered.
   */
  killProcessGroup(loopId: string, signal?: string): Promise<boolean>;
  /** One consistent snapshot (R10.1). Before there is a supervisor: `ready: false`, with the reason in `notReady`. */
  status(): Status;
  /** Everything about the latest loop of that id, its attempts and history included. Undefined if there is none. */
  get(loopId: string): Promise<LoopDetail | undefined>;
  /**
   * Counts a cost (USD) against a loop, its agent and today; the same `key` counts once (R6.6). Returns whether it
   * counted.
   */
  recordCost(loopId: string, usd: number, key?: string): Promise<boolean>;
  /**
   * Answers what a loop's agent asks, once (R17.1): `choice` is `allow` or `deny` for this once, or the id of one of
   * the choices of the question, which `get(loopId)` names in `loop.asking`. Inquiries take `replies` with `allow`;
   * `deny` leaves them to the agent. Rejects where it no longer asks that, or has been answered.
   */
  answer(loopId: string, given: GivenAnswer): Promise<void>;
  /** Closes the circuit of an account by hand, or all circuits (R4.3). */
  resetCircuit(account?: string): Promise<void>;
  /** Who pays for the profiles that there are, and what is held of each (R14). Empty before there is a supervisor. */
  accounts(): readonly AccountStatus[];
  /**
   * Ends all that holds an account or a profile of that name, the `machine`, or what was left alone (`absence`): one
   * loop goes first, and the others follow once it works (R14.2). Returns whether anything was held.
   */
  tryNow(account: string): Promise<boolean>;
  /** Parks the loops of an account until `tryNow`, or until that wall time (ms); those that run go on (R14.4). */
  hold(account: string, until?: number): Promise<void>;
  /** Clears a permanently failed loop and admits it again, with a new cap if one is given, in one step (R5.5). */
  retry(loopId: string, options?: RetryOptions): Promise<SubmitResult>;
  /**
   * What a loop has changed in a Git repository, from before its first run to now, or over one round or attempt
   * (R12.4). Rejects with a `WrongStateError` where there is nothing to review.
   */
  reviewChanges(loopId: string, query?: ReviewQuery): Promise<Review>;
  /**
   * Brings home what a finished loop did in a work tree of its own (R12.4). Where that would conflict nothing is
   * changed, and the result names the files.
   */
  bringHome(loopId: string, way: BringHomeWay): Promise<BringHomeResult>;
  /** Has a finished loop go on with a further prompt, in its session and folder (R12.5). Rejects like `submit`. */
  continueWith(loopId: string, prompt: string): Promise<SubmitResult>;
  /**
   * Lets a loop go on that has used up its own cap or has reached a bound of its rounds: with as much again, or with
   * the cap that is given (R6.8, R11.3). Rejects where it waits for nothing of the kind.
   */
  continueLoop(loopId: string, options?: ContinueOptions): Promise<void>;
  /** Queued loops wait until `resume`; running ones go on (R2.4). */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /**
   * Stops this window's work for good: its attempts are stopped within `timeoutMs` (30,000) and return to the queue
   * (R9.1).
   */
  shutdown(timeoutMs?: number): Promise<void>;
  /** Something in `status()` has changed, here or in another window. Not coalesced. */
  readonly onDidChange: Event<void>;
  /**
   * What happened, told once it is stored: `{type, at, host, loopId?, …}`. Every window hears every event, whichever
   * window caused it, once at most; `host` names the window that did. Texts of other windows' events are cut to 2,000
   * characters.
   */
  readonly onEvent: Event<SupervisorEvent>;
}
