import type { Look } from '../model/looks.ts';
import { type ActiveLoop, type Attempt, NO_COST, reservedOf } from '../model/loop.ts';
import type { NanoUsd } from '../model/money.ts';
import type { WaitingFor } from '../model/status.ts';
import { attemptsAllowed } from '../policy/circuitBreaker.ts';
import { roundPrompt } from '../policy/roundPrompt.ts';
import { isPending } from '../policy/waits.ts';
import type { AgentProfile, CommandPlan } from '../ports/agents.ts';
import type { SupervisorContext } from '../state/context.ts';
import type { LiveState, QueuedLoop } from '../state/liveState.ts';
import type { LoopOwnership } from '../state/loopOwnership.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { CAP_USED_UP, waitForMore } from './allowances.ts';
import { allowanceOf, type MoneyFit, moneyFit, NOTHING_PENDING, type Pending, spendingOf } from './grants.ts';
import { failForGood } from './restart.ts';
import { begun, hasCheck, startCheck } from './rounds.ts';
import { sessionBefore } from './sessionBefore.ts';
import { wakeForBudget } from './wake.ts';

/** No attempt starts with less free disk than this (R8.3). */
export const LEAST_FREE_BYTES = 64 * 1024 * 1024;

/** Why nothing at all can start now, the circuit, the cap and the disk included; undefined when something can. */
export function gateClosed(
  liveState: LiveState,
  context: SupervisorContext,
): Extract<WaitingFor, 'paused' | 'settings' | 'circuit' | 'slot' | 'disk'> | undefined {
  if (liveState.control.paused) return 'paused';
  if (context.unknownSettings.length > 0) return 'settings';
  if (attemptsAllowed(liveState.control.circuit, context.settings.circuit, liveState.probes()) <= 0) return 'circuit';
  if (liveState.active.size >= context.settings.maxConcurrent) return 'slot';
  return context.launcher.freeBytes() < LEAST_FREE_BYTES ? 'disk' : undefined;
}

/**
 * Starts what can start, in the order of the queue (R3.1, R3.3): as many as there are slots, probe places and budget for. A head that does
 * not fit the budget is overtaken by nobody (R6.3). Loops of other open windows keep their slot free for them.
 */
export function dispatch(unit: UnitOfWork, ownership: LoopOwnership): void {
  if (unit.isNewDay) wakeForBudget(unit, 'a new day has begun');
  const unseen = new Set<number>();
  let again = true;
  // One that cannot be started has left the queue, or is passed by in this unit: its place goes to the next.
  while (again) again = choose(unit, ownership, unseen).some((chosen) => !start(unit, chosen, unseen));
  unit.waitsForLook = unseen.size > 0;
}

/** A loop that may start now, and what it may spend. */
interface Chosen {
  readonly loop: QueuedLoop;
  readonly grant: Extract<MoneyFit, { kind: 'fits' }>['grant'];
}

/** The loops that this window may start now, in their order. */
function choose(unit: UnitOfWork, ownership: LoopOwnership, unseen: ReadonlySet<number>): Chosen[] {
  const { liveState, context } = unit;
  const gate = liveState.queue.size === 0 ? 'empty' : gateClosed(liveState, context);
  unit.waitsForDisk = gate === 'disk';
  const { mine, awaited } = gate ? { mine: [], awaited: [] } : firstInLine(unit, ownership, unseen);
  ownership.standFirst(awaited);
  return mine;
}

/** Those that the free places belong to: this window's own, and those that other windows are waited for to start. */
function firstInLine(
  unit: UnitOfWork,
  ownership: LoopOwnership,
  unseen: ReadonlySet<number>,
): { readonly mine: Chosen[]; readonly awaited: QueuedLoop[] } {
  const { liveState, context } = unit;
  const mine: Chosen[] = [];
  const awaited: QueuedLoop[] = [];
  let places = Math.min(
    context.settings.maxConcurrent - liveState.active.size,
    attemptsAllowed(liveState.control.circuit, context.settings.circuit, liveState.probes()),
  );
  let pending = NOTHING_PENDING;
  /** A loop waits for money that running ones may give back: only what costs nothing overtakes it (R6.3). */
  let isSaving = isUsedUp(unit);
  const spent: QueuedLoop[] = [];
  for (const loop of inOrder(unit)) {
    if (places === 0 || (isSaving && !liveState.queuesWithoutCost(context.agents))) break;
    if (unseen.has(loop.seq) || isHeld(liveState, loop.agent, unit.now)) continue;
    const host = ownership.hostOf(loop);
    if (host === 'gone' || (host === 'elsewhere' && ownership.isPassedBy(loop))) continue;
    if (isSaving && spendingOf(context, loop.agent) !== 'never') continue;
    const fit = moneyFit(unit, loop, pending);
    if (fit.kind === 'waits') isSaving = true;
    if (fit.kind === 'capUsedUp') spent.push(loop);
    if (fit.kind !== 'fits') continue;
    places--;
    pending = withChosen(pending, loop, fit.grant);
    if (host === 'here') mine.push({ loop, grant: fit.grant });
    else awaited.push(loop);
  }
  for (const loop of spent) waitForMore(unit, loop, CAP_USED_UP);
  return { mine, awaited };
}

function isUsedUp({ liveState, context, today }: UnitOfWork): boolean {
  const { dailyLimit } = context.settings.budget;
  return dailyLimit > 0 && liveState.usedOn(today) >= dailyLimit;
}

function withChosen(pending: Pending, loop: QueuedLoop, given: Chosen['grant']): Pending {
  return {
    reserved: pending.reserved + reservedOf(loop),
    granted: pending.granted + (given.kind === 'granted' ? given.amount : 0),
    slots: pending.slots - 1,
  };
}

