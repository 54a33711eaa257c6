import { type Attempt, NO_COST } from '../model/attempt.ts';
import { type ActiveLoop, reservedOf } from '../model/loop.ts';
import type { NanoUsd } from '../model/money.ts';
import type { WaitingFor } from '../model/status.ts';
import { roundPrompt } from '../policy/roundPrompt.ts';
import type { AgentProfile, CommandPlan } from '../ports/agents.ts';
import type { SupervisorContext } from '../state/context.ts';
import { accountOf, Capacity, circuitOf } from '../state/gates.ts';
import type { ProfileLane } from '../state/lanes.ts';
import type { LiveState, QueuedLoop } from '../state/liveState.ts';
import type { LoopOwnership } from '../state/loopOwnership.ts';
import type { BudgetMoment, Placement } from '../state/placement.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { CAP_USED_UP, waitForMore } from './allowances.ts';
import { allowanceOf, type MoneyFit, moneyFit, NOTHING_PENDING, type Pending } from './grants.ts';
import { failForGood } from './restart.ts';
import { begun, hasCheck, startCheck } from './rounds.ts';
import { sessionBefore } from './sessionBefore.ts';
import { wakeForBudget } from './wake.ts';
import { lacksSetup, lacksWorkTree, prepare, startSetup, withoutWorkTree } from './workTrees.ts';

/** No attempt starts with less free disk than this (R8.3). */
export const LEAST_FREE_BYTES = 64 * 1024 * 1024;

/** Why nothing at all can start now, the cap and the disk included; undefined when something may. */
export function gateClosed(
  liveState: LiveState,
  context: SupervisorContext,
): Extract<WaitingFor, 'paused' | 'settings' | 'slot' | 'disk'> | undefined {
  if (liveState.control.paused) return 'paused';
  if (context.unknownSettings.length > 0) return 'settings';
  if (liveState.slotsTaken >= context.settings.maxConcurrent) return 'slot';
  return context.launcher.freeBytes() < LEAST_FREE_BYTES ? 'disk' : undefined;
}

/** What dispatch knows beside the loops: who starts them, and where they belong. */
export interface DispatchParts {
  readonly ownership: LoopOwnership;
  readonly placement: Placement;
}

/**
 * Starts what can start, in the order of the queue (R3.1, R3.3): as many as there are slots, probe places and budget
 * for. Nothing overtakes a head that does not fit the budget now (R6.3). Loops of other open windows keep their
 * slot free for them.
 */
export function dispatch(unit: UnitOfWork, parts: DispatchParts): void {
  if (unit.isNewDay) wakeForBudget(unit, 'a new day has begun');
  let again = true;
  // One that cannot be started is parked, or has left the queue: its place goes to the next.
  while (again) again = choose(unit, parts).some((chosen) => !start(unit, chosen, parts.placement));
}

/** A loop that may start now, and what it may spend. */
interface Chosen {
  readonly loop: QueuedLoop;
  readonly grant: Extract<MoneyFit, { kind: 'now' }>['grant'];
}

/** The loops that this host may start now, in their order. */
function choose(unit: UnitOfWork, { ownership, placement }: DispatchParts): Chosen[] {
  const { liveState, context } = unit;
  placement.refreshBudget(budgetFacts(unit));
  const gate = liveState.queue.size === 0 ? 'empty' : gateClosed(liveState, context);
  unit.waitsForDisk = gate === 'disk';
  if (gate) {
    ownership.standFirst([]);
    return [];
  }
  let line = firstInLine(unit, ownership);
  // No other host can start what lies in a folder that is gone: nothing is kept for it.
  while (areFoldersGone(line.awaited, unit, { ownership, placement })) line = firstInLine(unit, ownership);
  ownership.standFirst(line.awaited);
  placement.passedBy(line.passedBy);
  for (const { loop, what } of line.overBudget) placement.isOverBudget(loop, what, budgetFacts(unit));
  for (const loop of line.overCap) waitForMore(unit, loop, CAP_USED_UP);
  return line.mine;
}

