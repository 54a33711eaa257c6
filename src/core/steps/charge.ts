import type { CostSource } from '../model/agentEvent.ts';
import { UnknownLoopError } from '../model/errors.ts';
import { isActive, type Loop } from '../model/loop.ts';
import { type NanoUsd, toUsd } from '../model/money.ts';
import { budgetNews, isPast } from '../policy/budget.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { requestStop } from './requestStop.ts';

/** One cost to be counted. `key` counts once per loop (R6.6); `cost` may be negative only to correct an estimate. */
export interface Charge {
  readonly key: string;
  readonly cost: NanoUsd;
  readonly source: CostSource;
  /** The day on which an estimate was charged that this corrects; today if absent. */
  readonly day?: string;
}

/**
 * Counts a cost against loop, agent and day in the turn's transaction (R6.6, R6.7).
 * Answers the loop as it then is, or undefined when this cost was counted before, or is no amount that sums can hold: that is logged.
 */
export function charge<L extends Loop>(unit: UnitOfWork, loop: L, cost: Charge): L | undefined {
  const { day = unit.today } = cost;
  const today = unit.liveState.spentOn(unit.today);
  if (![cost.cost, loop.cost + cost.cost, today.spent + cost.cost].every(Number.isSafeInteger)) {
    refuse(unit, loop, cost.cost);
    return undefined;
  }
  const attempt = isActive(loop) ? loop.attempt : undefined;
  const added = unit.tx.addLedger({
    key: cost.key,
    seq: loop.seq,
    ...(attempt && { attemptId: attempt.id }),
    agent: loop.agent,
    day,
    at: unit.now,
    cost: cost.cost,
    source: cost.source,
  });
  if (!added) return undefined;
  const estimated = cost.source === 'estimated' ? cost.cost : 0;
  let next: L = { ...loop, cost: loop.cost + cost.cost, costEstimated: Math.max(0, loop.costEstimated + estimated) };
  if (isActive(next)) {
    const charged = {
      ...next.attempt,
      cost: next.attempt.cost + cost.cost,
      costEstimated: Math.max(0, next.attempt.costEstimated + estimated),
    };
    unit.tx.saveAttempt(charged);
    next = { ...next, attempt: charged };
  }
  unit.put(next);
  if (day === unit.today) unit.putDay({ ...today, spent: today.spent + cost.cost });
  return next;
}

/** Counts a cost that a caller reports (R6.6); answers whether it counted. `key` is the caller's own. Throws where there is no such loop. */
export function recordCost(unit: UnitOfWork, loopId: string, cost: NanoUsd, key = unit.context.newId()): boolean {
  const loop = unit.latest(loopId);
  if (!loop) throw new UnknownLoopError(loopId);
  const charged = charge(unit, loop, { key: `api:${key}`, cost, source: 'reported' });
  if (!charged) return false;
  watchBudget(unit);
  watchCap(unit, unit.liveState.get(charged.seq) ?? charged);
  return true;
}

/** Logs a cost that is not counted (R6.6). */
export function refuse(unit: UnitOfWork, loop: Loop, cost: unknown): void {
  unit.effects.push(() =>
    unit.context.log(
      `A cost of ${String(cost).slice(0, 40)} billionths of a USD from ${loop.loopId} was refused: it is no amount.`,
    ),
  );
}

/** After costs were counted: warns, says that the day is past its limit, and stops what is to be stopped (R6.4, R6.5). */
export function watchBudget(unit: UnitOfWork): void {
  const { dailyLimit, warnAtPercent, onExceeded } = unit.context.settings.budget;
  const news = budgetNews(unit.liveState.spentOn(unit.today), dailyLimit, warnAtPercent);
  const amounts = { spentUsd: toUsd(news.day.spent), limitUsd: toUsd(dailyLimit) };
  if (news.warn) unit.tell({ type: 'budget:warning', ...amounts });
  if (news.exceeded) unit.tell({ type: 'budget:exceeded', ...amounts });
  if (news.warn || news.exceeded) {
    unit.tx.saveDayMarks(news.day);
    unit.putDay(news.day);
  }
  if (onExceeded === 'stop' && isPast(news.day.spent, dailyLimit)) {
    // A check costs nothing: stopping it would only lose the proof.
    for (const loop of [...unit.liveState.active.values()].filter(({ attempt }) => !attempt.isCheck))
      requestStop(unit, loop, 'budget', 'the daily budget was passed');
  }
}

/** Where loops run, looks whether they are past the limit: it may be another one than when they last reported a cost (R6.4, R6.5). */
export function watchRunning(unit: UnitOfWork): void {
  if (unit.liveState.active.size > 0) watchBudget(unit);
}

/** Stops a running loop that has cost more than its own maximum. */
export function watchCap(unit: UnitOfWork, loop: Loop): void {
  if (loop.state === 'running' && loop.maxCost !== undefined && loop.cost > loop.maxCost) {
    requestStop(unit, loop, 'cap', 'it passed its own maximum cost');
  }
}
