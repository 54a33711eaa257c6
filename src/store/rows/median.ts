import type { FinishedLoop } from '../../core/model/loop.ts';
import type { NanoUsd } from '../../core/model/money.ts';

/** How many loops an estimate is based on: the newest ones, so many at most and at least (R6.2). */
export const ESTIMATED_FROM = 20;
const FEWEST = 3;

/** The median of these costs; undefined if there are too few. */
export function medianOf(costs: readonly NanoUsd[]): NanoUsd | undefined {
  if (costs.length < FEWEST) return undefined;
  const sorted = [...costs].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return Math.round(((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2);
}

/** Whether a loop's cost counts: one that did not work cost nothing, and a guess must not feed on guesses (R6.2). */
export function hasKnownCost({ state, cost, costUnknown, costAtLeast }: FinishedLoop): boolean {
  return state !== 'cancelled' && cost > 0 && costUnknown === 0 && !costAtLeast;
}
