import { ROUND_BOUNDS, type RoundBound } from './check.ts';
import { type Loop, needsUser } from './loop.ts';

/** A loop that waits for a decision of its user's. */
type Needing<Need> = Extract<Loop, { for: 'you' }> & { readonly need: Need };

/** Whether a loop's rounds have reached a bound: its user can continue them, or accept it as it is (R11.3). */
export function isAtRoundBound(loop: Loop): loop is Needing<RoundBound> {
  return needsUser(loop) && ROUND_BOUNDS.some((bound) => bound === loop.need);
}

/** Whether a loop waits for its user to let it spend more (R6.8). */
export function asksForMore(loop: Loop): loop is Needing<'allowance'> {
  return needsUser(loop) && loop.need === 'allowance';
}
