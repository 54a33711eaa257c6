import type { BudgetStatus, CircuitStatus } from '../../core/model/status.ts';
import type { UsageWindow } from '../../core/model/usageWindow.ts';
import type { CircuitChange, TimelineAttempt } from '../../core/ports/historyQueries.ts';

/** The counters, and what attempts alone do not show. Costs in USD, times are wall times in ms. */
export interface LiveFigures {
  readonly running: number;
  readonly slots: number;
  readonly queued: number;
  readonly queueMax: number;
  /** Waiting to restart, for a limit to reset, and for a decision of their user's. */
  readonly backingOff: number;
  readonly waiting: number;
  readonly needing: number;
  readonly failed: number;
  readonly paused: boolean;
  readonly circuit: CircuitStatus;
  readonly budget: BudgetStatus;
  /** The accounts whose usage windows are known. */
  readonly windows: readonly { readonly account: string; readonly window: UsageWindow }[];
  /** Why nothing can be done now. */
  readonly notReady?: string;
}

/** Spend of one agent on one day (`YYYY-MM-DD`), USD. */
export interface DaySpendRow {
  readonly day: string;
  readonly agent: string;
  readonly usd: number;
  readonly estimatedUsd: number;
}

/** The range that was requested, so that the page can mark it. `ms`: how far back; 0: everything. */
export interface Range {
  readonly ms: number;
  /** Since when: wall time, ms. */
  readonly from: number;
}

/** Days of spend that are shown. */
export const SPEND_DAYS = 30;
/** Attempts shown at most: the newest. */
export const MAX_ATTEMPTS = 20_000;
/** The ranges on offer: hour, 6 hours, day, week, 30 days, everything. */
export const RANGES: readonly { readonly ms: number; readonly label: string }[] = [
  { ms: 3_600_000, label: '1 hour' },
  { ms: 6 * 3_600_000, label: '6 hours' },
  { ms: 24 * 3_600_000, label: '24 hours' },
  { ms: 7 * 24 * 3_600_000, label: '7 days' },
  { ms: 30 * 24 * 3_600_000, label: '30 days' },
  { ms: 0, label: 'Everything' },
];
export const DEFAULT_RANGE_MS = 24 * 3_600_000;

/** Messages to the page. */
export type ToDashboard =
  | { readonly type: 'figures'; readonly figures: LiveFigures; readonly now: number }
  /** The newest attempts in the range; older ones follow as `older` until one is `complete`. */
  | {
      readonly type: 'timeline';
      readonly range: Range;
      readonly attempts: readonly TimelineAttempt[];
      readonly circuit: readonly CircuitChange[];
      readonly complete: boolean;
    }
  | { readonly type: 'older'; readonly attempts: readonly TimelineAttempt[]; readonly complete: boolean }
  /** Attempts that are new or have changed since. */
  | { readonly type: 'attempts'; readonly attempts: readonly TimelineAttempt[] }
  | { readonly type: 'circuit'; readonly changes: readonly CircuitChange[] }
  /** Spend of the last `SPEND_DAYS`; `today`: only that day's rows, which replace the earlier ones. */
  | {
      readonly type: 'spend';
      readonly rows: readonly DaySpendRow[];
      readonly days: readonly string[];
      readonly limit: number;
    }
  /** There is nothing to show, and why. */
  | { readonly type: 'gone'; readonly text: string };

export type DashboardCommand =
  | 'resetCircuit'
  | 'pauseQueue'
  | 'resumeQueue'
  | 'setDailyBudget'
  | 'searchHistory'
  | 'exportHistory'
  | 'showFailed'
  | 'submitPrompt';

/** Messages from the page, validated on arrival. */
export type FromDashboard =
  | { readonly type: 'ready'; readonly rangeMs: number }
  | { readonly type: 'range'; readonly rangeMs: number }
  | { readonly type: 'open'; readonly loopId: string; readonly seq: number }
  | { readonly type: 'command'; readonly command: DashboardCommand };
