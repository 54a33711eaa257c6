import type { CostSource } from '../model/agentEvent.ts';
import { UnknownLoopError } from '../model/errors.ts';
import { isActive, type Loop } from '../model/loop.ts';
import type { NanoUsd } from '../model/money.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { watchMoney } from './watchMoney.ts';

/** One cost to be counted. A `key` counts once per loop (R6.6); `cost` is negative only to withdraw an estimate. */
export interface Charge {
  readonly key: string;
  readonly cost: NanoUsd;
  readonly source: CostSource;
  /** The day on which an estimate was charged that this withdraws; today if absent. */
  readonly day?: string;
  /** It belongs to the loop, and not to the attempt that runs. */
  readonly ofLoop?: true;
}

/**
 * Counts a cost against loop, agent and day in the unit's transaction (R6.6, R6.7). Returns the loop as it then is, or
 * undefined if this cost was counted before, or is an amount that sums cannot hold: that is logged.
 */
export function charge<L extends Loop>(unit: UnitOfWork, loop: L, counted: Charge): L | undefined {
  const { day = unit.today, ofLoop, ...cost } = isPlayMoney(unit, loop) ? { ...counted, day: NO_DAY } : counted;
  const today = unit.liveState.spentOn(unit.today);
  if (![cost.cost, loop.cost + cost.cost, today.spent + today.unknown + cost.cost].every(Number.isSafeInteger)) {
    refuse(unit, loop, cost.cost);
    return undefined;
  }
  const attempt = isActive(loop) && !ofLoop ? loop.attempt : undefined;
  const row = { ...cost, seq: loop.seq, agent: loop.agent, day, at: unit.now };
  if (!unit.tx.addLedger({ ...row, ...(attempt && { attemptId: attempt.id }) })) return undefined;
  let next: L = { ...loop, ...withCharge(loop, cost) };
  if (isActive(next) && !ofLoop) {
    const charged = { ...next.attempt, ...withCharge(next.attempt, cost) };
    unit.tx.saveAttempt(loop.seq, charged);
    next = { ...next, attempt: charged };
  }
  unit.put(next);
  if (day === unit.today) {
    const kind = cost.source === 'unknown' ? 'unknown' : 'spent';
    unit.putDay({ ...today, [kind]: today[kind] + cost.cost });
  }
  return next;
}

/** The day of play money: none, so that it counts for no budget and no spend (R6.11). */
const NO_DAY = '';

function isPlayMoney({ context }: UnitOfWork, { agent }: Loop): boolean {
  return context.agents.find(agent)?.isDemo === true;
}

type Costs = Pick<Loop, 'cost' | 'costEstimated' | 'costUnknown'>;

function withCharge(before: Costs, { cost, source }: Pick<Charge, 'cost' | 'source'>): Costs {
  return {
    cost: before.cost + cost,
    costEstimated: Math.max(0, before.costEstimated + (source === 'reported' ? 0 : cost)),
    costUnknown: Math.max(0, before.costUnknown + (source === 'unknown' ? cost : 0)),
  };
}

/**
 * Counts a cost that a caller reports (R6.6): it replaces what was guessed for the loop. `key` is the caller's own.
 * Returns whether it counted. Throws if there is no such loop.
 */
export function recordCost(unit: UnitOfWork, loopId: string, cost: NanoUsd, key = unit.context.newId()): boolean {
  const loop = unit.latest(loopId);
  if (!loop) throw new UnknownLoopError(loopId);
  const charged = charge(unit, loop, { key: `api:${key}`, cost, source: 'reported' });
  if (!charged) return false;
  const known = withdrawGuesses(unit, charged, key);
  if (known.costAtLeast) unit.put({ ...known, costAtLeast: false });
  watchMoney(unit);
  return true;
}

/** Withdraws what was guessed for a loop, each from the day on which it was charged (R6.1). */
function withdrawGuesses<L extends Loop>(unit: UnitOfWork, loop: L, key: string): L {
  let left = loop.costUnknown;
  let next = loop;
  for (const [day, amount] of guessesByDay(unit, loop)) {
    const withdrawn = Math.min(amount, left);
    if (withdrawn <= 0) continue;
    left -= withdrawn;
    const row = { key: `api:${key}.known.${day}`, cost: -withdrawn, source: 'unknown', day, ofLoop: true } as const;
    next = charge(unit, next, row) ?? next;
  }
  return next;
}

function guessesByDay({ tx }: UnitOfWork, { seq, costUnknown }: Loop): Map<string, NanoUsd> {
  const days = new Map<string, NanoUsd>();
  if (costUnknown <= 0) return days;
  for (const { day, cost, source } of tx.ledger(seq))
    if (source === 'unknown') days.set(day, (days.get(day) ?? 0) + cost);
  return days;
}

/** Logs a cost that is not counted (R6.6). */
export function refuse(unit: UnitOfWork, loop: Loop, cost: unknown): void {
  const text = String(cost).slice(0, 40);
  unit.effects.push(() => unit.context.log(`Ignored an invalid cost of ${loop.loopId}: ${text} billionths of a USD.`));
}
