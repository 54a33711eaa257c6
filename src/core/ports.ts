import type { AgentEvent, AgentReader, Json, ProcessExit } from './agentEvent.ts';
import type { CircuitRecord } from './circuitBreaker.ts';
import type { Disposable } from './clock.ts';
import type { Attempt, FinishedLoop, LedgerRow, Loop, ProcessIdentity, StopBy, SweptProcess, Transition } from './loop.ts';
import type { NanoUsd } from './money.ts';
import type { Reports } from './reports.ts';

// ── Store ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What the core owns besides loops: one record for all windows. */
export interface Control {
  readonly circuit: CircuitRecord;
  /** Dispatch is paused by the user (R2.4). */
  readonly paused: boolean;
  /** Agents whose usage window is used up, by name; `until` is a wall time in ms. */
  readonly holds: { readonly [agent: string]: { readonly until: number; readonly reason: string } };
}

/** One day of the budget (R6.1). */
export interface DaySpend {
  /** `YYYY-MM-DD`, local. */
  readonly day: string;
  readonly spent: NanoUsd;
  /** `budget:warning` was given this day (R6.4). */
  readonly warned: boolean;
  /** `budget:exceeded` was given for running loops this day (R6.4). */
  readonly exceeded: boolean;
}

/** A window's lease: it lasts until it is released or its process is no more. */
export interface WindowLease {
  readonly id: string;
  readonly process: ProcessIdentity;
  /** Paths of its workspace folders. */
  readonly folders: readonly string[];
  /** Wall time, ms. */
  readonly openedAt: number;
}

/** What is new since it was last asked for; the first time, everything that is live. */
export interface StoreChanges {
  /** Loops that were inserted or changed, final ones included; with `live` all live ones instead, and no others. */
  readonly loops: readonly Loop[];
  /**
   * There the first time, and when more has changed than is kept track of: the `seq`s of all loops that are live, even of those that can not be
   * read. Any other loop is live no more.
   */
  readonly live?: ReadonlySet<number>;
  /** The `seq`s of loops that were changed and have been removed since; not given with `live`. */
  readonly gone?: readonly number[];
  readonly control: Control;
  /** The latest day that has spend or marks; absent when there is none. */
  readonly day?: DaySpend;
  /** All leases that are not released. */
  readonly windows: readonly WindowLease[];
}

/** What was removed from the books. */
export interface Removed {
  /** How many loops. */
  readonly loops: number;
  /** The run tokens whose folders can go. */
  readonly tokens: readonly string[];
}

/** One write transaction. Valid only until `work` returns. Everything in it holds together or not at all. */
export interface StoreTransaction {
  /**
   * What other windows have changed since this store last answered; undefined when nothing. Cheap when nothing has. Called before the
   * transaction writes, or it throws. It counts as told only when the transaction is committed: one that fails or runs again is told the same
   * again. Own writes come back only if the transaction that made them had not asked, and others had written.
   */
  changes(): StoreChanges | undefined;
  /** Inserts a loop with its prompt; its history begins with `new → queued` at `submittedAt`. Answers it with its `seq`; its `place` is the `seq` too. */
  insertLoop(loop: Omit<Extract<Loop, { state: 'queued' }>, 'seq' | 'place'>, prompt: string): Extract<Loop, { state: 'queued' }>;
  /**
   * Writes a loop as it now is (not its attempt). With `transition` adds that row to its history. `loopId`, `agent`, `submittedAt` and
   * `metadata` stay as they were submitted. Times and amounts are integers.
   */
  saveLoop(loop: Loop, transition?: Transition): void;
  /** Adds a row to a loop's history. */
  addHistory(seq: number, transition: Transition): void;
  /** Adds an attempt, before `saveLoop` writes its loop as running with it; the loop's next row of history belongs to it. */
  insertAttempt(seq: number, attempt: Omit<Attempt, 'id'>): Attempt;
  /**
   * Writes an attempt where it is not settled yet (R3.2); answers whether it was so. What was decided at its dispatch stays: `number`, `token`,
   * `startedAt`, `generation`, `probe`, `reserved`. Other windows see its loop as changed.
   */
  saveAttempt(attempt: Attempt): boolean;
  /** Moves the read position where it still is `from` and the attempt is not settled (R6.7); answers whether it was so. */
  advance(attemptId: number, from: number, to: number, readerState: Json | undefined): boolean;
  /** Adds a ledger row, once per loop and key, and its amount to its day and agent; answers whether it was new. */
  addLedger(row: LedgerRow): boolean;
  /** One day's spend; zero where there is none. */
  day(day: string): DaySpend;
  /** Writes a day's marks (`spent` is kept by the ledger). */
  saveDayMarks(day: DaySpend): void;
  saveControl(control: Control): void;
  /** The latest loop of that id, live or final. */
  latest(loopId: string): Loop | undefined;
  prompt(seq: number): string;
  /** Median cost of that agent's last 20 completed or failed loops; undefined when there are none. */
  medianCost(agent: string): NanoUsd | undefined;
  saveWindow(lease: WindowLease): void;
  releaseWindow(id: string): void;
  /** Removes those of these loops that are there and finished, with all that belongs to them. */
  removeFinished(seqs: readonly number[]): Removed;
}

