import type { AgentEvent } from '../model/agentEvent.ts';
import type { ActiveLoop } from '../model/loop.ts';
import type { RunOutput } from '../ports/launcher.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { charge, refuse, watchBudget, watchCap } from './charge.ts';
import { replaceEstimates } from './estimateCorrection.ts';
import { wakeForBudget } from './wake.ts';

/** Events that are to be written down with the place up to which the output was read. */
export function isDurable(event: AgentEvent): boolean {
  return event.type === 'cost' || event.type === 'session';
}

/**
 * Writes what a piece of output says, with the place up to which it was read, in one transaction (R6.7). Answers the loop as it then is, or
 * undefined when another window has read this piece or the attempt is settled: then nothing of it counts.
 */
export function applyOutput(unit: UnitOfWork, loop: ActiveLoop, output: RunOutput): ActiveLoop | undefined {
  const { attempt } = loop;
  if (output.to < attempt.readOffset || !unit.tx.advance(attempt.id, attempt.readOffset, output.to, output.readerState))
    return undefined;
  let next: ActiveLoop = { ...loop, attempt: { ...attempt, readOffset: output.to, readerState: output.readerState } };
  unit.reflect(next);
  output.events.forEach((event, index) => {
    if (event.type === 'cost' && !(Number.isSafeInteger(event.cost) && event.cost >= 0)) refuse(unit, next, event.cost);
    else if (event.type === 'cost') {
      // From where on, too: what is said to the end of a run ends where its last line did.
      const key = `${attempt.token}@${attempt.readOffset}-${output.to}.${index}`;
      next = charge(unit, next, { key, cost: event.cost, source: event.source }) ?? next;
      next = replaceEstimates(unit, next, event);
    }
    if (event.type === 'session') next = confirmSession(unit, next, event.sessionId);
  });
  if (unit.freesBudget) wakeForBudget(unit, 'a correction has freed some of the daily budget');
  watchBudget(unit);
  const current = unit.liveState.get(loop.seq) as ActiveLoop;
  watchCap(unit, current);
  return unit.liveState.get(loop.seq) as ActiveLoop;
}

function confirmSession(unit: UnitOfWork, loop: ActiveLoop, sessionId: string): ActiveLoop {
  if (loop.sessionId === sessionId && loop.attempt.sessionId === sessionId) return loop;
  const marked = unit.putAttempt({ ...loop, sessionId }, { ...loop.attempt, sessionId }) ?? loop;
  unit.put(marked);
  return marked;
}
