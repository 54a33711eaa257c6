import { type AttemptEnd, isOfAgent, type Outcome } from '../model/attempt.ts';
import { type GateOf, gateKey } from '../model/gate.ts';
import { leftoversOf } from '../model/leftovers.ts';
import { type ActiveLoop, payerOf } from '../model/loop.ts';
import { afterAttempt } from '../policy/circuitBreaker.ts';
import { circuitVote, decideOutcome, type EndFacts, type Verdict } from '../policy/verdict.ts';
import type { RunEnd } from '../ports/launcher.ts';
import { circuitOf } from '../state/gates.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { afterAllowance } from './allowances.ts';
import { chargeUnsaid } from './estimateCorrection.ts';
import { afterTrial, hold } from './holds.ts';
import { afterAsking } from './questions.ts';
import { afterFailure, restart } from './restart.ts';
import { afterCheckRun, checkNext, complete, hasCheck, outcomeOfCheck } from './rounds.ts';
import type { RunSummary } from './runSummary.ts';
import { finish, leaveState, requeue } from './transitions.ts';
import { doubtOf, waitForConfirmation } from './unconfirmedEnd.ts';
import { waitForReset } from './waitForReset.ts';
import { waitsForMoney, wakeForBudget } from './wake.ts';
import { watchMoney } from './watchMoney.ts';
import { afterSetup, orWorkTreeGone } from './workTrees.ts';

type HeldVerdict = Extract<Verdict, { kind: 'held' }>;
/** How long (ms) a loop is held back whose folder was gone or could not be entered. */
const FOLDER_PAUSE_MS = 30_000;

/** Settles an attempt that has ended, once (R3.2): its outcome, its cost, its loop's next state and the circuit. */
export function settle(unit: UnitOfWork, loop: ActiveLoop, end: RunEnd, report: RunSummary): void {
  const charged = chargeUnsaid(unit, withFiles(loop, end), report);
  const decided = decideOutcome({
    end,
    ...(loop.attempt.stop && { stop: loop.attempt.stop.by }),
    ...(report.said && { said: report.said }),
    ...(report.limit && { limit: report.limit }),
    ...(report.refused && { refused: report.refused }),
    ...allowanceFacts(charged),
  });
  const verdict = orWorkTreeGone(unit, loop, decided);
  const ended: AttemptEnd = {
    ...end.exit,
    outcome: outcomeOf(verdict),
    reason: verdict.reason,
    at: end.at,
    ...(report.words && { lastWords: report.words.text.trim() }),
    ...leftoversOf(end),
  };
  if (!unit.tx.saveAttempt(loop.seq, { ...charged.attempt, end: ended })) return;
  note(unit, charged, ended);
  // Whether one that could not be seen has failed at all is unknown.
  const isUnseen = end.kind === 'lost' && end.unseen !== undefined;
  if (isOfAgent(loop.attempt) && !isUnseen) vote(unit, charged, verdict);
  const doubt = doubtOf(end);
  if (doubt) waitForConfirmation(unit, charged, doubt, ended);
  else moveOn(unit, charged, verdict, end, report);
  // Not where it has run into the same end itself: two such would wake each other for as long as a cent is left.
  const next = unit.liveState.get(loop.seq);
  if (unit.freesBudget && !(next && waitsForMoney(next)))
    wakeForBudget(unit, 'a loop has ended that held some of the daily budget');
  watchMoney(unit);
}

/** The loop with what is known of its files now (R12.3). */
function withFiles(loop: ActiveLoop, { treeAfter, changes }: RunEnd): ActiveLoop {
  if (treeAfter === undefined) return loop;
  return { ...loop, attempt: { ...loop.attempt, treeAfter }, ...(changes && { changes }) };
}

/** Counts in the circuit of its account, and passes the trials that it went first in (R4.2, R14.2). */
function vote(unit: UnitOfWork, loop: ActiveLoop, verdict: Verdict): void {
  const account = payerOf(loop);
  const reason = `${loop.title}: ${verdict.reason}`;
  const end = { seq: loop.seq, generation: loop.attempt.generation, vote: circuitVote(verdict), reason };
  unit.change(account, afterAttempt(circuitOf(unit.liveState, account), unit.context.settings.circuit, end, unit.now));
  if (verdict.kind === 'ok') afterTrial(unit, loop);
}

function outcomeOf(verdict: Verdict): Outcome {
  if (verdict.kind === 'failed' || verdict.kind === 'held') return verdict.class;
  const goesOn = verdict.kind === 'limited' || verdict.kind === 'usedUp' || verdict.kind === 'asking';
  return goesOn ? 'interrupted' : verdict.kind;
}

