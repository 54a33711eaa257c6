import type { CostSource } from './agentEvent.ts';
import { budgetNews, isPast } from './budget.ts';
import { UnknownLoopError } from './errors.ts';
import { isActive, type Loop } from './loop.ts';
import { type NanoUsd, toUsd } from './money.ts';
import { requestStop } from './stop.ts';
import type { Turn } from './turn.ts';

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
export function charge<L extends Loop>(turn: Turn, loop: L, cost: Charge): L | undefined {
  const { day = turn.today } = cost;
  const today = turn.mirror.spentOn(turn.today);
  if (![cost.cost, loop.cost + cost.cost, today.spent + cost.cost].every(Number.isSafeInteger)) {
    refuse(turn, loop, cost.cost);
    return undefined;
  }
  const attempt = isActive(loop) ? loop.attempt : undefined;
  const added = turn.tx.addLedger({
    key: cost.key,
    seq: loop.seq,
    ...(attempt && { attemptId: attempt.id }),
    agent: loop.agent,
    day,
    at: turn.now,
    cost: cost.cost,
    source: cost.source,
  });
  if (!added) return undefined;
  const estimated = cost.source === 'estimated' ? cost.cost : 0;
  let next: L = { ...loop, cost: loop.cost + cost.cost, costEstimated: Math.max(0, loop.costEstimated + estimated) };
  if (isActive(next)) {
    const charged = { ...next.attempt, cost: next.attempt.cost + cost.cost, costEstimated: Math.max(0, next.attempt.costEstimated + estimated) };
    turn.tx.saveAttempt(charged);
    next = { ...next, attempt: charged };
  }
  turn.put(next);
  if (day === turn.today) turn.putDay({ ...today, spent: today.spent + cost.cost });
  return next;
}

/** Counts a cost that a caller reports (R6.6); answers whether it counted. `key` is the caller's own. Throws where there is no such loop. */
export function recordCost(turn: Turn, loopId: string, cost: NanoUsd, key = turn.context.newId()): boolean {
  const loop = turn.latest(loopId);
  if (!loop) throw new UnknownLoopError(loopId);
  const charged = charge(turn, loop, { key: `api:${key}`, cost, source: 'reported' });
  if (!charged) return false;
  watchBudget(turn);
  watchCap(turn, turn.mirror.get(charged.seq) ?? charged);
  return true;
}

/** Logs a cost that is not counted (R6.6). */
export function refuse(turn: Turn, loop: Loop, cost: unknown): void {
  turn.effects.push(() =>
    turn.context.log(`A cost of ${String(cost).slice(0, 40)} billionths of a USD from ${loop.loopId} was refused: it is no amount.`),
  );
}

/** After costs were counted: warns, says that the day is past its limit, and stops what is to be stopped (R6.4, R6.5). */
export function watchBudget(turn: Turn): void {
  const { dailyLimit, warnAtPercent, onExceeded } = turn.context.settings.budget;
  const news = budgetNews(turn.mirror.spentOn(turn.today), dailyLimit, warnAtPercent);
  const amounts = { spentUsd: toUsd(news.day.spent), limitUsd: toUsd(dailyLimit) };
  if (news.warn) turn.tell({ type: 'budget:warning', ...amounts });
  if (news.exceeded) turn.tell({ type: 'budget:exceeded', ...amounts });
  if (news.warn || news.exceeded) {
    turn.tx.saveDayMarks(news.day);
    turn.putDay(news.day);
  }
  if (onExceeded === 'stop' && isPast(news.day.spent, dailyLimit)) {
    for (const loop of [...turn.mirror.active.values()]) requestStop(turn, loop, 'budget', 'the daily budget was passed');
  }
}

/** Where loops run, looks whether they are past the limit: it may be another one than when they last reported a cost (R6.4, R6.5). */
export function watchRunning(turn: Turn): void {
  if (turn.mirror.active.size > 0) watchBudget(turn);
}

/** Stops a running loop that has cost more than its own maximum. */
export function watchCap(turn: Turn, loop: Loop): void {
  if (loop.state === 'running' && loop.maxCost !== undefined && loop.cost > loop.maxCost) {
    requestStop(turn, loop, 'cap', 'it passed its own maximum cost');
  }
}
