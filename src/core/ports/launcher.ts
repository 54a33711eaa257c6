import type { AgentEvent, AgentReader, Json, ProcessExit } from '../model/agentEvent.ts';
import type { StopBy } from '../model/attempt.ts';
import type { Containment } from '../model/containment.ts';
import type { Leftovers } from '../model/leftovers.ts';
import type { Look } from '../model/looks.ts';
import type { ProcessIdentity, SweptProcess } from '../model/processIdentity.ts';
import type { Answer, AskedQuestion } from '../model/question.ts';
import type { LoopChanges } from '../model/workTree.ts';
import type { CommandPlan } from './agents.ts';

/** What an attempt's guardian enforces. Times in ms, suspend not counted; 0 = none. */
export interface RunLimits {
  readonly timeoutMs: number;
  readonly firstOutputMs: number;
  readonly silenceMs: number;
  readonly onSilence: 'warn' | 'restart';
  readonly graceMs: number;
  /** How long its process may live on after the agent has said that it ended (R5.6). */
  readonly endGraceMs: number;
  readonly maxLogBytes: number;
  /** Memory that all its processes may hold together (R13.2). */
  readonly maxMemoryBytes?: number;
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
  /** A reader that knows nothing yet. */
  readonly freshReader?: () => AgentReader;
  readonly needsReading: boolean;
  /** The epoch of this machine under which it begins, where several share the store: it runs under no other (R16.3). */
  readonly epoch?: number;
  /** What is to be done before its process starts. Never rejects, and ends in time. */
  before?(): Promise<void>;
}

/** A run that goes on from an earlier window. */
export interface AdoptRequest {
  readonly token: string;
  readonly reader: AgentReader;
  readonly freshReader?: () => AgentReader;
  readonly needsReading: boolean;
  readonly readOffset: number;
  /** What was stored with that offset. */
  readonly position?: Json | undefined;
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
  /** How its processes are contained (R13.1); absent where its guardian is of an older version. */
  readonly containment?: Containment;
  /** Wall time of the start, ms. */
  readonly at: number;
}

/** Events of a piece of standard output that ends at a line. */
export interface RunOutput {
  /** Byte positions in standard output: from where to where was read. */
  readonly from: number;
  readonly to: number;
  readonly events: readonly AgentEvent[];
  /** Names what each `cost` event reports, in their order: what is read twice has the same names (R8.1). */
  readonly costKeys?: readonly string[];
  readonly readerState: Json;
  /** What the process layer needs to go on reading here. */
  readonly position?: Json;
  /** The log was cut off or replaced by somebody, and is read again from its start. */
  readonly anew?: 'cut' | 'replaced' | undefined;
}

/**
 * Whose trouble an end was, where it was neither the loop's nor the agent's (R5.7, R13.3). `machine`: it could not run
 * the guardian or the agent. `folder`: the working folder is gone or may not be entered. `memory`: the kernel killed
 * the agent for want of memory.
 */
export type RunTrouble = 'machine' | 'folder' | 'memory';

/**
 * How a run ended, as facts; the core decides what they mean. Told after all output was read and all processes were
 * seen to.
 */
export interface RunEnd extends Leftovers {
  /**
   * `exited`: the leader ended and we know how. `spawn`: it never started, nor will it (`error` says why). `void`:
   * nothing ran; it was never claimed, or could not start for a reason that may pass (`error` says which).
   * `lost`: nobody knows how it ended.
   */
  readonly kind: 'exited' | 'spawn' | 'void' | 'lost';
  readonly exit: ProcessExit;
  /** When the leader ended: wall time, ms. */
  readonly at: number;
  /** Who had it stopped, as the guardian knows: a deadline, a limit, or an order it was given. */
  readonly stoppedBy?: StopBy;
  /** The signal that ended its guardian, if no stop was ordered. */
  readonly foreignSignal?: string;
  readonly trouble?: RunTrouble;
  /** The most memory that its processes held together, bytes; absent if unknown. */
  readonly peakMemoryBytes?: number;
  /** What it asked for when it was stopped for its silence (R8.4). */
  readonly asked?: string;
  /** One sentence where there is more to say, such as the error of the start. */
  readonly error?: string;
  /** The tree of the working folder at its end, in a Git repository (R11.3). */
  readonly tree?: string;
  /** The snapshot (commit) of it (R12.3). */
  readonly treeAfter?: string;
  /** What the loop has changed by then, as far as that is known. */
  readonly changes?: LoopChanges;
  /** Last piece of output, with what the reader said at the end. */
  readonly last: RunOutput;
  /** Whether the agent wrote anything to standard output or standard error. */
  readonly hadOutput: boolean;
  /** The last line of standard error, for the reason of a failure; empty when there is none. */
  readonly errorLine: string;
}