/** What the attempt could spend, as it was stored when it was granted: that decides, not what is left by now (R6.8). */
function allowanceFacts({ attempt }: ActiveLoop): Pick<EndFacts, 'allowance'> {
  const { allowance, cost } = attempt;
  return allowance ? { allowance: { ...allowance, isUsedUp: cost >= allowance.amount } } : {};
}

/** What was swept, kept and could not be ended goes into the loop's history (R7.4, R7.6). */
function note(unit: UnitOfWork, loop: ActiveLoop, end: AttemptEnd): void {
  const rows = [
    ['cleaned up', end.swept],
    ['spared', end.kept],
    [end.unseen === undefined ? 'could not be ended' : 'may live on', end.remaining],
  ] as const;
  for (const [what, processes] of rows) {
    if (processes.length === 0) continue;
    const names = processes.map(({ pid, command }) => `${command} (${pid})`).join(', ');
    unit.tx.addHistory(loop.seq, { at: unit.now, from: loop.state, to: loop.state, why: `${what}: ${names}` });
  }
}

function moveOn(unit: UnitOfWork, loop: ActiveLoop, verdict: Verdict, end: RunEnd, summary: RunSummary): void {
  if (loop.attempt.isSetup && afterSetup(unit, loop, verdict, summary)) return;
  const checked = loop.attempt.isCheck ? outcomeOfCheck(verdict) : undefined;
  if (checked && hasCheck(loop)) {
    afterCheckRun(unit, loop, checked, end, summary);
    return;
  }
  switch (verdict.kind) {
    case 'ok':
      if (hasCheck(loop)) checkNext(unit, loop, verdict.reason);
      else complete(unit, loop, verdict.reason);
      return;
    case 'usedUp':
      afterAllowance(unit, loop, verdict, summary);
      return;
    case 'cancelled':
      finish(unit, loop, 'cancelled', verdict.reason);
      unit.tell({ type: 'loop:cancelled', loopId: loop.loopId });
      return;
    case 'asking':
      afterAsking(unit, loop);
      return;
    case 'limited':
      waitForReset(unit, loop, verdict);
      return;
    case 'held':
      returnHeld(unit, loop, verdict);
      return;
    case 'interrupted':
      if (verdict.charged) {
        restart(unit, loop, { class: 'lost', reason: verdict.reason, at: unit.now });
        return;
      }
      if (verdict.trouble === 'machine')
        hold(unit, { of: { kind: 'machine' }, reason: 'machine', why: verdict.reason });
      if (verdict.trouble === 'folder') pause(unit, loop, verdict.reason);
      else requeue(unit, loop, verdict.reason);
      unit.tell({ type: 'loop:interrupted', loopId: loop.loopId, reason: verdict.reason });
      return;
    case 'failed':
      afterFailure(unit, loop, verdict, end, summary);
  }
}

/** Has a loop come back a little later, with no restart used: its folder may be gone for long (R5.7). */
function pause(unit: UnitOfWork, loop: ActiveLoop, why: string): void {
  unit.put({ ...leaveState(loop, unit.now), state: 'backingOff', until: unit.now + FOLDER_PAUSE_MS }, why, loop.state);
}

/** Trouble of its account or profile: that is held, uncharged, and the loop returns to its place (R14.1). */
function returnHeld(unit: UnitOfWork, loop: ActiveLoop, verdict: HeldVerdict): void {
  const { class: kind, hold: reason, reason: why, cause } = verdict;
  hold(unit, { of: heldGate(unit, loop, verdict), reason, why });
  const lastError = { class: kind, reason: why, at: unit.now, ...(cause !== undefined && { cause }) };
  interrupt(unit, { ...loop, lastError }, why);
}

function interrupt(unit: UnitOfWork, loop: ActiveLoop, why: string): void {
  requeue(unit, loop, why);
  unit.tell({ type: 'loop:interrupted', loopId: loop.loopId, reason: why });
}

/**
 * What a trouble holds. A folder may have settings of its own that cause it, such as a key in its `.env`: only that
 * folder is held until a loop in another one meets it too (R14.2). A program that is not there is missing in all of
 * them.
 */
function heldGate(unit: UnitOfWork, loop: ActiveLoop, { of: kind, hold: reason }: HeldVerdict): GateOf {
  const whole: GateOf = { kind, name: kind === 'profile' ? loop.agent : payerOf(loop) };
  const { cwd } = loop;
  if (reason === 'program' || unit.control.gates[gateKey(whole)]) return whole;
  const inOthers = Object.values(unit.control.gates).filter(
    ({ of }) => 'name' in of && of.kind === kind && of.name === whole.name && of.folder !== cwd,
  );
  if (inOthers.length === 0) return { ...whole, folder: cwd };
  for (const { of } of inOthers) unit.putGate(of, undefined);
  unit.putGate({ ...whole, folder: cwd }, undefined);
  return whole;
}
