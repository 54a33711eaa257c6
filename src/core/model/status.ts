import type { CircuitState } from './circuit.ts';
import type { GateOf, HoldReason } from './gate.ts';
import type { LiveLoop, Waiting } from './loop.ts';
import type { UnknownSetting } from './settings.ts';
import type { UsageWindow } from './usageWindow.ts';

/**
 * Why a loop is parked: it keeps its place, and cannot start for now (R2.2). `window`: its folder is open nowhere, or
 * its window does not answer. `folder`, `profile`: its working directory or its profile is missing. `budget`: its
 * estimate does not fit. `memory`: too little is free for it. The others: what holds it.
 */
export type ParkReason = 'window' | 'folder' | 'profile' | 'budget' | 'memory' | HoldReason;

/** What a queued loop waits for: the most telling reason. */
export type WaitingFor =
  /** A free slot, or those before it. */
  | 'slot'
  | 'circuit'
  | 'paused'
  /** A limit in the settings that cannot be read (R6.9). */
  | 'settings'
  /** Its account's usage window. */
  | 'limit'
  | Exclude<ParkReason, 'usageLimit'>
  | 'disk'
  | 'store';

/** The circuit breaker as shown (R4.3). Times in ms. */
export interface CircuitStatus {
  readonly state: CircuitState;
  readonly consecutiveFailures: number;
  readonly lastFailureAt?: number;
  readonly openedAt?: number;
  readonly cooldownRemainingMs: number;
  /** The last failures' reasons, newest first. */
  readonly reasons: readonly string[];
}

/** A loop that is parked. */
export interface ParkedStatus {
  readonly loopId: string;
  /** 1-based place in the queue, which it keeps. */
  readonly position: number;
  readonly priority: number;
  readonly enqueuedAt: number;
  readonly reason: ParkReason;
  /** One sentence without a full stop. */
  readonly why: string;
  /** When its hold is tried or checked next by itself; absent where that has no time. */
  readonly until?: number;
}

/** Something that is held, or was just released (R14). Times are wall times in ms. */
export interface HoldStatus {
  readonly of: GateOf;
  /** `trial`: one loop goes first. */
  readonly state: 'held' | 'trial';
  readonly reason: HoldReason;
  /** One sentence without a full stop. */
  readonly why: string;
  readonly since: number;
  /** When it is tried or checked next by itself; absent where it waits for a hand or for new settings. */
  readonly until?: number;
  /** That time is our guess. */
  readonly guessed: boolean;
}

/** Who pays for one or more profiles. */
export interface AccountStatus {
  readonly account: string;
  /** The profiles that it pays for. */
  readonly agents: readonly string[];
  readonly circuitState: CircuitState;
  readonly holds: readonly HoldStatus[];
  /** How full its usage windows are, as far as its agents report it, fullest first (R14.6). */
  readonly windows: readonly UsageWindow[];
}

/** Today's budget, USD. */
export interface BudgetStatus {
  /** What agents named or was priced from tokens, running attempts included (R6.2). */
  readonly spent: number;
  /** Guesses for attempts that worked and whose cost is unknown (R6.6). */
  readonly unknown: number;
  /** What loops are still estimated to cost today (R6.2). */
  readonly reserved: number;
  /** What running attempts may still spend before they must ask again (R6.8). */
  readonly granted: number;
  /** 0 = no limit. */
  readonly limit: number;
  /** Wall time (ms) of the next local midnight. */
  readonly resetsAt: number;
}

