import type { ProcessExit } from '../../core/model/agentEvent.ts';
import type { StopBy } from '../../core/model/attempt.ts';
import type { Containment } from '../../core/model/containment.ts';
import type { Leftovers } from '../../core/model/leftovers.ts';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import type { StopStep } from '../../core/ports/agents.ts';
import type { RunEnd, RunLimits, RunTrouble } from '../../core/ports/launcher.ts';

/** The format of the files in a run folder. A guardian and a window of another format leave each other's runs alone. */
export const FORMAT = 1;

/** `request.json`: what a guardian is to run. Written by the window before the guardian is started. */
export interface RunRequest {
  readonly format: typeof FORMAT;
  readonly loopId: string;
  readonly token: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The arguments are already quoted for the Windows command interpreter. */
  readonly verbatim: boolean;
  readonly cwd: string;
  /** Whether the file `prompt` goes to standard input; otherwise it is empty. */
  readonly hasInput: boolean;
  readonly stopSteps: readonly StopStep[];
  readonly limits: RunLimits;
  /** How often (ms) the guardian shows that it works. */
  readonly beatMs?: number;
  /** Where windows say that they live. */
  readonly windowsFolder: string;
  /** How the run is to be contained on this machine (R13.1). */
  readonly containment?: Containment;
  /** Until when it may run, where several machines share the store (R16.3). */
  readonly lease?: RunLease;
}

/** The lease under which a run begins. */
export interface RunLease {
  /** The file that says until when runs of this machine may go on. */
  readonly file: string;
  /** The epoch of the machine in which it began. */
  readonly epoch: number;
}

/** The lease file: what this machine's hosts were last granted. */
export interface LeaseRecord {
  readonly format: typeof FORMAT;
  /** The boot in which `until` means something. */
  readonly bootId: string;
  readonly epoch: number;
  /** Time since the boot, ms. */
  readonly until: number;
}

/** `claim`: who decides what becomes of the run. `void`: it was never begun and never will be. */
export interface ClaimRecord {
  readonly format: typeof FORMAT;
  readonly by: 'guardian' | 'void';
  readonly guardian?: ProcessIdentity;
  /** How often (ms) its guardian gives the file a new time, to show that it works; absent for the first edition. */
  readonly beatMs?: number;
}

/** `started.json` */
export interface StartedRecord {
  readonly format: typeof FORMAT;
  readonly leader: ProcessIdentity;
  readonly guardian: ProcessIdentity;
  /** The control group that all of the run is in; absent where it has none (R13.1). */
  readonly group?: string;
  /** How it is contained; absent for guardians of older versions. */
  readonly containment?: Containment;
  /** Wall time, ms. */
  readonly at: number;
}

/** `exit.json`: how the leader ended, as soon as it is known; what is left of it is being ended. */
export interface ExitRecord {
  readonly format: typeof FORMAT;
  readonly exit: ProcessExit;
  /** Wall time, ms. */
  readonly at: number;
  readonly stoppedBy?: StopBy;
  /** A signal that nobody had ordered; `stoppedBy` is `shutdown` then, for windows of the first edition. */
  readonly foreignSignal?: string;
  readonly trouble?: RunTrouble;
}

/** `ended.json`: all is over. */
export interface EndedRecord extends Leftovers {
  readonly format: typeof FORMAT;
  readonly kind: RunEnd['kind'];
  readonly exit: ProcessExit;
  /** Wall time, ms. */
  readonly at: number;
  readonly stoppedBy?: StopBy;
  readonly foreignSignal?: string;
  readonly trouble?: RunTrouble;
  /** The most memory that its processes were seen to hold together, bytes. */
  readonly peakMemoryBytes?: number;
  readonly error?: string;
}

/** `silent.json` */
export interface SilentRecord {
  readonly format: typeof FORMAT;
  readonly kind: 'first-output' | 'silence';
  readonly forMs: number;
}

/** `seen.json`: processes of the run that were seen, for whoever takes the place of its guardian. */
export interface SeenRecord {
  readonly format: typeof FORMAT;
  readonly processes: readonly ProcessIdentity[];
}

/** `cut.json`: the logs passed their limit, so their ends were cut off. */
export interface CutRecord {
  readonly format: typeof FORMAT;
  /** Bytes in both logs before they were first cut. */
  readonly bytes: number;
  /** Wall time, ms. */
  readonly at: number;
}

/** What a window may ask of a guardian: one file each in `orders`. */
export type Order =
  | { readonly kind: 'stop'; readonly by: StopBy; readonly graceMs: number }
  /** `by`: it is meant as a stop. */
  | { readonly kind: 'signal'; readonly signal: string; readonly by?: StopBy }
  | { readonly kind: 'keepWaiting' }
  /** Its window has gone; with `stopAfterMs` it stops after that time unless it is adopted. */
  | { readonly kind: 'leave'; readonly stopAfterMs?: number }
  /** A window follows it. `mine`: one that has its folder open. */
  | { readonly kind: 'adopted'; readonly mine: boolean };

/** What became of a signal order: the file of the order with `RESULT` at its end. */
export interface OrderResult {
  readonly delivered: boolean;
}

export const ORDER = '.order';
export const RESULT = '.result';
