import { WrongStateError } from '../model/errors.ts';
import type { LiveLoop } from '../model/loop.ts';
import type { NanoUsd } from '../model/money.ts';
import { asksForMore, isAtRoundBound } from '../model/needs.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { withMore } from './allowances.ts';
import { type CheckedLoop, complete, hasCheck } from './rounds.ts';
import { requeue } from './transitions.ts';

/**
 * Lets a loop go on that waits for money or has reached a bound of its rounds: with as much again as it was granted at
 * first, or with the cap `maxCost` (R6.8, R11.3). Throws a `WrongStateError` where it waits for nothing of the kind,
 * and an `InvalidLoopError` for a cap that is used up already.
 */
export function continueLoop(unit: UnitOfWork, loopId: string, maxCost?: NanoUsd): void {
  const loop = unit.liveState.find(loopId);
  if (loop && asksForMore(loop)) requeue(unit, withMore(loop, maxCost), BY_USER);
  else continueRounds(unit, loopId, maxCost);
}

const BY_USER = 'continued by the user';

function continueRounds(unit: UnitOfWork, loopId: string, cap: NanoUsd | undefined): void {
  const loop = atBound(unit, loopId);
  const { check, rounds } = loop;
  const grants = Math.max(1, rounds.maxRounds / check.maxRounds);
  const isWork = loop.need !== 'checkUnstartable';
  const next = {
    ...rounds,
    phase: isWork ? ('work' as const) : ('check' as const),
    round: isWork ? rounds.round + 1 : rounds.round,
    maxRounds: rounds.maxRounds + check.maxRounds,
    ...(rounds.until !== undefined && { until: unit.now + check.maxMs }),
    seen: unit.tx.checks(loop.seq).length,
  };
  const maxCost = loop.maxCost === undefined ? undefined : Math.ceil((loop.maxCost * (grants + 1)) / grants);
  const granted = cap === undefined ? { ...loop, ...(maxCost !== undefined && { maxCost }) } : withMore(loop, cap);
  requeue(unit, { ...granted, rounds: next }, BY_USER);
}

/** Completes a loop at a bound of its rounds though its check does not pass (R11.3). Throws a `WrongStateError`. */
export function acceptAsIs(unit: UnitOfWork, loopId: string): void {
  complete(unit, atBound(unit, loopId), 'accepted by the user as it is: its check does not pass');
}

function atBound(unit: UnitOfWork, loopId: string): CheckedLoop<Extract<LiveLoop, { for: 'you' }>> {
  const loop = unit.liveState.find(loopId);
  const wrong = 'waits for no more rounds or money: only then can it be continued';
  if (!loop || !isAtRoundBound(loop) || !hasCheck(loop)) throw new WrongStateError(loopId, wrong);
  return loop;
}
