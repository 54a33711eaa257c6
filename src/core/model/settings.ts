import type { NanoUsd } from './money.ts';
import type { PermissionRules } from './question.ts';
import type { Isolation } from './workTree.ts';

/** What governs the supervisor, as values: read from the settings in one place of the shell. Times in ms. */
export interface Settings {
  /** Attempts at once over all windows (R3.1): 1 or more. */
  readonly maxConcurrent: number;
  /** New loops in the queue (R2.2): 0 or more. */
  readonly maxQueueDepth: number;
  /** How deep loops may be nested that loops submit (R15.4): 0 = not at all. */
  readonly maxSubmitDepth: number;
  readonly restart: {
    /** Restarts within the window (R5.1): 0 = never restart. */
    readonly maxRestarts: number;
    readonly windowMs: number;
    /** Restarts over a loop's whole life (R5.1). */
    readonly maxTotal: number;
  };
  readonly circuit: CircuitSettings;
  readonly budget: {
    /** 10⁻⁹ USD a day; 0 = no limit (R6.1). */
    readonly dailyLimit: NanoUsd;
    /** 1 to 100 (R6.4). */
    readonly warnAtPercent: number;
    /** What happens to running loops when the limit is passed (R6.5). */
    readonly onExceeded: 'finish' | 'stop';
    /** A running loop is granted no less at a time, 10⁻⁹ USD (R6.8). */
    readonly minAllowance: NanoUsd;
  };
  /** An attempt's longest run, suspend not counted; 0 = none (R7.6). */
  readonly loopTimeoutMs: number;
  /** From the first signal to SIGKILL (R7.2). */
  readonly killGraceMs: number;
  /** From the agent's last word to the stop of a process that lives on (R5.6); 0 = none. */
  readonly endGraceMs: number;
  /** Program names that are not swept (R7.4). */
  readonly sweepKeep: readonly string[];
  /** Of standard output and standard error together, per attempt (R8.3). */
  readonly maxLogBytes: number;
  /** Memory, bytes; 0 = none (R13.2). */
  readonly limits: {
    /** Of all processes of an attempt. */
    readonly memory: number;
    /** Of all attempts on this machine together. */
    readonly totalMemory: number;
  };
  /** 0 = off. */
  readonly firstOutputTimeoutMs: number;
  /** 0 = off. */
  readonly silenceTimeoutMs: number;
  readonly onSilence: 'warn' | 'restart';
  /** What happens when an account's usage window is reset: its loops go on, or wait to be asked for (R14.4). */
  readonly onLimitReset: 'resume' | 'ask';
  /** What agents may do without being asked about (R17.2). */
  readonly permissions: PermissionRules;
  /** How long a question waits for an answer before it is denied (R17.2); 0 = forever. */
  readonly askTimeoutMs: number;
  /** How long a loop that asks keeps its slot (R17.2); 0 = until it is answered. */
  readonly askHoldsSlotMs: number;
  /** 0 for an account that is not named. */
  readonly reserves: Reserves;
  readonly onWindowClose: 'keep' | 'stop';
  /** How long work may be unattended before it comes back held (R9.5); 0 = forever. */
  readonly staleAfterMs: number;
  /** With no window alive for this long, the runs are stopped; 0 = no limit. */
  readonly unattendedGraceMs: number;
  /** How long runs go on while their machine cannot reach the store that it shares (R16.3). */
  readonly partitionGraceMs: number;
  readonly defaultAgent: string;
  /** Where a loop works whose submit does not say (R12.1). */
  readonly isolation: Isolation;
  readonly workTree: {
    /** A command line that is run once in a new work tree (R12.2); empty: none. */
    readonly setup: string;
    /** All work trees together (R12.6); more asks. */
    readonly maxTotalBytes: number;
    /** Those of loops that ended longer ago are removed, with their commits kept as a branch (R12.6). */
    readonly maxAgeMs: number;
  };
  /** Folders of clones on this machine in which loops of other machines may work (R16.4); none: it takes none. */
  readonly repositories: readonly string[];
  /** The remote of such a clone to which their branches are pushed once they are over (R16.9); empty: none. */
  readonly pushResultsTo: string;
  readonly retention: {
    /** Finished loops older than this are removed with their logs. */
    readonly maxAgeMs: number;
    /** Logs of finished loops together; the oldest go first. */
    readonly maxLogBytes: number;
    /** Finished loops kept at most. */
    readonly maxLoops: number;
  };
}