/** Parks what other hosts of this machine would be waited for and cannot start. Returns whether there was any. */
function areFoldersGone(
  awaited: readonly QueuedLoop[],
  { context: { folders } }: UnitOfWork,
  { ownership, placement }: DispatchParts,
): boolean {
  let anyGone = false;
  for (const loop of awaited) {
    if (!ownership.seesFoldersOf(loop) || loop.workTree) continue;
    const folder = folders.look(loop.cwd);
    if (folder.state !== 'gone') continue;
    placement.folderIsAway(loop.cwd, folder);
    anyGone = true;
  }
  return anyGone;
}

interface Line {
  /** Those that this host may start. */
  readonly mine: Chosen[];
  /** Those that other hosts are waited for to start. */
  readonly awaited: QueuedLoop[];
  /** Those that another host has not started in time. */
  readonly passedBy: QueuedLoop[];
  /** Those that do not fit the budget even when all running loops give back what they hold. */
  readonly overBudget: { readonly loop: QueuedLoop; readonly what: 'today' | 'ever' }[];
  /** Those to which their own cap leaves nothing. */
  readonly overCap: QueuedLoop[];
}

/** Finds the loops that the free places belong to. Lanes in which nothing can start are not looked into (R2.5). */
function firstInLine(unit: UnitOfWork, ownership: LoopOwnership): Line {
  const { liveState, context } = unit;
  const line: Line = { mine: [], awaited: [], passedBy: [], overBudget: [], overCap: [] };
  const capacity = new Capacity(liveState, context);
  let places = context.settings.maxConcurrent - liveState.slotsTaken;
  let pending = NOTHING_PENDING;
  let isMoneyAwaited = false;
  const isOpen = (lane: ProfileLane) =>
    places > 0 &&
    !(isMoneyAwaited && lane.needsMoney) &&
    context.agents.find(lane.agent) !== undefined &&
    capacity.isLeft(lane);
  const consider = (loop: QueuedLoop, lane: ProfileLane) => {
    const host = ownership.hostOf(loop);
    const fit = moneyFit(unit, loop, pending);
    if (host === 'elsewhere' && ownership.isPassedBy(loop)) line.passedBy.push(loop);
    else if (fit.kind === 'later') isMoneyAwaited = true;
    else if (fit.kind === 'capUsedUp') line.overCap.push(loop);
    else if (fit.kind !== 'now') line.overBudget.push({ loop, what: fit.kind });
    else {
      pending = withChosen(pending, loop, fit.grant);
      capacity.take(lane);
      places--;
      if (host === 'here') line.mine.push({ loop, grant: fit.grant });
      else line.awaited.push(loop);
    }
  };
  // The loop that failed last probes only if no other one can (R4.1). Money that a later loop waits for is not kept
  // from it.
  const last: { readonly loop: QueuedLoop; readonly lane: ProfileLane; readonly isBehind: boolean }[] = [];
  const next = nextRound(unit);
  if (next && isOpen(next[1])) consider(...next);
  for (const [loop, lane] of liveState.lanes.inOrder(isOpen)) {
    if (loop === next?.[0]) continue;
    if (isLastFailed(unit, loop)) last.push({ loop, lane, isBehind: isMoneyAwaited });
    else consider(loop, lane);
  }
  let isAwaitedByLast = false;
  for (const { loop, lane, isBehind } of last) {
    isMoneyAwaited = isBehind || isAwaitedByLast;
    if (isOpen(lane)) consider(loop, lane);
    isAwaitedByLast ||= isMoneyAwaited && !isBehind;
  }
  return line;
}

/** Whether a queued loop could start at once, as far as slots, gates and money go, on whichever host. */
export function isNext(unit: UnitOfWork, ownership: LoopOwnership, { seq }: QueuedLoop): boolean {
  if (gateClosed(unit.liveState, unit.context)) return false;
  const { mine, awaited } = firstInLine(unit, ownership);
  return awaited.some((loop) => loop.seq === seq) || mine.some(({ loop }) => loop.seq === seq);
}

