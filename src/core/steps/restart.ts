import type { Failure } from '../model/attempt.ts';
import { type ActiveLoop, type FinishedLoop, type LiveLoop, payerOf } from '../model/loop.ts';
import { backoffMs, outagePauseMs } from '../policy/backoff.ts';
import { addRestart } from '../policy/restartIntensity.ts';
import type { Verdict } from '../policy/verdict.ts';
import type { RunEnd } from '../ports/launcher.ts';
import { circuitOf } from '../state/gates.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { pushAfterEnd } from './branchPush.ts';
import type { RunSummary } from './runSummary.ts';
import { leaveState, requeue, wait } from './transitions.ts';

/** An attempt that failed so soon after its start (ms) crashed at once. */
const QUICK_CRASH_MS = 1_000;

/** Decides what becomes of a loop whose attempt has failed (R5). */
export function afterFailure(
  unit: UnitOfWork,
  loop: ActiveLoop,
  verdict: Extract<Verdict, { kind: 'failed' }>,
  end: RunEnd,
  summary: RunSummary,
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
  const ranMs = end.at - loop.attempt.startedAt;
  // Less than no time: the clock went back meanwhile, so it is unknown (R4.5).
  const quick = ranMs >= 0 && ranMs <= QUICK_CRASH_MS && !summary.worked;
  const failure: Failure = { class: kind, reason, at: unit.now, ...(cause !== undefined && { cause }) };
  // What has cost something is restarted as any other: it might work and fail like that forever.
  if (cause === 'provider' && loop.attempt.cost === 0) {
    awaitProvider(unit, loop, failure);
    return;
  }
  const counted = { ...loop, quickCrashes: quick ? loop.quickCrashes + 1 : 0 };
  if (kind === 'memory' && loop.neededMemory === undefined)
    restart(unit, { ...counted, neededMemory: end.peakMemoryBytes ?? 0 }, failure);
  else if (verdict.permanent || kind === 'memory') failForGood(unit, counted, failure);
  else restart(unit, counted, failure);
}

/** Restarts a loop after a failure as far as the intensity allows (R5.1, R5.2). */
export function restart(unit: UnitOfWork, loop: LiveLoop, failure: Failure): void {
  const settings = unit.context.settings.restart;
  const { allowed, restarts } = addRestart(loop.restarts, settings, unit.now);
  const { restartsTotal = 0 } = loop;
  if (!allowed || restartsTotal >= settings.maxTotal) {
    const note = allowed ? ` (it has been restarted ${restartsTotal} times in all)` : '';
    failForGood(unit, { ...loop, restarts }, failure, note);
    return;
  }
  const delayMs = backoffMs(restarts.length, unit.context.random);
  backOff(unit, { ...loop, restarts, restartsTotal: restartsTotal + 1 }, failure, delayMs);
}

/** Has a loop come back that an outage of its provider let do nothing: that uses up no restart (R5.7). */
function awaitProvider(unit: UnitOfWork, loop: ActiveLoop, failure: Failure): void {
  const { consecutiveFailures } = circuitOf(unit.liveState, payerOf(loop));
  backOff(unit, loop, failure, outagePauseMs(consecutiveFailures, unit.context.random));
}

function backOff(unit: UnitOfWork, loop: LiveLoop, failure: Failure, delayMs: number): void {
  const error = failure.reason;
  const facts = leaveState(loop, unit.now);
  const until = unit.now + delayMs;
  unit.put({ ...facts, lastError: failure, state: 'backingOff', until }, `${failure.class}: ${error}`, loop.state);
  unit.tell({ type: 'loop:failed', loopId: loop.loopId, error, permanent: false, reason: failure.class });
  unit.tell({
    type: 'loop:recovered',
    loopId: loop.loopId,
    error,
    restarting: true,
    delayMs,
    restartsInWindow: loop.restarts.length,
  });
}

/** Ends a loop as permanently failed (R5.1, R5.3). `note` goes with the reason into its history. */
export function failForGood(unit: UnitOfWork, loop: LiveLoop, failure: Failure, note = ''): void {
  const facts = leaveState(loop, unit.now);
  const failed: FinishedLoop = {
    ...{ ...facts, ...pushAfterEnd(unit, loop) },
    lastError: failure,
    state: 'failed',
    finishedAt: unit.now,
    failure,
    cleared: false,
  };
  unit.put(failed, `${failure.class}: ${failure.reason}${note}`, loop.state);
  unit.tell({
    type: 'loop:failed',
    loopId: loop.loopId,
    error: failure.reason,
    permanent: true,
    reason: failure.class,
  });
}