/** One consistent snapshot (R10.1). Costs in USD, times are wall times in ms. */
export interface Status {
  readonly running: readonly {
    readonly loopId: string;
    /** Absent within the milliseconds of the start. */
    readonly pid?: number;
    readonly startedAt: number;
    readonly attempt: number;
    readonly agent: string;
    /** What it has cost up to now, by a first reckoning where its agent has not said. */
    readonly costUsd: number;
    /** What the attempt may spend before it must ask again; absent where nothing bounds it (R6.8). */
    readonly allowanceUsd?: number;
    /** Its spending shows only at its end, so nothing bounds it while it runs (R6.8). */
    readonly unbounded: boolean;
    /** It is being stopped. */
    readonly stopping: boolean;
  }[];
  /** Those whose work trees are being made; each holds a slot (R12.1). */
  readonly preparing: readonly { readonly loopId: string; readonly since: number }[];
  readonly queued: readonly {
    readonly loopId: string;
    readonly position: number;
    readonly priority: number;
    readonly enqueuedAt: number;
    readonly waitingFor: WaitingFor;
  }[];
  /** Those of the queue that cannot start for a reason of their own. They reserve nothing, and block nobody (R2.2). */
  readonly parked: readonly ParkedStatus[];
  readonly backingOff: readonly { readonly loopId: string; readonly until: number; readonly reason: string }[];
  /** What agents ask and nobody has answered, those included whose run was stopped meanwhile (R17). */
  readonly asking: readonly {
    readonly loopId: string;
    /** The id of the question. */
    readonly question: string;
    /** What is asked, in one line. */
    readonly asks: string;
    readonly since: number;
  }[];
  readonly waiting: readonly {
    readonly loopId: string;
    readonly for: Waiting['for'];
    /** When it goes on by itself; absent where it waits for you. */
    readonly until?: number;
    readonly reason: string;
  }[];
  /** The worst of all accounts. */
  readonly circuitState: CircuitState;
  /** The one that is worst. */
  readonly circuit: CircuitStatus;
  /** Those that have counted a failure or have been open, by account (R4.3). */
  readonly circuits: readonly (CircuitStatus & { readonly account: string })[];
  /** Who pays for the profiles that there are, and what is held of each (R14). */
  readonly accounts: readonly AccountStatus[];
  /** All that is held, the profiles and the machine included. */
  readonly holds: readonly HoldStatus[];
  readonly concurrencyUsed: number;
  readonly concurrencyMax: number;
  /** New loops in the queue that can start: those that count against `queueMax` (R2.2). */
  readonly queueDepth: number;
  readonly queueMax: number;
  readonly budget: BudgetStatus;
  readonly permanentlyFailed: readonly string[];
  readonly paused: boolean;
  /** Settings that bound and of which no value is known: nothing starts (R6.9). */
  readonly unknownSettings: readonly UnknownSetting[];
  readonly ready: boolean;
  /** Why it is not ready. */
  readonly notReady?: string;
}

/** What a run is doing now, as far as this window follows it. Not stored. */
export interface Activity {
  /** In a few words: the last text, tool call, retry. Plain text from the agent: escape before showing as Markdown. */
  readonly doing?: string;
  /** Wall time (ms) of the last output that this window saw. */
  readonly heardAt?: number;
  /** How long (ms) nothing has been heard. */
  readonly silentForMs?: number;
  /** The last line of its output, where it looks like a question that nobody can answer (R8.4). */
  readonly asking?: string;
  /** The last line of standard error, where nothing came on standard output after it. */
  readonly errorLine?: string;
  /** The agent waits for its provider, in words. */
  readonly retrying?: string;
  /** Why its processes cannot be seen at present, in a few words (R3.1). */
  readonly unseen?: string;
  /** Its processes hold most of the memory that they may, bytes (R13.2). */
  readonly nearMemory?: { readonly held: number; readonly limit: number };
}

/**
 * Which host may start a loop: this one, another one, or none, since its window is gone and its folder is open nowhere.
 */
export type LoopHost = 'here' | 'elsewhere' | 'gone';

/** A live loop as the views show it. */
export interface LiveView {
  readonly loop: LiveLoop;
  /** 1-based place in the queue; absent unless queued. */
  readonly position?: number;
  readonly waitingFor?: WaitingFor;
  readonly activity?: Activity;
  readonly host: LoopHost;
  /** What people call the machine that it belongs to, where that is another one (R16.4). */
  readonly machine?: string;
}

/** A machine that shares the store with this one (R16.4). */
export interface OtherMachine {
  readonly id: string;
  /** What people call it. Several may be called alike. */
  readonly name: string;
  /** Addresses of the repositories whose loops it takes. */
  readonly takes: readonly string[];
  /** Whether a host there answers now. */
  readonly answers: boolean;
}

/** What one account has paid on a day, USD. */
export interface AccountSpend {
  /** The agent's name where the account is not known. */
  readonly account: string;
  readonly usd: number;
  /** The part of `usd` that no agent named. */
  readonly estimatedUsd: number;
  /** The part of `estimatedUsd` that is a guess (R6.6). */
  readonly unknownUsd: number;
}

/** What one loop has cost on a day, USD. */
export interface LoopSpend {
  readonly loopId: string;
  readonly title: string;
  readonly agent: string;
  readonly usd: number;
  /** The part of `usd` that no agent named. */
  readonly estimatedUsd: number;
  /** The part of `estimatedUsd` that is a guess (R6.6). */
  readonly unknownUsd: number;
}

/** The answer to a submit (R1.1). */
export interface SubmitResult {
  readonly loopId: string;
  readonly queued: boolean;
  /** 1-based place in the queue; 0 when it starts at once. */
  readonly position: number;
  /** What its caller should know, such as that a slash command goes as text (R1.5): one sentence. */
  readonly note?: string;
}
