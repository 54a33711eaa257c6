import { ROUND_BOUNDS } from '../model/check.ts';
import { WrongStateError } from '../model/errors.ts';
import { type LiveLoop, needsUser } from '../model/loop.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { type CheckedLoop, complete, hasCheck } from './rounds.ts';
import { requeue } from './transitions.ts';

/**
 * Lets a loop that has reached a bound of its rounds go on, with as much again as it was granted at first (R11.3).
 * Throws a `WrongStateError` where it waits for nothing of the kind.
 */
export function continueRounds(unit: UnitOfWork, loopId: string): void {
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
  const granted: LiveLoop = { ...loop, rounds: next, ...(maxCost !== undefined && { maxCost }) };
  requeue(unit, granted, 'continued by the user');
}

/** Completes such a loop though its check does not pass (R11.3). Throws like `continueRounds`. */
export function acceptAsIs(unit: UnitOfWork, loopId: string): void {
  complete(unit, atBound(unit, loopId), 'accepted by the user as it is: its check does not pass');
}

function atBound(unit: UnitOfWork, loopId: string): CheckedLoop<Extract<LiveLoop, { for: 'you' }>> {
  const loop = unit.liveState.find(loopId);
  const wrong = 'is not waiting at the end of its rounds: only then can they be continued or accepted';
  const isAtBound = loop && needsUser(loop) && ROUND_BOUNDS.some((bound) => bound === loop.need);
  if (!isAtBound || !hasCheck(loop)) throw new WrongStateError(loopId, wrong);
  return loop;
}