function withChosen(pending: Pending, loop: QueuedLoop, given: Chosen['grant']): Pending {
  return {
    reserved: pending.reserved + reservedOf(loop),
    granted: pending.granted + (given.kind === 'granted' ? given.amount : 0),
    slots: pending.slots - 1,
  };
}

/** The loop whose next round follows in this transaction: it goes before the queue (R11.2). */
function nextRound({ liveState, goesOn }: UnitOfWork): [QueuedLoop, ProfileLane] | undefined {
  const loop = goesOn === undefined ? undefined : liveState.get(goesOn);
  if (loop?.state !== 'queued') return undefined;
  const lane = liveState.lanes.laneOf(loop);
  return lane && 'agent' in lane.id ? [loop, lane.id] : undefined;
}

function isLastFailed(
  { liveState, context }: Pick<UnitOfWork, 'liveState' | 'context'>,
  { seq, agent }: QueuedLoop,
): boolean {
  const circuit = circuitOf(liveState, accountOf(context, agent));
  return circuit.state === 'half-open' && circuit.lastFailed === seq;
}

/**
 * How many queued loops of an account would take the probe places of its circuit before a new one, counted up to
 * `enough`: not the loop that failed last, which lets others go first, and not those of a window that does not answer.
 */
export function inLine(
  { liveState, context }: Pick<UnitOfWork, 'liveState' | 'context'>,
  ownership: Pick<LoopOwnership, 'hostOf' | 'isPassedBy'>,
  account: string,
  enough: number,
): number {
  const isOpen = (lane: ProfileLane) => accountOf(context, lane.agent) === account && !liveState.lanes.isHeld(lane);
  let count = 0;
  for (const [loop] of liveState.lanes.inOrder(isOpen)) {
    if (count >= enough) break;
    const waits = ownership.hostOf(loop) === 'here' || !ownership.isPassedBy(loop);
    if (waits && !isLastFailed({ liveState, context }, loop)) count++;
  }
  return count;
}

function budgetFacts({ liveState, context, today }: UnitOfWork): BudgetMoment {
  return { day: today, limit: context.settings.budget.dailyLimit, used: liveState.usedOn(today) };
}

/**
 * Records an attempt; it is launched after commit. Returns false when it cannot start: it is then parked, or has failed
 * for good.
 */
function start(unit: UnitOfWork, { loop, grant }: Chosen, placement: Placement): boolean {
  const { context, liveState } = unit;
  if (lacksWorkTree(loop)) {
    prepare(unit, loop);
    return true;
  }
  const folder = context.folders.look(loop.cwd);
  if (folder.state === 'gone' && loop.workTree?.made) {
    prepare(unit, withoutWorkTree(unit, loop, loop.workTree.made));
    return true;
  }
  if (folder.state !== 'there') {
    placement.folderIsAway(loop.cwd, folder);
    return false;
  }
  if (lacksSetup(loop, context)) {
    startSetup(unit, loop);
    return true;
  }
  if (hasCheck(loop) && loop.rounds.phase !== 'work') {
    startCheck(unit, loop);
    return true;
  }
  const profile = context.agents.find(loop.agent) as AgentProfile;
  const planned = plan(unit, loop, profile, grant.kind === 'granted' ? grant.amount : undefined);
  if ('error' in planned) {
    failForGood(unit, loop, { class: 'spawn', reason: planned.error, at: unit.now });
    return false;
  }
  const account = accountOf(context, loop.agent);
  const circuit = circuitOf(liveState, account);
  const number = loop.attempts + 1;
  const sessionId = planned.plan.sessionId ?? planned.resume;
  const attempt: Attempt = unit.tx.insertAttempt(loop.seq, {
    number,
    token: `${loop.seq}-${number}-${context.newId()}`,
    windowId: context.window.id,
    startedAt: unit.now,
    account,
    generation: circuit.generation,
    probe: circuit.state === 'half-open',
    reserved: reservedOf(loop),
    ...(grant.kind === 'granted' && { allowance: allowanceOf(grant, profile) }),
    ...(sessionId !== undefined && { sessionId }),
    resumed: planned.resume !== undefined,
    readOffset: 0,
    ...NO_COST,
    accrued: 0,
    ...(loop.rounds && { round: loop.rounds.round }),
  });
  const { fresh: _, wasParked: _1, ...facts } = loop;
  const running: ActiveLoop = {
    ...facts,
    state: 'running',
    ...unit.hereNow,
    attempts: number,
    since: unit.now,
    attempt,
    ...(hasCheck(loop) && { rounds: begun(loop, unit.now) }),
  };
  unit.put(running, attempt.resumed ? `attempt ${number}, continues its session` : `attempt ${number}`);
  unit.tell({ type: 'loop:started', loopId: loop.loopId, attempt: number, agent: loop.agent });
  const before = attempt.resumed ? sessionBefore(running, unit.tx.attempts(loop.seq)) : undefined;
  unit.launches.push({ loop: running, profile, plan: planned.plan, before, epoch: unit.epoch });
  return true;
}

