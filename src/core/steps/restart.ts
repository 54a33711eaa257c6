import type { ActiveLoop, Failure, FinishedLoop, LiveLoop } from '../model/loop.ts';
import { backoffMs } from '../policy/backoff.ts';
import { addRestart } from '../policy/restartIntensity.ts';
import type { Verdict } from '../policy/verdict.ts';
import type { RunEnd } from '../ports/launcher.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { leaveState, requeue, wait } from './transitions.ts';

/** An attempt that failed so soon after its start (ms) crashed at once. */
const QUICK_CRASH_MS = 1_000;

/** Decides what becomes of a loop whose attempt has failed (R5). */
export function afterFailure(
  unit: UnitOfWork,
  loop: ActiveLoop,
  verdict: Extract<Verdict, { kind: 'failed' }>,
  end: RunEnd,
): void {
  const { class: kind, reason, cause } = verdict;
  if (cause === 'session' && loop.attempt.resumed) {
    const { sessionId: _, ...fresh } = loop;
    requeue(unit, fresh as ActiveLoop, `its session cannot be continued, so it starts afresh: ${reason}`);
    return;
  }
  if (kind === 'asks') {
    wait(unit, loop, { for: 'you', need: 'answer' }, reason);
    return;
  }
  const quick = end.at - loop.attempt.startedAt <= QUICK_CRASH_MS;
  const failure: Failure = { class: kind, reason, at: unit.now, ...(cause !== undefined && { cause }) };
  const counted = { ...loop, quickCrashes: quick ? loop.quickCrashes + 1 : 0 };
  if (verdict.permanent) failForGood(unit, counted, failure);
  else restart(unit, counted, failure);
}

/** Restarts a loop after a failure as far as the intensity allows (R5.1, R5.2). */
export function restart(unit: UnitOfWork, loop: LiveLoop, failure: Failure): void {
  const { allowed, restarts } = addRestart(loop.restarts, unit.context.settings.restart, unit.now);
  if (!allowed) {
    failForGood(unit, { ...loop, restarts }, failure);
    return;
  }
  const delayMs = backoffMs(restarts.length, unit.context.random);
  const error = failure.reason;
  const facts = leaveState(loop, unit.now);
  unit.put(
    { ...facts, restarts, lastError: failure, state: 'backingOff', until: unit.now + delayMs },
    `${failure.class}: ${error}`,
    loop.state,
  );
  unit.tell({ type: 'loop:failed', loopId: loop.loopId, error, permanent: false, reason: failure.class });
  unit.tell({
    type: 'loop:recovered',
    loopId: loop.loopId,
    error,
    restarting: true,
    delayMs,
    restartsInWindow: restarts.length,
  });
}

/** Ends a loop as permanently failed (R5.1, R5.3). */
export function failForGood(unit: UnitOfWork, loop: LiveLoop, failure: Failure): void {
  const facts = leaveState(loop, unit.now);
  const failed: FinishedLoop = {
    ...facts,
    lastError: failure,
    state: 'failed',
    finishedAt: unit.now,
    failure,
    cleared: false,
  };
  unit.put(failed, `${failure.class}: ${failure.reason}`, loop.state);
  unit.tell({
    type: 'loop:failed',
    loopId: loop.loopId,
    error: failure.reason,
    permanent: true,
    reason: failure.class,
  });
}