/** Which finished loops to list: newest first. */
export interface FinishedQuery {
  readonly limit: number;
  readonly offset?: number;
  readonly states?: readonly FinishedLoop['state'][];
  readonly agent?: string;
  /** Occurs in title, id or prompt, whatever the case. */
  readonly text?: string;
  /** Finished at or after / before: wall times, ms. */
  readonly from?: number;
  readonly before?: number;
}

/** Spend of one agent on one day, 10⁻⁹ USD. */
export interface SpendRow {
  readonly day: string;
  readonly agent: string;
  readonly cost: NanoUsd;
  /** The part of `cost` that was estimated. */
  readonly estimated: NanoUsd;
}

/**
 * The supervisor's memory. Reads are synchronous and see one moment; writes wait for a lock without holding the thread.
 * Everything throws or rejects with a `StoreError` that says what to do.
 */
export interface Store extends Reports {
  /**
   * Runs `work` in one transaction. Writes of this store run one after another, in the order of their calls. A locked database is
   * tried again without blocking until it is free; `work` may then run again from its beginning, so it must have no effect
   * outside the transaction. Rejects with a `StoreError` when the database can not be used, or with what `work` threw; then nothing was written.
   */
  write<T>(work: (tx: StoreTransaction) => T): Promise<T>;
  /** Like `StoreTransaction.changes`, outside a transaction. A few µs when nothing has changed. */
  changes(): StoreChanges | undefined;
  latest(loopId: string): Loop | undefined;
  bySeq(seq: number): Loop | undefined;
  prompt(seq: number): string;
  /** Attempts of a loop, oldest first. */
  attempts(seq: number): Attempt[];
  history(seq: number): Transition[];
  ledger(seq: number): LedgerRow[];
  finished(query: FinishedQuery): FinishedLoop[];
  /** How many finished loops there are, and how many of them failed and were not cleared. Kept, not counted. */
  finishedCount(): { readonly total: number; readonly failed: number };
  /** Ids of loops that failed for good and were not cleared: newest first. */
  permanentlyFailed(limit: number): string[];
  /** Spend by day and agent from a day on (`YYYY-MM-DD`). */
  spend(fromDay: string): SpendRow[];
  /** Spend of one day by loop, largest first. */
  spendByLoop(
    day: string,
    limit: number,
  ): { readonly loopId: string; readonly title: string; readonly agent: string; readonly cost: NanoUsd; readonly estimated: NanoUsd }[];
  /** Tokens of settled attempts whose loops are final, oldest first: for retention and reaping. */
  settledTokens(limit: number): { readonly seq: number; readonly token: string; readonly at: number }[];
  /** One short step of giving free pages back to the disk; answers whether to take another. Does nothing while somebody else writes: it is put off. */
  tidy(): boolean;
  /**
   * Called with a `StoreError` when the database stops being usable, and when it is usable again (`undefined`); soon after this call, if it is in
   * trouble already. By kind: `locked` for over 3 s (writes wait and will land), `disk` (writes are refused; tried again by itself), `replaced`
   * (over when the same file is back, else with a reload), `newer` and `broken` (over with a reload).
   */
  onTrouble(listener: (error: Error | undefined) => void): Disposable;
  close(): void;
}

