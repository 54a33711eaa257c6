import { leftoversOf } from '../model/leftovers.ts';
import type { ActiveLoop, AttemptEnd, Outcome } from '../model/loop.ts';
import { afterAttempt } from '../policy/circuitBreaker.ts';
import { circuitVote, decideOutcome, type EndFacts, type Verdict } from '../policy/verdict.ts';
import { isPending } from '../policy/waits.ts';
import type { RunEnd } from '../ports/launcher.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { afterAllowance } from './allowances.ts';
import { chargeUnsaid } from './estimateCorrection.ts';
import { afterFailure, restart } from './restart.ts';
import { afterCheckRun, checkNext, complete, hasCheck, outcomeOfCheck } from './rounds.ts';
import type { RunSummary } from './runSummary.ts';
import { finish, leaveState, requeue, wait } from './transitions.ts';
import { waitsForMoney, wakeForBudget } from './wake.ts';
import { watchMoney } from './watchMoney.ts';

/** A usage window whose reset the agent did not name is tried again after this (ms). */
const UNNAMED_LIMIT_MS = 15 * 60_000;
/** Loops that waited for the same reset do not start in the same moment (ms). */
const LIMIT_JITTER_MS = 30_000;
/** How long (ms) a loop is held back that the machine could not run, or whose folder was gone. */
const TROUBLE_PAUSE_MS = 30_000;

/** Settles an attempt that has ended, once (R3.2): its outcome, its cost, its loop's next state and the circuit. */
export function settle(unit: UnitOfWork, loop: ActiveLoop, end: RunEnd, report: RunSummary): void {
  const charged = chargeUnsaid(unit, loop, report);
  const verdict = decideOutcome({
    end,
    ...(loop.attempt.stop && { stop: loop.attempt.stop.by }),
    ...(report.said && { said: report.said }),
    ...(report.limit && { limit: report.limit }),
    ...allowanceFacts(charged),
  });
  const ended: AttemptEnd = {
    ...end.exit,
    outcome: outcomeOf(verdict),
    reason: verdict.reason,
    at: end.at,
    ...leftoversOf(end),
  };
  if (!unit.tx.saveAttempt({ ...charged.attempt, end: ended })) return;
  note(unit, charged, ended);
  if (!loop.attempt.isCheck) vote(unit, loop, verdict);
  moveOn(unit, charged, verdict, end, report);
  // Not where it has run into the same end itself: two such would wake each other for as long as a cent is left.
  const next = unit.liveState.get(loop.seq);
  if (unit.freesBudget && !(next && waitsForMoney(next)))
    wakeForBudget(unit, 'a loop has ended that held some of the daily budget');
  watchMoney(unit);
}

function vote(unit: UnitOfWork, loop: ActiveLoop, verdict: Verdict): void {
  const { generation } = loop.attempt;
  const end = { generation, vote: circuitVote(verdict), reason: `${loop.title}: ${verdict.reason}` };
  unit.change(afterAttempt(unit.control.circuit, unit.context.settings.circuit, end, unit.now));
}

function outcomeOf(verdict: Verdict): Outcome {
  if (verdict.kind === 'failed') return verdict.class;
  return verdict.kind === 'limited' || verdict.kind === 'usedUp' ? 'interrupted' : verdict.kind;
}

/** What the attempt may have spent, as it was stored when it was granted: that decides, not what is left by now (R6.8). */
function allowanceFacts({ attempt }: ActiveLoop): Pick<EndFacts, 'allowance'> {
  const { allowance, cost } = attempt;
  return allowance ? { allowance: { ...allowance, isUsedUp: cost >= allowance.amount } } : {};
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

function moveOn(unit: UnitOfWork, loop: ActiveLoop, verdict: Verdict, end: RunEnd, summary: RunSummary): void {
  const checked = loop.attempt.isCheck ? outcomeOfCheck(verdict) : undefined;
  if (checked && hasCheck(loop)) {
    afterCheckRun(unit, loop, checked, end, summary);
    return;
  }
  switch (verdict.kind) {
    case 'usedUp':
      afterAllowance(unit, loop, verdict, summary);
      return;
    case 'ok':
      if (hasCheck(loop)) checkNext(unit, loop, verdict.reason);
      else complete(unit, loop, verdict.reason);
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
      if (verdict.trouble) pause(unit, loop, verdict.reason);
      else requeue(unit, loop, verdict.reason);
      unit.tell({ type: 'loop:interrupted', loopId: loop.loopId, reason: verdict.reason });
      return;
    case 'failed':
      afterFailure(unit, loop, verdict, end);
  }
}

/** Has a loop come back a little later, with no restart used: what kept it from running may last (R5.7, R13.3). */
function pause(unit: UnitOfWork, loop: ActiveLoop, why: string): void {
  unit.put({ ...leaveState(loop, unit.now), state: 'backingOff', until: unit.now + TROUBLE_PAUSE_MS }, why, loop.state);
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
