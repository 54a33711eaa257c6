import type { StopBy, StopIntent } from '../model/attempt.ts';
import type { ActiveLoop } from '../model/loop.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';

/**
 * Puts a stop on record, before any signal (R7.2). The first one stands, but the user's takes the place of any other,
 * for it is final. Whoever follows the run sends the signals once this is committed, unless `signal` names the one that
 * its caller sends. Returns the loop as it then is.
 */
export function requestStop(unit: UnitOfWork, loop: ActiveLoop, by: StopBy, why: string, signal?: string): ActiveLoop {
  const { stop } = loop.attempt;
  if (stop && !outranks(by, signal, stop)) return loop;
  const marked = unit.putAttempt(loop, {
    ...loop.attempt,
    stop: { by, at: unit.now, ...(signal !== undefined && { signal }) },
  });
  if (!marked) return loop;
  const stopping: ActiveLoop = {
    ...marked,
    state: 'stopping',
    since: loop.state === 'stopping' ? loop.since : unit.now,
  };
  unit.put(stopping, why, loop.state);
  return stopping;
}

/** The user's stop comes before any other, and one in steps before a mere signal. */
function outranks(by: StopBy, signal: string | undefined, stop: StopIntent): boolean {
  if (by !== 'user') return false;
  return stop.by !== 'user' || (stop.signal !== undefined && signal === undefined);
}