// ── Agents ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** One step of a stop: this signal, then its share (0 to 1) of the grace period. SIGKILL follows when all is used up (R7.2). */
export interface StopStep {
  readonly signal: 'SIGINT' | 'SIGTERM';
  readonly share: number;
}

/** What a profile needs to know to start an attempt. */
export interface PlanRequest {
  readonly loopId: string;
  readonly prompt: string;
  readonly cwd: string;
  /** Session to continue; absent for a fresh start. */
  readonly resume?: string;
  /** What the attempt may still cost, 10⁻⁹ USD, where something limits it. */
  readonly costLeft?: NanoUsd;
}

/** How to start one attempt. */
export interface CommandPlan {
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment that a terminal would have. */
  readonly env: { readonly [name: string]: string };
  /** Goes to standard input, which is then closed; absent: standard input is empty. */
  readonly stdin?: string;
  /** The prompt goes into a file of the run folder whose path replaces `${promptFile}` in `args`. */
  readonly promptFile?: string;
  /**
   * The agent writes a report of its own when it ends: `${reportFile}` in `args` is a path in the run folder, and what is found there
   * (up to 1 MiB) goes to `AgentReader.end`.
   */
  readonly reportFile?: true;
  /** The session, where we choose it. */
  readonly sessionId?: string;
  readonly stopSteps: readonly StopStep[];
}

/** What is known of the session that an attempt continues. */
export interface SessionBefore {
  /** The last reader state of the session's earlier attempt: some agents count on over all of a session. Absent when there is none. */
  readonly state?: Json;
}

/** How to start one kind of agent, and how to read it. */
export interface AgentProfile {
  readonly name: string;
  /** Why this prompt can not be given to this agent (R1.4); undefined when it can. */
  refuse(prompt: string): string | undefined;
  /** Whether a failed attempt's session can be continued. */
  readonly canResume: boolean;
  /** Whether its cost is known at all; `plain` programs have none, and are never charged an estimate. */
  readonly hasCost: boolean;
  /** Whether standard output must be read while nobody looks. If not, only its size and end matter. */
  readonly needsReading: boolean;
  plan(request: PlanRequest): CommandPlan;
  /**
   * A reader from the beginning, or from a state that a reader of this profile has answered. A state that it does not know is ignored.
   * `before` is given for an attempt that continues a session, whether or not there is a state.
   */
  reader(state?: Json, before?: SessionBefore): AgentReader;
}

export interface AgentCatalog {
  find(name: string): AgentProfile | undefined;
  /** All names, for messages and pickers. */
  names(): readonly string[];
}

// ── Processes ────────────────────────────────────────────────────────────────────────────────────────────────────

/** What an attempt's guardian enforces. Times in ms, suspend not counted; 0 = none. */
export interface RunLimits {
  readonly timeoutMs: number;
  readonly firstOutputMs: number;
  readonly silenceMs: number;
  readonly onSilence: 'warn' | 'restart';
  readonly graceMs: number;
  readonly maxLogBytes: number;
  readonly unattendedGraceMs: number;
  readonly keep: readonly string[];
}

/** What the process layer needs to know to start one attempt. */
export interface LaunchRequest {
  readonly loopId: string;
  /** The attempt's token: its run folder and marker. */
  readonly token: string;
  readonly cwd: string;
  readonly plan: CommandPlan;
  readonly limits: RunLimits;
  readonly reader: AgentReader;
  readonly needsReading: boolean;
}

/** A run that goes on from an earlier window. */
export interface AdoptRequest {
  readonly token: string;
  readonly reader: AgentReader;
  readonly needsReading: boolean;
  readonly readOffset: number;
  readonly leader?: ProcessIdentity;
  readonly guardian?: ProcessIdentity;
  /** For ending what is left where the guardian is gone. */
  readonly graceMs: number;
  readonly keep: readonly string[];
}

/** Who runs: known once the agent's process exists. */
export interface RunStarted {
  readonly leader: ProcessIdentity;
  readonly guardian?: ProcessIdentity;
  /** Wall time of the start, ms. */
  readonly at: number;
}

/** Events of a piece of standard output that ends at a line. */
export interface RunOutput {
  /** Byte positions in standard output: from where to where was read. */
  readonly from: number;
  readonly to: number;
  readonly events: readonly AgentEvent[];
  readonly readerState: Json;
}

