import type { NanoUsd } from '../../core/model/money.ts';

/** How many loops an estimate is based on (R6.2). */
export const ESTIMATED_FROM = 20;

/** The median of these costs; undefined if there are none. */
export function medianOf(costs: readonly NanoUsd[]): NanoUsd | undefined {
  if (costs.length === 0) return undefined;
  const sorted = [...costs].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return Math.round(((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2);
}
