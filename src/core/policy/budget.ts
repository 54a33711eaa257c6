import type { NanoUsd } from '../model/money.ts';
import type { DaySpend } from '../ports/store.ts';

/** Where a day's budget stands, in 10⁻⁹ USD. */
export interface BudgetState {
  /** What is gone: spent and unknown, running attempts included (R6.2). */
  readonly used: NanoUsd;
  /** Reserved by queued, backing-off, waiting and running loops (R6.2). */
  readonly reserved: NanoUsd;
  /** Reserved by running loops alone. */
  readonly runningReserved: NanoUsd;
  /** 0 = no limit. */
  readonly limit: NanoUsd;
}

/** Whether a new loop of that estimate is taken (R6.2): one that just fits is. */
export function admits(budget: Omit<BudgetState, 'runningReserved'>, estimate: NanoUsd): boolean {
  if (budget.limit === 0) return true;
  return budget.used < budget.limit && budget.used + budget.reserved + estimate <= budget.limit;
}

/** How a queued loop stands to the day's money (R6.3). */
export type Fit =
  | 'fits'
  /** Running loops may still give back enough for it. */
  | 'waits'
  /** Not today any more. */
  | 'notToday'
  /** Its estimate is above the limit itself. */
  | 'never';

/** Whether a queued loop that reserves so much may start (R6.3). */
export function fitOf(budget: Omit<BudgetState, 'reserved'>, reserve: NanoUsd): Fit {
  const { used, runningReserved, limit } = budget;
  if (limit === 0) return 'fits';
  if (reserve > limit) return 'never';
  if (used >= limit || used + reserve > limit) return 'notToday';
  return used + runningReserved + reserve <= limit ? 'fits' : 'waits';
}

/** Whether a limit allows more than the one before. */
export function allowsMore(limit: NanoUsd, before: NanoUsd): boolean {
  return before !== 0 && (limit === 0 || limit > before);
}

/** Running loops have carried the day past its limit (R6.4, R6.5). */
export function isPast(used: NanoUsd, limit: NanoUsd): boolean {
  return limit > 0 && used > limit;
}

/** What to say now that so much of the day is used, and the marks that keep it from being said again (R6.4). */
export function budgetNews(
  day: DaySpend,
  used: NanoUsd,
  limit: NanoUsd,
  warnAtPercent: number,
): { readonly day: DaySpend; readonly warn: boolean; readonly exceeded: boolean } {
  const warn = limit > 0 && !day.warned && used * 100 >= limit * warnAtPercent;
  const exceeded = isPast(used, limit) && !day.exceeded;
  return {
    day: warn || exceeded ? { ...day, warned: day.warned || warn, exceeded: day.exceeded || exceeded } : day,
    warn,
    exceeded,
  };
}