/** Silence: for how long (ms) nothing was heard, or no progress was made. `retrying`: it only tries again (R8.4). */
export type SilenceWarning =
  | { readonly kind: 'first-output' | 'silence'; readonly forMs: number }
  /** `since`: wall time (ms) of its first try. `why`: what the agent says of it. */
  | { readonly kind: 'retrying'; readonly forMs: number; readonly since: number; readonly why: string };

/** What a run shows beside its events (R8.2, R8.4); none of it is stored. */
export interface LiveLines {
  /** The last line of standard output, where it has no end yet. */
  readonly unfinished?: string;
  /** The last line of standard error, where nothing on standard output came after it. */
  readonly errorLine?: string;
  /** The last line, where it looks like a question or a request for permission. */
  readonly asking?: string;
}

/** Called by the process layer, never from within the call that began the run. */
export interface RunObserver {
  started(facts: RunStarted): void;
  output(output: RunOutput): void;
  /** A deadline has passed and `onSilence` is `warn`; `undefined` when output came after all. */
  silent(warning: SilenceWarning | undefined): void;
  /** Nobody can see whether the run goes on, and why (R3.1); `undefined` when it is seen again. */
  unseen(why: string | undefined): void;
  /** The last lines of its logs have changed. */
  lines(lines: LiveLines): void;
  /** What its agent asks has changed (R17.1): all that lies in the run folder now, oldest first. */
  asking(questions: readonly AskedQuestion[]): void;
  /** Exactly once, unless the run was released before. */
  ended(end: RunEnd): void;
}

/**
 * Orders for a run, whichever window began it: they go to its guardian through its run folder. Harmless when it has
 * ended.
 */
export interface RunControl {
  /** Has the group stopped in its steps within `graceMs`, then swept. Harmless when called again. */
  stop(by: StopBy, graceMs: number): void;
  /**
   * Sends just this signal to the group; returns whether it was delivered. With `by` it is a stop that the run's end
   * will name. SIGKILL ends all that is left of the run too.
   */
  signal(signal: string, by: StopBy | undefined): Promise<boolean>;
  /**
   * Passes an answer on to the program that asked; the first one stands (R17.1). Throws the error of the file system,
   * except where its run folder is not on this machine or is gone.
   */
  answer(question: string, answer: Answer): void;
  /** Restarts the deadlines of first output and silence: what *Keep Waiting* does. */
  keepWaiting(): void;
  /** Its window closes. With a number it stops after that many ms unless a window with its folder takes over. */
  leave(stopAfterMs: number | undefined): void;
}

/** A run that this window follows. */
export interface Run extends RunControl {
  /** Stops following. The run goes on; the observer hears nothing more. */
  release(): void;
}

/** What is known of a run whose end could not be confirmed. */
export interface RunToLookFor {
  readonly token: string;
  readonly leader?: ProcessIdentity;
  readonly guardian?: ProcessIdentity;
  /** Those that it was last known to have. */
  readonly remaining: readonly ProcessIdentity[];
  readonly keep: readonly string[];
}

/** Starts attempts in groups of their own and follows them. The only way to processes. */
export interface AgentLauncher {
  launch(request: LaunchRequest, observer: RunObserver): Run;
  /**
   * Follows a run that another window began, or settles what has become of it. `mine`: this window has its folder open.
   */
  adopt(request: AdoptRequest, observer: RunObserver, mine: boolean): Run;
  /** Orders for a run that this window does not follow. */
  control(token: string): RunControl;
  /** Memory that processes can still get on this machine, bytes. */
  freeMemoryBytes(): number;
  /**
   * Memory that the processes of each run hold together, bytes, by token (R13.2). Those of other machines are left out,
   * and those that nobody can see.
   */
  memoryOf(
    runs: readonly { readonly token: string; readonly leader?: ProcessIdentity }[],
  ): Promise<ReadonlyMap<string, number>>;
  /** Free disk space where runs are kept, bytes. */
  freeBytes(): number;
  /** Ends what is left of runs that are recorded as ended; returns what was ended, by token. */
  reap(
    tokens: readonly string[],
    graceMs: number,
    keep: readonly string[],
  ): Promise<ReadonlyMap<string, readonly SweptProcess[]>>;
  /**
   * Looks for the processes of a run that nobody follows any more, its guardian included. `there`: those that live.
   * `gone`: none can live.
   */
  lookForRun(run: RunToLookFor): Promise<Look<readonly SweptProcess[]>>;
  /** Ends one process that was kept (R7.4); returns whether it was there. */
  terminateSpared(process: SweptProcess): Promise<boolean>;
  /** Removes run folders. */
  removeRuns(tokens: readonly string[]): Promise<void>;
  /**
   * Tokens of the run folders in which nothing was written since `at` (wall time, ms). There may be many: it does not
   * hold the thread.
   */
  runsBefore(at: number): Promise<string[]>;
  /** Where the standard output of a run is: an absolute path. */
  outputPath(token: string): string;
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
