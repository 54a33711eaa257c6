import type { FinishedLoop, LiveLoop, Loop, LoopFacts, Waiting } from '../model/loop.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';

/** Ends a loop as completed or cancelled. */
export function finish(unit: UnitOfWork, loop: LiveLoop, state: 'completed' | 'cancelled', why: string): void {
  const finished: FinishedLoop = { ...leaveState(loop, unit.now), state, finishedAt: unit.now };
  unit.put(finished, why, loop.state);
}

/** Back to its place in the queue (R5.2); it was admitted once, so it does not count against the depth (R2.2). */
export function requeue(unit: UnitOfWork, loop: LiveLoop, why: string): void {
  unit.put({ ...leaveState(loop, unit.now), state: 'queued', fresh: false }, why, loop.state);
}

/** Has a loop wait, out of the queue and without a slot. `why`: a sentence for people. */
export function wait(unit: UnitOfWork, loop: LiveLoop, waiting: Waiting, why: string): void {
  unit.put({ ...leaveState(loop, unit.now), state: 'waiting', why, ...waiting }, why, loop.state);
  const until = waiting.for === 'you' ? {} : { until: waiting.until };
  unit.tell({ type: 'loop:waiting', loopId: loop.loopId, for: waiting.for, ...until, reason: why });
}

/** What a loop keeps when it leaves its state. */
export function leaveState(loop: Loop, now: number): LoopFacts {
  const {
    seq,
    loopId,
    title,
    agent,
    cwd,
    windowId,
    priority,
    place,
    estimate,
    estimateAssumed,
    submittedAt,
    attempts,
    restarts,
    quickCrashes,
  } = loop;
  const { cost, costEstimated, costUnknown, costAtLeast, idleAllowances } = loop;
  const { folder, maxCost, metadata, sessionId, lastError, check, rounds } = loop;
  return {
    ...{
      seq,
      loopId,
      title,
      agent,
      cwd,
      windowId,
      priority,
      place,
      estimate,
      estimateAssumed,
      submittedAt,
      attempts,
      restarts,
      quickCrashes,
    },
    ...{ cost, costEstimated, costUnknown, costAtLeast, idleAllowances, since: now },
    ...(folder !== undefined && { folder }),
    ...(maxCost !== undefined && { maxCost }),
    ...(metadata !== undefined && { metadata }),
    ...(sessionId !== undefined && { sessionId }),
    ...(lastError !== undefined && { lastError }),
    ...(check !== undefined && { check }),
    ...(rounds !== undefined && { rounds }),
  };
}
