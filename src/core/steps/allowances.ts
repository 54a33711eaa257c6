import { InvalidLoopError } from '../model/errors.ts';
import { type ActiveLoop, capLeftOf, type LiveLoop, type LoopFacts } from '../model/loop.ts';
import { type NanoUsd, toUsd } from '../model/money.ts';
import type { Verdict } from '../policy/verdict.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import type { RunSummary } from './runSummary.ts';
import { requeue, wait } from './transitions.ts';

export const CAP_USED_UP = 'it has reached its cost limit';
const DAY_USED_UP = 'what was left of the daily budget is used up';

/** How many allowances in a row may bring no progress before the loop waits for its user (R6.8). */
const IDLE_ALLOWANCES = 2;

/** Has a loop wait until its user lets it spend more. */
export function waitForMore(unit: UnitOfWork, loop: LiveLoop, why: string): void {
  wait(unit, loop, { for: 'you', need: 'allowance' }, why);
}

/** Decides what becomes of a loop whose attempt has used up what it could spend (R6.8). */
export function afterAllowance(
  unit: UnitOfWork,
  loop: ActiveLoop,
  { of, reason }: Extract<Verdict, { kind: 'usedUp' }>,
  { worked }: RunSummary,
): void {
  const idleAllowances = worked && loop.attempt.cost > 0 ? 0 : loop.idleAllowances + 1;
  const next = { ...loop, idleAllowances };
  if (of === 'cap' || capLeftOf(loop) === 0) {
    waitForMore(unit, next, CAP_USED_UP);
  } else if (idleAllowances >= IDLE_ALLOWANCES) {
    waitForMore(unit, next, `${idleAllowances} allowances in a row brought no progress`);
  } else if (isDayUsedUp(unit) && loop.attempt.stop === undefined) {
    wait(unit, next, { for: 'dailyBudget', until: unit.context.clock.nextDay(unit.now) }, DAY_USED_UP);
  } else if (isDayUsedUp(unit) || canGoOn(unit, loop)) {
    requeue(unit, next, reason);
    unit.tell({ type: 'loop:interrupted', loopId: loop.loopId, reason });
  } else waitForMore(unit, next, `${reason}, and its agent cannot go on where it stopped`);
}

function canGoOn({ context }: UnitOfWork, loop: ActiveLoop): boolean {
  return loop.sessionId !== undefined && context.agents.find(loop.agent)?.canResume === true;
}

function isDayUsedUp({ liveState, context, today }: UnitOfWork): boolean {
  const { dailyLimit } = context.settings.budget;
  return dailyLimit > 0 && liveState.usedOn(today) >= dailyLimit;
}

/**
 * Lets a loop that waits for more spend up to `cap`; without one, as much again as it was allowed so far. Returns it
 * with its new cap.
 *
 * @throws InvalidLoopError for a cap that is used up already
 */
export function withMore<L extends LoopFacts>(loop: L, cap?: NanoUsd): L {
  const { maxCost, cost } = loop;
  if (cap !== undefined) {
    if (cap > cost) return { ...loop, maxCost: cap, idleAllowances: 0 };
    const [least, given] = [toUsd(cost), toUsd(cap)];
    throw new InvalidLoopError(
      'maxCostUsd',
      `must be more than the ${least} USD that the loop has cost, but is ${given}`,
    );
  }
  const raised = maxCost === undefined || capLeftOf(loop) > 0 ? {} : { maxCost: cost + maxCost };
  return { ...loop, ...raised, idleAllowances: 0 };
}
