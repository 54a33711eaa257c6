import type { AgentEvent, AgentReader, Json, ProcessExit } from '../model/agentEvent.ts';
import type { Leftovers } from '../model/leftovers.ts';
import type { Look } from '../model/looks.ts';
import type { ProcessIdentity, StopBy, SweptProcess } from '../model/loop.ts';
import type { CommandPlan } from './agents.ts';

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

/**
 * Whose trouble an end was, where it was neither the loop's nor the agent's (R5.7, R13.3). `machine`: it could not run the
 * guardian or the agent. `folder`: the working folder is gone or may not be entered. `memory`: the kernel killed the agent
 * for want of memory.
 */
export type Trouble = 'machine' | 'folder' | 'memory';

/** How a run ended, as facts; the core decides what they mean. Told after all output was read and all processes were seen to. */
export interface RunEnd extends Leftovers {
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
  /** The signal that told its guardian to end, where nobody had ordered a stop. */
  readonly foreignSignal?: string;
  readonly trouble?: Trouble;
  /** One sentence where there is more to say, such as the error of the start. */
  readonly error?: string;
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
  reap(
    tokens: readonly string[],
    graceMs: number,
    keep: readonly string[],
  ): Promise<ReadonlyMap<string, readonly SweptProcess[]>>;
  /** Ends one process that was kept (R7.4); answers whether it was there. */
  terminateSpared(process: SweptProcess): Promise<boolean>;
  /** Removes run folders. */
  removeRuns(tokens: readonly string[]): Promise<void>;
  /** Tokens of the run folders in which nothing was written since `at` (wall time, ms). There may be many: it does not hold the thread. */
  runsBefore(at: number): Promise<string[]>;
  /** Bytes that the logs of a run take on disk. */
  logBytes(token: string): number;
}

/** Looks at processes that were once seen (R7.5). */
export interface ProcessInspector {
  readonly self: ProcessIdentity;
  /** Whether the process still lives. Never throws. */
  look(process: ProcessIdentity): Look;
}

/** What the core asks about the file system. */
export interface Folders {
  /** Whether `path` is an existing folder (R1.3). Never throws. */
  look(path: string): Look;
}
