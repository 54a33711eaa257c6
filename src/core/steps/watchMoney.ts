import { isOfAgent } from '../model/attempt.ts';
import type { ActiveLoop } from '../model/loop.ts';
import { toUsd } from '../model/money.ts';
import { budgetNews, isPast } from '../policy/budget.ts';
import { needsMoney } from '../state/context.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { grantTo, NOTHING_PENDING } from './grants.ts';
import { requestStop } from './requestStop.ts';

/**
 * After costs were counted: warns, says that the day is past its limit, tops allowances up, and stops what must stop
 * (R6.4, R6.5, R6.8).
 */
export function watchMoney(unit: UnitOfWork): void {
  watchDay(unit);
  for (const loop of [...unit.liveState.active.values()]) {
    watchCap(unit, loop);
    watchAllowance(unit, loop);
  }
}

function watchDay(unit: UnitOfWork): void {
  const { dailyLimit, warnAtPercent, onExceeded } = unit.context.settings.budget;
  const used = unit.liveState.usedOn(unit.today);
  const news = budgetNews(unit.liveState.spentOn(unit.today), used, dailyLimit, warnAtPercent);
  const amounts = { spentUsd: toUsd(used), limitUsd: toUsd(dailyLimit) };
  if (news.warn) unit.tell({ type: 'budget:warning', ...amounts });
  if (news.exceeded) unit.tell({ type: 'budget:exceeded', ...amounts });
  if (news.warn || news.exceeded) {
    unit.tx.saveDayMarks(news.day);
    unit.putDay(news.day);
  }
  if (onExceeded === 'stop' && isPast(used, dailyLimit)) {
    for (const loop of [...unit.liveState.active.values()])
      if (canSpend(unit, loop)) requestStop(unit, loop, 'budget', 'the daily budget was passed');
  }
}

/**
 * Whether stopping a loop saves money. A check costs nothing, and what never waits for money (R6.3) would start again
 * at once.
 */
function canSpend({ context }: UnitOfWork, { agent, estimate, attempt }: ActiveLoop): boolean {
  return isOfAgent(attempt) && needsMoney(context, agent, estimate);
}

/** Stops a running loop that has cost more than its own maximum. */
function watchCap(unit: UnitOfWork, loop: ActiveLoop): void {
  const { maxCost, cost, attempt } = loop;
  if (loop.state === 'running' && maxCost !== undefined && cost + attempt.accrued > maxCost)
    requestStop(unit, loop, 'cap', 'it passed its own maximum cost');
}

/**
 * Tops up the allowance of a running loop that has used it up, as long as the day has more, and stops the loop if not
 * (R6.8). An agent that was given its allowance ends by itself, and one whose spending is not seen cannot be watched.
 */
function watchAllowance(unit: UnitOfWork, { seq }: ActiveLoop): void {
  const loop = unit.liveState.get(seq);
  if (loop?.state !== 'running' || !isOfAgent(loop.attempt)) return;
  const { allowance, cost, accrued } = loop.attempt;
  const spent = cost + accrued;
  if (unit.context.settings.budget.dailyLimit === 0 || spent < (allowance?.amount ?? 0)) return;
  const isWatched = allowance ? allowance.heldBy === 'host' : unit.context.agents.find(loop.agent)?.spending === 'live';
  if (!isWatched) return;
  const more = grantTo(unit, loop, { ...NOTHING_PENDING, slots: 1 });
  if (more.kind === 'granted') {
    const amount = spent + more.amount;
    unit.putAttempt(loop, { ...loop.attempt, allowance: { amount, of: more.of, heldBy: 'host' } });
  } else if (spent > (allowance?.amount ?? 0))
    requestStop(unit, loop, 'budget', 'its allowance is used up and the day has no more');
}

/**
 * Where loops run, looks at the day's money: its limit may be another than when a cost was last counted (R6.4, R6.5).
 */
export function watchRunning(unit: UnitOfWork): void {
  if (unit.liveState.active.size > 0) watchMoney(unit);
}
