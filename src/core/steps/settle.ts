import type { AgentEvent } from '../model/agentEvent.ts';
import { leftoversOf } from '../model/leftovers.ts';
import {
  type ActiveLoop,
  type AttemptEnd,
  type Failure,
  type FinishedLoop,
  type LiveLoop,
  type Loop,
  type LoopFacts,
  type Outcome,
  reservedOf,
  type Waiting,
} from '../model/loop.ts';
import { toUsd } from '../model/money.ts';
import { backoffMs } from '../policy/backoff.ts';
import { afterAttempt } from '../policy/circuitBreaker.ts';
import { addRestart } from '../policy/restartIntensity.ts';
import { circuitVote, decideOutcome, type Verdict } from '../policy/verdict.ts';
import { isPending } from '../policy/waits.ts';
import type { RunEnd, RunOutput } from '../ports/launcher.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { charge, refuse, watchBudget, watchCap } from './charge.ts';
import { chargeUnknown, replaceEstimates } from './estimateCorrection.ts';

/** A usage window whose reset the agent did not name is tried again after this (ms). */
const UNNAMED_LIMIT_MS = 15 * 60_000;
/** Loops that waited for the same reset do not start in the same moment (ms). */
const LIMIT_JITTER_MS = 30_000;
/** An attempt that failed so soon after its start (ms) crashed at once. */
const QUICK_CRASH_MS = 1_000;

/** What the window that followed a run has gathered of it. */
export interface RunSummary {
  readonly said?: Extract<AgentEvent, { type: 'end' }>;
  readonly limit?: Extract<AgentEvent, { type: 'limit' }>;
  /** Whether the agent itself has said what it cost. */
  readonly priced: boolean;
  /** Whether it has said or done anything: then it has cost something, whatever it says of its end. */
  readonly worked: boolean;
  /** Whether this agent's cost is known at all. */
  readonly hasCost: boolean;
}

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

/** Settles an attempt that has ended, once (R3.2): its outcome, its cost, its loop's next state and the circuit. */
export function settle(unit: UnitOfWork, loop: ActiveLoop, end: RunEnd, report: RunSummary): void {
  const verdict = decideOutcome({
    end,
    ...(loop.attempt.stop && { stop: loop.attempt.stop.by }),
    ...(report.said && { said: report.said }),
    ...(report.limit && { limit: report.limit }),
  });
  const charged = chargeUnknown(unit, loop, end, report);
  const ended: AttemptEnd = {
    ...end.exit,
    outcome: outcomeOf(verdict),
    reason: verdict.reason,
    at: end.at,
    ...leftoversOf(end),
  };
  if (!unit.tx.saveAttempt({ ...charged.attempt, end: ended })) return;
  note(unit, charged, ended);
  unit.change(
    afterAttempt(
      unit.control.circuit,
      unit.context.settings.circuit,
      { generation: loop.attempt.generation, vote: circuitVote(verdict), reason: `${loop.title}: ${verdict.reason}` },
      unit.now,
    ),
  );
  moveOn(unit, charged, verdict, end);
  // Not where it has run into the same end itself: two such would wake each other for as long as a cent is left.
  const next = unit.liveState.get(loop.seq);
  if (unit.freesBudget && !(next && waitsForMoney(next)))
    wakeForBudget(unit, 'a loop has ended that held some of the daily budget');
  watchBudget(unit);
}

function outcomeOf(verdict: Verdict): Outcome {
  if (verdict.kind === 'failed') return verdict.class;
  return verdict.kind === 'limited' ? 'interrupted' : verdict.kind;
}

/** What was swept, kept and could not be ended goes into the loop's history (R7.4, R7.6). */
function note(unit: UnitOfWork, loop: ActiveLoop, end: AttemptEnd): void {
  const rows = [
    ['left over and ended', end.swept],
    ['left over and kept', end.kept],
    ['could not be ended', end.remaining],
  ] as const;
  for (const [what, processes] of rows) {
    if (processes.length === 0) continue;
    const names = processes.map(({ pid, command }) => `${command} (${pid})`).join(', ');
    unit.tx.addHistory(loop.seq, { at: unit.now, from: loop.state, to: loop.state, why: `${what}: ${names}` });
  }
}

function moveOn(unit: UnitOfWork, loop: ActiveLoop, verdict: Verdict, end: RunEnd): void {
  switch (verdict.kind) {
    case 'ok':
      finish(unit, loop, 'completed', verdict.reason);
      unit.tell({ type: 'loop:completed', loopId: loop.loopId, costUsd: toUsd(loop.cost) });
      return;
    case 'cancelled':
      finish(unit, loop, 'cancelled', verdict.reason);
      unit.tell({ type: 'loop:cancelled', loopId: loop.loopId });
      return;
    case 'limited':
      waitForReset(unit, loop, verdict);
      return;
    case 'interrupted':
      if (verdict.charged) {
        restart(unit, loop, { class: 'lost', reason: verdict.reason, at: unit.now });
        return;
      }
      requeue(unit, loop, verdict.reason);
      unit.tell({ type: 'loop:interrupted', loopId: loop.loopId, reason: verdict.reason });
      return;
    case 'failed':
      fail(unit, loop, verdict, end);
  }
}

