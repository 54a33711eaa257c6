import type { NanoUsd } from '../model/money.ts';
import type { DaySpend } from '../ports/store.ts';

/** Where a day's budget stands, in 10⁻⁹ USD. */
export interface BudgetState {
  /** Money that is gone: spent and unknown, running attempts included (R6.2). */
  readonly used: NanoUsd;
  /** Reserved by queued, backing-off, waiting and running loops (R6.2). */
  readonly reserved: NanoUsd;
  /** Reserved by running loops alone. */
  readonly runningReserved: NanoUsd;
  /** 0 = no limit. */
  readonly limit: NanoUsd;
}

/** Whether a new loop with that estimate is admitted (R6.2): one that just fits is. */
export function admits(budget: Omit<BudgetState, 'runningReserved'>, estimate: NanoUsd): boolean {
  if (budget.limit === 0) return true;
  return budget.used < budget.limit && budget.used + budget.reserved + estimate <= budget.limit;
}

/** Whether a queued loop with that estimate may start (R6.3). */
export function mayStart(budget: Omit<BudgetState, 'reserved'>, estimate: NanoUsd): boolean {
  if (budget.limit === 0) return true;
  return budget.used < budget.limit && budget.used + budget.runningReserved + estimate <= budget.limit;
}

/** When a loop fits the budget. `later`: once running loops give back enough. */
export type BudgetFit = 'now' | 'later' | 'today' | 'ever';

/** When a queued loop of that estimate can start (R6.3). `today`, `ever`: not on this day, not under this limit. */
export function budgetFit(budget: Omit<BudgetState, 'reserved'>, estimate: NanoUsd): BudgetFit {
  if (mayStart(budget, estimate)) return 'now';
  if (estimate > budget.limit) return 'ever';
  return mayStart({ ...budget, runningReserved: 0 }, estimate) ? 'later' : 'today';
}

/** Whether a limit allows more than the one before. */
export function allowsMore(limit: NanoUsd, before: NanoUsd): boolean {
  return before !== 0 && (limit === 0 || limit > before);
}

/** Running loops have carried the day past its limit (R6.4, R6.5). */
export function isPast(used: NanoUsd, limit: NanoUsd): boolean {
  return limit > 0 && used > limit;
}

/** Which events the day's use calls for, and the marks that keep them from being repeated (R6.4). */
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