export interface CircuitSettings {
  /** Failures in a row that open it (R4.1): 1 or more. */
  readonly failureThreshold: number;
  readonly cooldownMs: number;
  /** Attempts at once in half-open: 1 or more. */
  readonly halfOpenMaxProbes: number;
}

/** Percent by account: how much of its usage windows an account keeps for its user (R14.6). */
export type Reserves = { readonly [account: string]: number };

/** A setting's value in the core's units: ms, bytes, 10⁻⁹ USD, a word, a list of names, or percent by account. */
export type SettingValue = number | string | readonly string[] | Reserves;

/** Last good values by the setting's name without `loopSupervisor.`; shared by all hosts. */
export type StoredSettings = { readonly [setting: string]: SettingValue };

/**
 * Why a setting has no value of its own (R6.9). `unset`: the settings files parse and do not mention it.
 * `unclear`: it is not there, but a settings file does not parse. `unreadable`: what is written makes no sense.
 * `why` is a sentence that names the setting.
 */
export type Doubt =
  | { readonly kind: 'unset' }
  | { readonly kind: 'unclear'; readonly why: string }
  | { readonly kind: 'unreadable'; readonly why: string };

/** Doubts by the setting's name; one without a doubt was set by the user. */
export type Doubts = { readonly [setting: string]: Doubt };

/** A bound of which no value is known, so nothing starts. */
export interface UnknownSetting {
  readonly setting: string;
  readonly why: string;
}

/** A bound that was taken out of the settings, and whose stored value holds until the user decides. */
export interface KeptSetting {
  readonly setting: string;
  readonly value: SettingValue;
  /** What would hold without it. */
  readonly fallback: SettingValue;
}

/** A bound of a shared store whose value differs from what is set on this machine (R16.6). */
export interface DifferingSetting {
  readonly setting: string;
  /** The value in force, on all machines. */
  readonly shared: SettingValue;
  /** What this machine's settings say. */
  readonly own: SettingValue;
}

const MINUTE = 60_000;
const MEBIBYTE = 1024 * 1024;

/** The defaults of the spec. */
export const DEFAULT_SETTINGS: Settings = {
  maxConcurrent: 4,
  maxQueueDepth: 20,
  maxSubmitDepth: 2,
  restart: { maxRestarts: 3, windowMs: 300_000, maxTotal: 10 },
  circuit: { failureThreshold: 5, cooldownMs: 120_000, halfOpenMaxProbes: 1 },
  budget: { dailyLimit: 0, warnAtPercent: 90, onExceeded: 'finish', minAllowance: 500_000_000 },
  loopTimeoutMs: 120 * MINUTE,
  killGraceMs: 5_000,
  endGraceMs: 30_000,
  sweepKeep: [
    'tmux',
    'screen',
    'ssh-agent',
    'gpg-agent',
    'conmon',
    'adb',
    'watchman',
    'bazel',
    'gradle',
    'sccache',
    'ccache',
    'dockerd',
    'containerd',
  ],
  maxLogBytes: 256 * MEBIBYTE,
  limits: { memory: 0, totalMemory: 0 },
  firstOutputTimeoutMs: 5 * MINUTE,
  silenceTimeoutMs: 15 * MINUTE,
  onSilence: 'warn',
  onLimitReset: 'resume',
  permissions: { allow: [], ask: [], deny: [] },
  askTimeoutMs: 0,
  askHoldsSlotMs: 10 * MINUTE,
  reserves: {},
  onWindowClose: 'keep',
  staleAfterMs: 12 * 60 * MINUTE,
  unattendedGraceMs: 30 * MINUTE,
  partitionGraceMs: 10 * MINUTE,
  defaultAgent: 'sample',
  isolation: 'folder',
  workTree: { setup: '', maxTotalBytes: 20 * 1024 * MEBIBYTE, maxAgeMs: 14 * 24 * 60 * MINUTE },
  repositories: [],
  pushResultsTo: '',
  retention: { maxAgeMs: 30 * 24 * 60 * MINUTE, maxLogBytes: 1024 * MEBIBYTE, maxLoops: 10_000 },
};