function fail(unit: UnitOfWork, loop: ActiveLoop, verdict: Extract<Verdict, { kind: 'failed' }>, end: RunEnd): void {
  const { class: kind, reason, cause } = verdict;
  if (cause === 'session' && loop.attempt.resumed) {
    const { sessionId: _, ...fresh } = loop;
    requeue(unit, fresh as ActiveLoop, `its session can not be continued, it starts afresh: ${reason}`);
    return;
  }
  if (cause === 'budget' && loop.attempt.stop?.by !== 'cap' && wasTheDays(unit, loop)) {
    const until = unit.context.clock.nextDay(unit.now);
    wait(unit, loop, { for: 'dailyBudget', until }, 'what was left of the daily budget is used up');
    return;
  }
  const quick = end.at - loop.attempt.startedAt <= QUICK_CRASH_MS;
  const failure: Failure = { class: kind, reason, at: unit.now, ...(cause !== undefined && { cause }) };
  const counted = { ...loop, quickCrashes: quick ? loop.quickCrashes + 1 : 0 };
  if (verdict.permanent) failForGood(unit, counted, failure);
  else restart(unit, counted, failure);
}

/** Whether the cap that an agent ran into was what the day had left, and not the loop's own: then it goes on when there is money again (R6.3). */
function wasTheDays(unit: UnitOfWork, loop: ActiveLoop): boolean {
  const { dailyLimit } = unit.context.settings.budget;
  if (dailyLimit === 0) return false;
  const heldByOthers = unit.liveState.runningReserved - reservedOf(loop);
  const left = dailyLimit - unit.liveState.spentOn(unit.today).spent - heldByOthers;
  const ownLeft = loop.maxCost === undefined ? Number.POSITIVE_INFINITY : loop.maxCost - loop.cost;
  return left < ownLeft && loop.attempt.cost >= left;
}

/** Whether a loop waits for the day's money. */
export function waitsForMoney(loop: LiveLoop): boolean {
  return loop.state === 'waiting' && loop.for === 'dailyBudget';
}

/** Where there may be money again: loops whose agents had used up what the day had left go on (R6.3). `why` there may be. */
export function wakeForBudget(unit: UnitOfWork, why: string): void {
  const { dailyLimit } = unit.context.settings.budget;
  if (dailyLimit > 0 && unit.liveState.spentOn(unit.today).spent >= dailyLimit) return;
  for (const loop of [...unit.liveState.timed.values()]) {
    if (waitsForMoney(loop)) requeue(unit, loop, why);
  }
}

/** Restarts a loop after a failure as far as the intensity allows (R5.1, R5.2). */
function restart(unit: UnitOfWork, loop: ActiveLoop, failure: Failure): void {
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

/** Ends a loop as completed or cancelled. */
export function finish(unit: UnitOfWork, loop: LiveLoop, state: 'completed' | 'cancelled', why: string): void {
  const finished: FinishedLoop = { ...leaveState(loop, unit.now), state, finishedAt: unit.now };
  unit.put(finished, why, loop.state);
}

/** Back to its place in the queue (R5.2); it was admitted once, so it does not count against the depth (R2.2). */
export function requeue(unit: UnitOfWork, loop: LiveLoop, why: string): void {
  unit.put({ ...leaveState(loop, unit.now), state: 'queued', fresh: false }, why, loop.state);
}

function waitForReset(unit: UnitOfWork, loop: ActiveLoop, verdict: Extract<Verdict, { kind: 'limited' }>): void {
  const { until: named = unit.now } = verdict;
  const reset =
    isPending(named + LIMIT_JITTER_MS, unit.now) && named > unit.now ? Math.ceil(named) : unit.now + UNNAMED_LIMIT_MS;
  const until = reset + Math.round(unit.context.random() * LIMIT_JITTER_MS);
  unit.putControl({
    ...unit.control,
    holds: { ...unit.control.holds, [loop.agent]: { until: reset, reason: verdict.reason } },
  });
  wait(unit, loop, { for: 'usageLimit', until }, verdict.reason);
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
  const { cost, costEstimated, folder, maxCost, metadata, sessionId, lastError } = loop;
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
    ...{ cost, costEstimated, since: now },
    ...(folder !== undefined && { folder }),
    ...(maxCost !== undefined && { maxCost }),
    ...(metadata !== undefined && { metadata }),
    ...(sessionId !== undefined && { sessionId }),
    ...(lastError !== undefined && { lastError }),
  };
}
