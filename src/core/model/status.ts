import type { CircuitState } from './circuit.ts';
import type { Leftovers } from './leftovers.ts';
import type { LedgerRow, LiveLoop, Loop, Outcome, Transition, Waiting } from './loop.ts';
import type { UnknownSetting } from './settings.ts';

/** What a queued loop waits for: the most telling reason. */
export type WaitingFor =
  /** A free slot, or those before it. */
  | 'slot'
  | 'circuit'
  | 'budget'
  | 'paused'
  /** A setting that bounds and that nobody can read (R6.9). */
  | 'settings'
  /** The window it belongs to: that one is gone, or is to start it. */
  | 'window'
  /** Its agent's usage window. */
  | 'limit'
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

/** Today's budget, USD. */
export interface BudgetStatus {
  readonly spent: number;
  readonly reserved: number;
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
    readonly costUsd: number;
    /** It is being stopped. */
    readonly stopping: boolean;
  }[];
  readonly queued: readonly {
    readonly loopId: string;
    readonly position: number;
    readonly priority: number;
    readonly enqueuedAt: number;
    readonly waitingFor: WaitingFor;
  }[];
  readonly backingOff: readonly { readonly loopId: string; readonly until: number; readonly reason: string }[];
  readonly waiting: readonly {
    readonly loopId: string;
    readonly for: Waiting['for'];
    /** When it goes on by itself; absent where it waits for you. */
    readonly until?: number;
    readonly reason: string;
  }[];
  readonly circuitState: CircuitState;
  readonly circuit: CircuitStatus;
  readonly concurrencyUsed: number;
  readonly concurrencyMax: number;
  /** New loops in the queue: those that count against `queueMax` (R2.2). */
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
  /** Nothing was heard for so long (ms). */
  readonly silentForMs?: number;
  /** The agent waits for its provider, in words. */
  readonly retrying?: string;
}

/** Which host may start a loop: this one, another one, or none, since its window is gone and its folder is open nowhere. */
export type LoopHost = 'here' | 'elsewhere' | 'gone';

/** A live loop as the views show it. */
export interface LiveView {
  readonly loop: LiveLoop;
  /** 1-based place in the queue; absent unless queued. */
  readonly position?: number;
  readonly waitingFor?: WaitingFor;
  readonly activity?: Activity;
  readonly host: LoopHost;
}

/** Everything about one loop. Costs in USD. */
export interface LoopDetail {
  readonly loopId: string;
  readonly state: Loop['state'];
  readonly loop: Loop;
  readonly prompt: string;
  readonly attempts: readonly AttemptDetail[];
  readonly costUsd: number;
  /** Some of it is an estimate. */
  readonly costEstimated: boolean;
  /** What it still holds of the budget; 0 once it is final. */
  readonly reservedUsd: number;
  readonly history: readonly Transition[];
  readonly ledger: readonly LedgerRow[];
}

/** One attempt for callers. Times are wall times in ms. */
export interface AttemptDetail extends Leftovers {
  readonly number: number;
  readonly pid?: number;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly outcome?: Outcome;
  readonly reason?: string;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly sessionId?: string;
  readonly resumed: boolean;
  /** Names its run folder. */
  readonly token: string;
  readonly cost: { readonly usd: number; readonly source: 'reported' | 'estimated' | 'none' };
}

/** What one loop has cost on a day, USD. */
export interface LoopSpend {
  readonly loopId: string;
  readonly title: string;
  readonly agent: string;
  readonly usd: number;
  /** The part of `usd` that was estimated. */
  readonly estimatedUsd: number;
}

/** The answer to a submit (R1.1). */
export interface SubmitResult {
  readonly loopId: string;
  readonly queued: boolean;
  /** 1-based place in the queue; 0 when it starts at once. */
  readonly position: number;
}
