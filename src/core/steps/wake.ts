import type { LiveLoop } from '../model/loop.ts';
import { clampedSpan, isPending } from '../policy/waits.ts';
import type { TimedLoop } from '../state/liveState.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { noteAlive } from './absence.ts';
import { wakeGates } from './holds.ts';
import { wakeAsking } from './questions.ts';
import { requeue } from './transitions.ts';

/** Whether a loop waits for the day's money. */
export function waitsForMoney(loop: LiveLoop): boolean {
  return loop.state === 'waiting' && loop.for === 'dailyBudget';
}

/**
 * Where there may be money again: loops whose agents had used up what the day had left go on (R6.3). `why` there may
 * be.
 */
export function wakeForBudget(unit: UnitOfWork, why: string): void {
  const { dailyLimit } = unit.context.settings.budget;
  if (dailyLimit > 0 && unit.liveState.usedOn(unit.today) >= dailyLimit) return;
  for (const loop of [...unit.liveState.timed.values()]) {
    if (waitsForMoney(loop)) requeue(unit, loop, why);
  }
}

/**
 * Whether a wait needs something done: it is over, or it began in the future, since the clock went back (R4.5).
 */
export function isDue(loop: TimedLoop, now: number): boolean {
  return loop.since > now || !isPending(loop.until, now);
}

const WOKEN: { readonly [state in TimedLoop['state']]: string } = {
  backingOff: 'the back-off is over',
  waiting: 'the wait is over',
};

/** Brings back to the queue what has waited long enough, and lifts holds that are over. */
export function wakeDue(unit: UnitOfWork): void {
  for (const loop of [...unit.liveState.timed.values()]) {
    const clamped = clampedSpan(loop, unit.now);
    if (clamped !== loop) unit.put(clamped);
    if (!isPending(clamped.until, unit.now)) requeue(unit, clamped, WOKEN[loop.state]);
  }
  wakeGates(unit);
  wakeAsking(unit);
  noteAlive(unit);
}
