import type { FinishedLoop, LiveLoop, Loop, LoopFacts, LoopPhase, Waiting } from '../model/loop.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { pushAfterEnd } from './branchPush.ts';

/** Ends a loop as completed or cancelled. */
export function finish(unit: UnitOfWork, loop: LiveLoop, state: 'completed' | 'cancelled', why: string): void {
  const facts = leaveState(loop, unit.now);
  const finished: FinishedLoop = { ...facts, ...pushAfterEnd(unit, loop), state, finishedAt: unit.now };
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

/** All that a loop has only in some states. */
type PhaseKeys = LoopPhase extends infer Phase ? (Phase extends Phase ? keyof Phase : never) : never;

/** What a loop keeps when it leaves its state. What it asked belongs to its run. */
export function leaveState(loop: Loop, now: number): LoopFacts {
  const {
    state,
    fresh,
    wasParked,
    attempt,
    until,
    for: _,
    need,
    why,
    finishedAt,
    failure,
    cleared,
    asking,
    ...facts
  } = loop as LoopFacts & { readonly [key in PhaseKeys]?: unknown };
  return Object.assign(facts, { since: now });
}