/** Attempts that crashed at once so many times in a row are started afresh: their session may be what crashes them. */
const QUICK_CRASHES_TO_START_AFRESH = 3;

type Planned = { readonly plan: CommandPlan; readonly resume?: string } | { readonly error: string };

function plan(unit: UnitOfWork, loop: QueuedLoop, profile: AgentProfile, costLeft: NanoUsd | undefined): Planned {
  const resume = profile.canResume && loop.quickCrashes < QUICK_CRASHES_TO_START_AFRESH ? loop.sessionId : undefined;
  // A prompt that cannot be read now is trouble of the store, which passes: the transaction fails, and not the loop.
  if (unit.tx.prompt(loop.seq).trim() === '')
    return { error: 'its prompt is missing from the database, so it cannot run: submit it again' };
  const { prompt, isReport } = promptFor(unit, loop, resume !== undefined);
  const request = { loopId: loop.loopId, prompt, cwd: loop.cwd, ...(isReport && { newMessage: true }) };
  try {
    const command = profile.plan({
      ...request,
      ...(resume !== undefined && { resume }),
      ...(loop.commands !== undefined && { commands: loop.commands }),
      ...(costLeft !== undefined && { costLeft }),
    });
    return { plan: command, ...(resume !== undefined && { resume }) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** What the loop is to do: a session that goes on knows all but the further prompt (R12.5). */
function promptOf(unit: UnitOfWork, { seq, followUp }: QueuedLoop, resumes: boolean): string {
  if (followUp !== undefined && resumes) return followUp;
  const prompt = unit.tx.prompt(seq);
  return followUp === undefined ? prompt : `${prompt}\n\n${followUp}`;
}

/**
 * The loop's prompt, or for a later round the report of the check before it (R11.2). Only a session that goes on knows
 * the task already.
 */
function promptFor(
  unit: UnitOfWork,
  loop: QueuedLoop,
  resumes: boolean,
): { readonly prompt: string; readonly isReport: boolean } {
  const prompt = promptOf(unit, loop, resumes);
  const result =
    hasCheck(loop) && loop.rounds.round > (loop.rounds.first ?? 1)
      ? unit.tx.checks(loop.seq).findLast(({ round }) => round > 0)
      : undefined;
  if (!hasCheck(loop) || !result) return { prompt, isReport: loop.followUp !== undefined };
  const check = resumes ? loop.check : { ...loop.check, context: 'fresh' as const };
  const logPath = unit.context.launcher.outputPath(result.token);
  return { prompt: roundPrompt(prompt, { check, result, logPath }), isReport: true };
}
