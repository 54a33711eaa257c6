import type { Allowance } from '../model/attempt.ts';
import { capLeftOf, type LiveLoop, reservedOf } from '../model/loop.ts';
import type { NanoUsd } from '../model/money.ts';
import { type Grant, grant } from '../policy/allowance.ts';
import { type BudgetFit, budgetFit } from '../policy/budget.ts';
import type { AgentProfile } from '../ports/agents.ts';
import { needsMoney, type SupervisorContext } from '../state/context.ts';
import type { LiveState, QueuedLoop } from '../state/liveState.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';

/** What the same transaction has decided and is not in the live state yet. */
export interface Pending {
  readonly reserved: NanoUsd;
  readonly granted: NanoUsd;
  /** Added to the free slots. */
  readonly slots: number;
}

export const NOTHING_PENDING: Pending = { reserved: 0, granted: 0, slots: 0 };

/** How a queued loop stands to the day's money, and what it is granted if it starts now (R6.3, R6.8). */
export type MoneyFit =
  | { readonly kind: 'now'; readonly grant: Extract<Grant, { kind: 'granted' | 'unbounded' }> }
  | { readonly kind: Exclude<BudgetFit, 'now'> }
  /** Its own cap leaves it nothing. */
  | { readonly kind: 'capUsedUp' };

const FREE: MoneyFit = { kind: 'now', grant: { kind: 'unbounded' } };

/** Decides whether a queued loop may start as far as money goes, and with which allowance. */
export function moneyFit(unit: UnitOfWork, loop: QueuedLoop, pending: Pending): MoneyFit {
  const { context } = unit;
  // A check costs nothing (R11.1).
  const isCheck = loop.rounds !== undefined && loop.rounds.phase !== 'work';
  if (isCheck || !needsMoney(context, loop.agent, loop.estimate)) return FREE;
  const fit = reserveFit(unit.liveState, context, unit.today, loop, pending);
  if (fit !== 'now') return { kind: fit };
  if (context.agents.find(loop.agent)?.spending === 'never') return FREE;
  const given = grantTo(unit, loop, pending);
  if (given.kind === 'granted' || given.kind === 'unbounded') return { kind: 'now', grant: given };
  if (given.kind === 'wait') return { kind: 'later' };
  return { kind: given.of === 'cap' ? 'capUsedUp' : 'today' };
}

/** When what a queued loop reserves fits the day (R6.3). */
export function reserveFit(
  liveState: LiveState,
  { settings }: SupervisorContext,
  today: string,
  loop: Pick<QueuedLoop, 'estimate' | 'maxCost' | 'cost'>,
  { reserved }: Pending = NOTHING_PENDING,
): BudgetFit {
  return budgetFit(
    {
      used: liveState.usedOn(today),
      runningReserved: liveState.runningReserved + reserved,
      limit: settings.budget.dailyLimit,
    },
    Math.min(loop.estimate, capLeftOf(loop)),
  );
}

/** Decides what a loop that runs, or is to start, may spend before it must ask again (R6.8). */
export function grantTo({ liveState, context, today, medianOf }: UnitOfWork, loop: LiveLoop, pending: Pending): Grant {
  const { dailyLimit, minAllowance } = context.settings.budget;
  const { spending, capsItself } = context.agents.find(loop.agent) ?? {};
  const accrued = 'attempt' in loop ? loop.attempt.accrued : 0;
  const capLeft = capLeftOf({ ...loop, cost: loop.cost + accrued });
  const free = context.settings.maxConcurrent - liveState.slotsTaken + pending.slots;
  return grant(
    { limit: dailyLimit, used: liveState.usedOn(today), outstanding: liveState.granted + pending.granted },
    {
      ...(Number.isFinite(capLeft) && { capLeft }),
      least: dailyLimit === 0 ? 0 : Math.max(minAllowance, medianOf(loop.agent) ?? 0),
      sharers: Math.max(1, free),
      ...(spending === 'atEnd' && !capsItself && { setAside: reservedOf(loop) }),
    },
  );
}

/** The allowance that a granted amount makes, with who holds the attempt to it. */
export function allowanceOf(
  given: Extract<Grant, { kind: 'granted' }>,
  { spending, capsItself }: Pick<AgentProfile, 'spending' | 'capsItself'>,
): Allowance {
  const { amount, of } = given;
  return { amount, of, heldBy: capsItself ? 'agent' : spending === 'atEnd' ? 'nobody' : 'host' };
}
