import { type Attempt, NO_COST } from '../model/attempt.ts';
import type { CheckOutcome, CheckResult, RoundBound } from '../model/check.ts';
import type { ActiveLoop, LiveLoop, Loop, Rounds } from '../model/loop.ts';
import { toUsd } from '../model/money.ts';
import { afterCheck } from '../policy/rounds.ts';
import type { Verdict } from '../policy/verdict.ts';
import type { RunEnd } from '../ports/launcher.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { checkProfile } from './checkProfile.ts';
import type { RunSummary } from './runSummary.ts';
import { finish, leaveState, requeue, wait } from './transitions.ts';

/** Where the rounds of a loop stand when it is submitted. */
export function firstRounds({ checkFirst, maxRounds }: NonNullable<Loop['check']>): Rounds {
  return { phase: checkFirst ? 'before' : 'work', round: 1, maxRounds, seen: 0 };
}

/** Where they stand when a finished loop goes on with a further prompt: the agent works first (R12.5). */
export function nextRounds(unit: UnitOfWork, { seq, check, rounds }: CheckedLoop<Loop>): Rounds {
  const round = rounds.round + 1;
  const maxRounds = rounds.round + check.maxRounds;
  return { phase: 'work', round, maxRounds, seen: unit.tx.checks(seq).length, first: round };
}

/** A loop with a check: its rounds are there. */
export type CheckedLoop<L extends Loop = LiveLoop> = L & Required<Pick<L, 'check' | 'rounds'>>;

export function hasCheck<L extends Loop>(loop: L): loop is CheckedLoop<L> {
  return loop.check !== undefined && loop.rounds !== undefined;
}

/** The work of a round ended well: its check follows, in the same slot (R11.1). */
export function checkNext(unit: UnitOfWork, loop: CheckedLoop<ActiveLoop>, why: string): void {
  const next = { ...loop, rounds: { ...loop.rounds, phase: 'check' as const } };
  if (unit.startsNothing) requeue(unit, next, why);
  else startCheck(unit, next);
}

/**
 * Puts a run of the loop's check on record; it is launched after commit. The loop keeps its slot, or has just been
 * given one.
 */
export function startCheck(unit: UnitOfWork, loop: CheckedLoop): void {
  const { context, now } = unit;
  const { check } = loop;
  const rounds = begun(loop, now);
  const round = rounds.phase === 'before' ? 0 : rounds.round;
  const number = loop.attempts + 1;
  const attempt: Attempt = unit.tx.insertAttempt(loop.seq, {
    number,
    token: `${loop.seq}-${number}-${context.newId()}`,
    isCheck: true,
    round,
    windowId: context.window.id,
    startedAt: now,
    // It is no attempt of the agent: no circuit counts it.
    generation: 0,
    probe: false,
    reserved: 0,
    resumed: false,
    readOffset: 0,
    ...NO_COST,
    accrued: 0,
  });
  const facts = { ...leaveState(loop, now), rounds, attempts: number, ...unit.hereNow };
  const checking: ActiveLoop = { ...facts, state: 'checking', attempt };
  unit.put(checking, round === 0 ? 'check before the first round' : `check of round ${round}`);
  unit.tell({ type: 'loop:checking', loopId: loop.loopId, round });
  const profile = checkProfile(check);
  const plan = context.agents.shell(check.command);
  unit.launches.push({ loop: checking, profile, plan, before: undefined, epoch: unit.epoch });
}

/** The rounds once a run of the loop has begun: from now on its time counts (R11.3). */
export function begun({ check, rounds }: CheckedLoop, now: number): Rounds {
  return check.maxMs === 0 || rounds.until !== undefined ? rounds : { ...rounds, until: now + check.maxMs };
}

/**
 * What an ended run of the check says of the round; undefined where it says nothing: it was stopped, or nobody knows.
 */
export function outcomeOfCheck(verdict: Verdict): CheckOutcome | undefined {
  if (verdict.kind === 'ok') return 'passed';
  if (verdict.kind === 'held') return 'unstartable';
  if (verdict.kind !== 'failed' || verdict.class === 'lost') return undefined;
  if (verdict.class === 'timeout') return 'timeout';
  return 'failed';
}

