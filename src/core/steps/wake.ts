import type { LiveLoop } from '../model/loop.ts';
import { isPending } from '../policy/waits.ts';
import type { TimedLoop } from '../state/liveState.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { requeue } from './transitions.ts';

/** Whether a loop waits for the day's money. */
export function waitsForMoney(loop: LiveLoop): boolean {
  return loop.state === 'waiting' && loop.for === 'dailyBudget';
}

/** Where there may be money again: loops whose agents had used up what the day had left go on (R6.3). `why` there may be. */
export function wakeForBudget(unit: UnitOfWork, why: string): void {
  const { dailyLimit } = unit.context.settings.budget;
  if (dailyLimit > 0 && unit.liveState.usedOn(unit.today) >= dailyLimit) return;
  for (const loop of [...unit.liveState.timed.values()]) {
    if (waitsForMoney(loop)) requeue(unit, loop, why);
  }
}

/** A back-off that began in the future (the clock went back) is over: no clock change makes a loop wait for ever (R4.5). */
export function isDue(loop: TimedLoop, now: number): boolean {
  return !isPending(loop.until, now) || (loop.state === 'backingOff' && loop.since > now);
}

const WOKEN: { readonly [state in TimedLoop['state']]: string } = {
  backingOff: 'the back-off is over',
  waiting: 'the wait is over',
};

/** Brings back to the queue what has waited long enough, and lifts holds that are over. */
export function wakeDue(unit: UnitOfWork): void {
  for (const loop of [...unit.liveState.timed.values()])
    if (isDue(loop, unit.now)) requeue(unit, loop, WOKEN[loop.state]);
  const holds = Object.entries(unit.control.holds);
  const kept = holds.filter(([, hold]) => isPending(hold.until, unit.now));
  if (kept.length < holds.length) unit.putControl({ ...unit.control, holds: Object.fromEntries(kept) });
}