/** The queue in its order; before it the loop whose next round follows in this transaction (R11.2). */
function* inOrder({ liveState, goesOn }: UnitOfWork): Iterable<QueuedLoop> {
  const first = goesOn === undefined ? undefined : liveState.get(goesOn);
  if (first?.state === 'queued') yield first;
  for (const loop of liveState.queue) if (loop !== first) yield loop;
}

/**
 * How many queued loops could start if there were places, counted up to `enough`: not those of a window that is gone or does not answer, or of an agent
 * that has to wait.
 */
export function inLine(
  liveState: LiveState,
  ownership: Pick<LoopOwnership, 'hostOf' | 'isPassedBy'>,
  now: number,
  enough: number,
): number {
  let count = 0;
  for (const loop of liveState.queue) {
    if (count >= enough) break;
    if (isHeld(liveState, loop.agent, now)) continue;
    const host = ownership.hostOf(loop);
    if (host === 'here' || (host === 'elsewhere' && !ownership.isPassedBy(loop))) count++;
  }
  return count;
}

/** Whether an agent's usage window is used up, so that none of its loops starts. */
export function isHeld(liveState: LiveState, agent: string, now: number): boolean {
  const hold = liveState.control.holds[agent];
  return hold !== undefined && isPending(hold.until, now);
}

/**
 * Records one attempt; it is launched after commit. Returns false when it cannot be started: it has then failed for good, or
 * is in `unseen`, since its folder could not be looked at.
 */
function start(unit: UnitOfWork, { loop, grant }: Chosen, unseen: Set<number>): boolean {
  const { context, liveState } = unit;
  const folder = context.folders.look(loop.cwd);
  if (folder.state === 'unknown') {
    unseen.add(loop.seq);
    return false;
  }
  if (hasCheck(loop) && loop.rounds.phase !== 'work') {
    startCheck(unit, loop);
    return true;
  }
  const costLeft = grant.kind === 'granted' ? grant.amount : undefined;
  const planned = plan(unit, loop, folder, costLeft);
  if ('error' in planned) {
    failForGood(unit, loop, { class: 'spawn', reason: planned.error, at: unit.now });
    return false;
  }
  const { circuit } = liveState.control;
  const number = loop.attempts + 1;
  const sessionId = planned.plan.sessionId ?? planned.resume;
  const attempt: Attempt = unit.tx.insertAttempt(loop.seq, {
    number,
    token: `${loop.seq}-${number}-${context.newId()}`,
    windowId: context.window.id,
    startedAt: unit.now,
    generation: circuit.generation,
    probe: circuit.state === 'half-open',
    reserved: reservedOf(loop),
    ...(grant.kind === 'granted' && { allowance: allowanceOf(grant, planned.profile) }),
    ...(sessionId !== undefined && { sessionId }),
    resumed: planned.resume !== undefined,
    readOffset: 0,
    ...NO_COST,
    accrued: 0,
    ...(loop.rounds && { round: loop.rounds.round }),
  });
  const { fresh: _, ...facts } = loop;
  const running: ActiveLoop = {
    ...facts,
    state: 'running',
    windowId: context.window.id,
    attempts: number,
    since: unit.now,
    attempt,
    ...(hasCheck(loop) && { rounds: begun(loop, unit.now) }),
  };
  unit.put(running, attempt.resumed ? `attempt ${number}, continues its session` : `attempt ${number}`);
  unit.tell({ type: 'loop:started', loopId: loop.loopId, attempt: number, agent: loop.agent });
  unit.launches.push({
    loop: running,
    profile: planned.profile,
    plan: planned.plan,
    before: attempt.resumed ? sessionBefore(running, unit.tx.attempts(loop.seq)) : undefined,
  });
  return true;
}

/** Attempts that crashed at once so many times in a row are started afresh: their session may be what crashes them. */
const QUICK_CRASHES_TO_START_AFRESH = 3;

type Planned =
  | { readonly profile: AgentProfile; readonly plan: CommandPlan; readonly resume?: string }
  | { readonly error: string };

function plan(unit: UnitOfWork, loop: QueuedLoop, folder: Look, costLeft: NanoUsd | undefined): Planned {
  const { context } = unit;
  const profile = context.agents.find(loop.agent);
  if (!profile)
    return {
      error: `there is no agent profile "${loop.agent}" (any more): add it to loopSupervisor.agents, then retry`,
    };
  if (folder.state === 'gone')
    return { error: `the folder ${loop.cwd} does not exist (any more): make it, then retry` };
  const resume = profile.canResume && loop.quickCrashes < QUICK_CRASHES_TO_START_AFRESH ? loop.sessionId : undefined;
  // A prompt that can not be read now is trouble of the store, which passes: it is no fault of the command, and fails the turn.
  const prompt = promptFor(unit, loop, resume !== undefined);
  const request = { loopId: loop.loopId, prompt, cwd: loop.cwd };
  try {
    const command = profile.plan({
      ...request,
      ...(resume !== undefined && { resume }),
      ...(costLeft !== undefined && { costLeft }),
    });
    return { profile, plan: command, ...(resume !== undefined && { resume }) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** The loop's prompt, or what the agent is told for the next round (R11.2). Only a session that goes on knows the task already. */
function promptFor(unit: UnitOfWork, loop: QueuedLoop, resumes: boolean): string {
  const prompt = unit.tx.prompt(loop.seq);
  if (!hasCheck(loop) || loop.rounds.round === 1) return prompt;
  const result = unit.tx.checks(loop.seq).findLast(({ round }) => round > 0);
  if (!result) return prompt;
  const check = resumes ? loop.check : { ...loop.check, context: 'fresh' as const };
  return roundPrompt(prompt, { check, result, logPath: unit.context.launcher.outputPath(result.token) });
}