/** How a run ended, as facts; the core decides what they mean. Told after all output was read and all processes were seen to. */
export interface RunEnd {
  /**
   * `exited`: the leader ended and we know how. `spawn`: it never started, nor will it (`error` says why). `void`: nothing ran; it was never
   * claimed, or could not start for a reason that may pass (`error` says which).
   * `lost`: nobody knows how it ended.
   */
  readonly kind: 'exited' | 'spawn' | 'void' | 'lost';
  readonly exit: ProcessExit;
  /** When the leader ended: wall time, ms. */
  readonly at: number;
  /** Who had it stopped, as the guardian knows: a deadline, a limit, or an order it was given. */
  readonly stoppedBy?: StopBy;
  /** One sentence where there is more to say, such as the error of the start. */
  readonly error?: string;
  readonly swept: readonly SweptProcess[];
  readonly kept: readonly SweptProcess[];
  readonly remaining: readonly SweptProcess[];
  /** Last piece of output, with what the reader said at the end. */
  readonly last: RunOutput;
  /** Whether the agent wrote anything to standard output or standard error. */
  readonly hadOutput: boolean;
  /** The last line of standard error, for the reason of a failure; empty when there is none. */
  readonly errorLine: string;
}

/** A deadline that has passed, and for how long (ms) nothing was heard. */
export interface SilenceWarning {
  readonly kind: 'first-output' | 'silence';
  readonly forMs: number;
}

/** Called by the process layer, never from within the call that began the run. */
export interface RunObserver {
  started(facts: RunStarted): void;
  output(output: RunOutput): void;
  /** A deadline has passed and `onSilence` is `warn`; `undefined` when output came after all. */
  silent(warning: SilenceWarning | undefined): void;
  /** Exactly once, unless the run was released before. */
  ended(end: RunEnd): void;
}

/** Orders for a run, whichever window began it: they go to its guardian through its run folder. Harmless when it has ended. */
export interface RunControl {
  /** Has the group stopped in its steps within `graceMs`, then swept. Harmless when called again. */
  stop(by: StopBy, graceMs: number): void;
  /**
   * Sends just this signal to the group; answers whether it was delivered. With `by` it is a stop that the run's end will name.
   * SIGKILL ends all that is left of the run too.
   */
  signal(signal: string, by: StopBy | undefined): Promise<boolean>;
  /** Starts the deadlines of first output and silence anew: what *Keep Waiting* does. */
  keepWaiting(): void;
  /** Its window goes. With a number it stops after so many ms unless a window with its folder takes over. */
  leave(stopAfterMs: number | undefined): void;
}

/** A run that this window follows. */
export interface Run extends RunControl {
  /** Stops following. The run goes on; the observer hears nothing more. */
  release(): void;
}

/** Starts attempts in groups of their own and follows them. The only way to processes. */
export interface AgentLauncher {
  launch(request: LaunchRequest, observer: RunObserver): Run;
  /** Follows a run that another window began, or settles what has become of it. `mine`: this window has its folder open. */
  adopt(request: AdoptRequest, observer: RunObserver, mine: boolean): Run;
  /** Orders for a run that this window does not follow. */
  control(token: string): RunControl;
  /** Free disk space where runs are kept, bytes. */
  freeBytes(): number;
  /** Ends what is left of runs that are recorded as ended; answers what was ended, by token. */
  reap(tokens: readonly string[], graceMs: number, keep: readonly string[]): Promise<ReadonlyMap<string, readonly SweptProcess[]>>;
  /** Ends one process that was kept (R7.4); answers whether it was there. */
  endKept(process: SweptProcess): Promise<boolean>;
  /** Removes run folders. */
  removeRuns(tokens: readonly string[]): Promise<void>;
  /** Bytes that the logs of a run take on disk. */
  logBytes(token: string): number;
}

/** Tells whether a process that was once seen still lives. */
export interface ProcessProbe {
  readonly self: ProcessIdentity;
  isAlive(process: ProcessIdentity): boolean;
}

/** What the core asks about the file system. */
export interface Folders {
  /** Whether `path` is an existing folder (R1.3). Never throws: a folder that can not be looked at is none, and stops no other loop. */
  exists(path: string): boolean;
}
