import type { AgentEvent } from './agentEvent.ts';
import { backoffMs } from './backoff.ts';
import { afterAttempt } from './circuitBreaker.ts';
import { chargeUnknown, replaceEstimates } from './estimates.ts';
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
} from './loop.ts';
import { toUsd } from './money.ts';
import { circuitVote, decideOutcome, type Verdict } from './outcome.ts';
import type { RunEnd, RunOutput } from './processPort.ts';
import { addRestart } from './restartIntensity.ts';
import { charge, refuse, watchBudget, watchCap } from './spend.ts';
import type { Turn } from './turn.ts';
import { isAhead } from './waits.ts';

/** A usage window whose reset the agent did not name is tried again after this (ms). */
const UNNAMED_LIMIT_MS = 15 * 60_000;
/** Loops that waited for the same reset do not start in the same moment (ms). */
const LIMIT_JITTER_MS = 30_000;
/** An attempt that failed so soon after its start (ms) crashed at once. */
const QUICK_CRASH_MS = 1_000;

/** What a loop waits for whose agent has used up what the day had left. */
const DAY_USED_UP = 'what was left of the daily budget is used up';

/** What the window that followed a run has gathered of it. */
export interface RunReport {
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
export function applyOutput(turn: Turn, loop: ActiveLoop, output: RunOutput): ActiveLoop | undefined {
  const { attempt } = loop;
  if (output.to < attempt.readOffset || !turn.tx.advance(attempt.id, attempt.readOffset, output.to, output.readerState)) return undefined;
  let next: ActiveLoop = { ...loop, attempt: { ...attempt, readOffset: output.to, readerState: output.readerState } };
  turn.reflect(next);
  output.events.forEach((event, index) => {
    if (event.type === 'cost' && !(Number.isSafeInteger(event.cost) && event.cost >= 0)) refuse(turn, next, event.cost);
    else if (event.type === 'cost') {
      // From where on, too: what is said to the end of a run ends where its last line did.
      const key = `${attempt.token}@${attempt.readOffset}-${output.to}.${index}`;
      next = charge(turn, next, { key, cost: event.cost, source: event.source }) ?? next;
      next = replaceEstimates(turn, next, event);
    }
    if (event.type === 'session') next = confirmSession(turn, next, event.sessionId);
  });
  if (turn.freesBudget) wakeForBudget(turn, 'a correction has freed some of the daily budget');
  watchBudget(turn);
  const current = turn.mirror.get(loop.seq) as ActiveLoop;
  watchCap(turn, current);
  return turn.mirror.get(loop.seq) as ActiveLoop;
}

function confirmSession(turn: Turn, loop: ActiveLoop, sessionId: string): ActiveLoop {
  if (loop.sessionId === sessionId && loop.attempt.sessionId === sessionId) return loop;
  const marked = turn.putAttempt({ ...loop, sessionId }, { ...loop.attempt, sessionId }) ?? loop;
  turn.put(marked);
  return marked;
}

/** Settles an attempt that has ended, once (R3.2): its outcome, its cost, its loop's next state and the circuit. */
export function settle(turn: Turn, loop: ActiveLoop, end: RunEnd, report: RunReport): void {
  const verdict = decideOutcome({
    end,
    ...(loop.attempt.stop && { stop: loop.attempt.stop.by }),
    ...(report.said && { said: report.said }),
    ...(report.limit && { limit: report.limit }),
  });
  const charged = chargeUnknown(turn, loop, end, report);
  const ended: AttemptEnd = {
    ...end.exit,
    outcome: outcomeOf(verdict),
    reason: verdict.reason,
    at: end.at,
    swept: end.swept,
    kept: end.kept,
    remaining: end.remaining,
  };
  if (!turn.tx.saveAttempt({ ...charged.attempt, end: ended })) return;
  note(turn, charged, ended);
  turn.change(
    afterAttempt(
      turn.control.circuit,
      turn.context.settings.circuit,
      { generation: loop.attempt.generation, vote: circuitVote(verdict), reason: `${loop.title}: ${verdict.reason}` },
      turn.now,
    ),
  );
  moveOn(turn, charged, verdict, end);
  // Not where it has run into the same end itself: two such would wake each other for as long as a cent is left.
  const next = turn.mirror.get(loop.seq);
  if (turn.freesBudget && !(next && waitsForMoney(next))) wakeForBudget(turn, 'a loop has ended that held some of the daily budget');
  watchBudget(turn);
}

function outcomeOf(verdict: Verdict): Outcome {
  if (verdict.kind === 'failed') return verdict.class;
  return verdict.kind === 'limited' ? 'interrupted' : verdict.kind;
}

/** What was swept, kept and could not be ended goes into the loop's history (R7.4, R7.6). */
function note(turn: Turn, loop: ActiveLoop, end: AttemptEnd): void {
  const rows = [
    ['left over and ended', end.swept],
    ['left over and kept', end.kept],
    ['could not be ended', end.remaining],
  ] as const;
  for (const [what, processes] of rows) {
    if (processes.length === 0) continue;
    const names = processes.map(({ pid, command }) => `${command} (${pid})`).join(', ');
    turn.tx.addHistory(loop.seq, { at: turn.now, from: loop.state, to: loop.state, why: `${what}: ${names}` });
  }
}

function moveOn(turn: Turn, loop: ActiveLoop, verdict: Verdict, end: RunEnd): void {
  switch (verdict.kind) {
    case 'ok':
      finish(turn, loop, 'completed', verdict.reason);
      turn.tell({ type: 'loop:completed', loopId: loop.loopId, costUsd: toUsd(loop.cost) });
      return;
    case 'cancelled':
      finish(turn, loop, 'cancelled', verdict.reason);
      turn.tell({ type: 'loop:cancelled', loopId: loop.loopId });
      return;
    case 'limited':
      waitForReset(turn, loop, verdict);
      return;
    case 'interrupted':
      if (verdict.charged) {
        restart(turn, loop, { class: 'lost', reason: verdict.reason, at: turn.now });
        return;
      }
      requeue(turn, loop, verdict.reason);
      turn.tell({ type: 'loop:interrupted', loopId: loop.loopId, reason: verdict.reason });
      return;
    case 'failed':
      fail(turn, loop, verdict, end);
  }
}

function fail(turn: Turn, loop: ActiveLoop, verdict: Extract<Verdict, { kind: 'failed' }>, end: RunEnd): void {
  const { class: kind, reason, cause } = verdict;
  if (cause === 'session' && loop.attempt.resumed) {
    const { sessionId: _, ...fresh } = loop;
    requeue(turn, fresh as ActiveLoop, `its session can not be continued, it starts afresh: ${reason}`);
    return;
  }
  if (cause === 'budget' && loop.attempt.stop?.by !== 'cap' && wasTheDays(turn, loop)) {
    const until = turn.context.clock.nextDay(turn.now);
    turn.put({ ...factsOf(loop, turn.now), state: 'waiting', until, why: DAY_USED_UP }, DAY_USED_UP, loop.state);
    turn.tell({ type: 'loop:waiting', loopId: loop.loopId, until, reason: DAY_USED_UP });
    return;
  }
  const quick = end.at - loop.attempt.startedAt <= QUICK_CRASH_MS;
  const failure: Failure = { class: kind, reason, at: turn.now, ...(cause !== undefined && { cause }) };
  const counted = { ...loop, quickCrashes: quick ? loop.quickCrashes + 1 : 0 };
  if (verdict.permanent) failForGood(turn, counted, failure);
  else restart(turn, counted, failure);
}

/** Whether the cap that an agent ran into was what the day had left, and not the loop's own: then it goes on when there is money again (R6.3). */
function wasTheDays(turn: Turn, loop: ActiveLoop): boolean {
  const { dailyLimit } = turn.context.settings.budget;
  if (dailyLimit === 0) return false;
  const heldByOthers = turn.mirror.runningReserved - reservedOf(loop);
  const left = dailyLimit - turn.mirror.spentOn(turn.today).spent - heldByOthers;
  const ownLeft = loop.maxCost === undefined ? Number.POSITIVE_INFINITY : loop.maxCost - loop.cost;
  return left < ownLeft && loop.attempt.cost >= left;
}

/** Whether a loop waits for the day's money, and not for its agent's limit. */
export function waitsForMoney(loop: LiveLoop): boolean {
  return loop.state === 'waiting' && loop.why === DAY_USED_UP;
}

/** Where there may be money again: loops whose agents had used up what the day had left go on (R6.3). `why` there may be. */
export function wakeForBudget(turn: Turn, why: string): void {
  const { dailyLimit } = turn.context.settings.budget;
  if (dailyLimit > 0 && turn.mirror.spentOn(turn.today).spent >= dailyLimit) return;
  for (const loop of [...turn.mirror.timed.values()]) {
    if (waitsForMoney(loop)) requeue(turn, loop, why);
  }
}

/** Restarts a loop after a failure as far as the intensity allows (R5.1, R5.2). */
function restart(turn: Turn, loop: ActiveLoop, failure: Failure): void {
  const { allowed, restarts } = addRestart(loop.restarts, turn.context.settings.restart, turn.now);
  if (!allowed) {
    failForGood(turn, { ...loop, restarts }, failure);
    return;
  }
  const delayMs = backoffMs(restarts.length, turn.context.random);
  const error = failure.reason;
  const facts = factsOf(loop, turn.now);
  turn.put({ ...facts, restarts, lastError: failure, state: 'backingOff', until: turn.now + delayMs }, `${failure.class}: ${error}`, loop.state);
  turn.tell({ type: 'loop:failed', loopId: loop.loopId, error, permanent: false, reason: failure.class });
  turn.tell({ type: 'loop:recovered', loopId: loop.loopId, error, restarting: true, delayMs, restartsInWindow: restarts.length });
}

/** Ends a loop as permanently failed (R5.1, R5.3). */
export function failForGood(turn: Turn, loop: LiveLoop, failure: Failure): void {
  const facts = factsOf(loop, turn.now);
  const failed: FinishedLoop = { ...facts, lastError: failure, state: 'failed', finishedAt: turn.now, failure, cleared: false };
  turn.put(failed, `${failure.class}: ${failure.reason}`, loop.state);
  turn.tell({ type: 'loop:failed', loopId: loop.loopId, error: failure.reason, permanent: true, reason: failure.class });
}

/** Ends a loop as completed or cancelled. */
export function finish(turn: Turn, loop: LiveLoop, state: 'completed' | 'cancelled', why: string): void {
  const finished: FinishedLoop = { ...factsOf(loop, turn.now), state, finishedAt: turn.now };
  turn.put(finished, why, loop.state);
}

/** Back to its place in the queue (R5.2); it was admitted once, so it does not count against the depth (R2.2). */
export function requeue(turn: Turn, loop: LiveLoop, why: string): void {
  turn.put({ ...factsOf(loop, turn.now), state: 'queued', fresh: false }, why, loop.state);
}

function waitForReset(turn: Turn, loop: ActiveLoop, verdict: Extract<Verdict, { kind: 'limited' }>): void {
  const { until: named = turn.now } = verdict;
  const reset = isAhead(named + LIMIT_JITTER_MS, turn.now) && named > turn.now ? Math.ceil(named) : turn.now + UNNAMED_LIMIT_MS;
  const until = reset + Math.round(turn.context.random() * LIMIT_JITTER_MS);
  turn.putControl({ ...turn.control, holds: { ...turn.control.holds, [loop.agent]: { until: reset, reason: verdict.reason } } });
  turn.put({ ...factsOf(loop, turn.now), state: 'waiting', until, why: verdict.reason }, verdict.reason, loop.state);
  turn.tell({ type: 'loop:waiting', loopId: loop.loopId, until, reason: verdict.reason });
}

/** What a loop keeps when it leaves its state. */
export function factsOf(loop: Loop, now: number): LoopFacts {
  const { seq, loopId, title, agent, cwd, windowId, priority, place, estimate, estimateAssumed, submittedAt, attempts, restarts, quickCrashes } =
    loop;
  const { cost, costEstimated, folder, maxCost, metadata, sessionId, lastError } = loop;
  return {
    ...{ seq, loopId, title, agent, cwd, windowId, priority, place, estimate, estimateAssumed, submittedAt, attempts, restarts, quickCrashes },
    ...{ cost, costEstimated, since: now },
    ...(folder !== undefined && { folder }),
    ...(maxCost !== undefined && { maxCost }),
    ...(metadata !== undefined && { metadata }),
    ...(sessionId !== undefined && { sessionId }),
    ...(lastError !== undefined && { lastError }),
  };
}