/** Decides what follows a check that has run (R11.2, R11.3). */
export function afterCheckRun(
  unit: UnitOfWork,
  loop: CheckedLoop<ActiveLoop>,
  outcome: CheckOutcome,
  end: RunEnd,
  summary: RunSummary,
): void {
  const result = resultOf(loop, outcome, end, summary);
  const results = [...unit.tx.checks(loop.seq), result];
  unit.tx.addCheck(loop.seq, result);
  const { round, exitCode, score } = result;
  const passed = outcome === 'passed';
  const facts = { ...(exitCode !== undefined && { exitCode }), ...(score !== undefined && { score }) };
  unit.tell({ type: 'loop:checked', loopId: loop.loopId, round, passed, outcome, ...facts });
  const { maxRounds, seen } = loop.rounds;
  const until = untilOf(loop, unit.now);
  const costLeft = loop.maxCost === undefined ? undefined : loop.maxCost - loop.cost;
  const limits = { check: loop.check, maxRounds, seen };
  const bounds = { ...(until !== undefined && { until }), ...(costLeft !== undefined && { costLeft }) };
  const next = afterCheck(results, { ...limits, ...bounds }, unit.now);
  const what = inWords(result);
  if (next.next === 'completed') complete(unit, loop, what);
  else if (next.next === 'round') {
    const rounds: Rounds = { ...loop.rounds, ...(until !== undefined && { until }), phase: 'work', round: next.round };
    // It passes every gate that a start passes, and is the first that may have its slot again (R11.2).
    requeue(unit, { ...sessionFor(loop), rounds }, round === 0 ? what : `${what}: round ${next.round} follows`);
    unit.goesOn = loop.seq;
  } else wait(unit, loop, { for: 'you', need: next.bound }, `${what}, and ${BOUNDS[next.bound]}`);
}

/** Until when its rounds go on: never longer than was granted, whatever became of the clock since (R4.5). */
function untilOf({ check, rounds: { until } }: CheckedLoop<ActiveLoop>, now: number): number | undefined {
  return until && Math.min(until, now + check.maxMs);
}

/** The session that the next round continues: none where each round is to start afresh (R11.2). */
function sessionFor(loop: CheckedLoop<ActiveLoop>): ActiveLoop {
  if (loop.check.context === 'resume') return loop;
  const { sessionId: _, ...fresh } = loop;
  return fresh as ActiveLoop;
}

/** Ends a loop as completed. */
export function complete(unit: UnitOfWork, loop: LiveLoop, why: string): void {
  finish(unit, loop, 'completed', why);
  unit.tell({ type: 'loop:completed', loopId: loop.loopId, costUsd: toUsd(loop.cost) });
}

function resultOf({ attempt }: ActiveLoop, outcome: CheckOutcome, end: RunEnd, { checked }: RunSummary): CheckResult {
  return {
    round: attempt.round ?? 0,
    outcome,
    ...(end.exit.exitCode !== undefined && { exitCode: end.exit.exitCode }),
    startedAt: attempt.startedAt,
    endedAt: end.at,
    token: attempt.token,
    digest: checked?.digest ?? '',
    ...(end.tree !== undefined && { tree: end.tree }),
    ...(checked?.score !== undefined && { score: checked.score }),
    report: checked?.report || end.error || '',
  };
}

function inWords({ round, outcome, exitCode, score }: CheckResult): string {
  const how = {
    passed: 'passed',
    failed: `did not pass (exit code ${exitCode ?? 'unknown'})`,
    timeout: 'took too long and was stopped',
    unstartable: 'could not be started',
  }[outcome];
  const which = round === 0 ? 'the check before the first round' : `the check of round ${round}`;
  return `${which} ${how}${score === undefined ? '' : `, score ${score}`}`;
}

/** Why the rounds stopped, as the end of a sentence. */
const BOUNDS: { readonly [bound in RoundBound]: string } = {
  maxRounds: 'all its rounds are used up',
  maxCost: 'its cost limit is reached',
  maxMinutes: 'its time limit is reached',
  noProgress: 'nothing has changed for two rounds',
  noBetterScore: 'the score has not improved for three rounds',
  checkTimeouts: 'it took too long twice in a row',
  checkUnstartable: 'its command needs fixing',
};
