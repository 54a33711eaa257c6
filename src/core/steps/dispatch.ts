import { reservedOf } from '../model/loop.ts';
import type { WaitingFor } from '../model/status.ts';
import type { SupervisorContext } from '../state/context.ts';
import { accountOf, Capacity, circuitOf } from '../state/gates.ts';
import type { ProfileLane } from '../state/lanes.ts';
import type { LiveState, QueuedLoop } from '../state/liveState.ts';
import type { LoopOwnership } from '../state/loopOwnership.ts';
import type { BudgetMoment, Placement } from '../state/placement.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { CAP_USED_UP, waitForMore } from './allowances.ts';
import { moneyFit, NOTHING_PENDING, type Pending } from './grants.ts';
import { type Chosen, startAttempt } from './startAttempt.ts';
import { wakeForBudget } from './wake.ts';

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
  while (again) again = choose(unit, parts).some((chosen) => !startAttempt(unit, chosen, parts.placement));
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
  while (areFoldersGone([...line.awaited, ...line.forMoney], unit, { ownership, placement }))
    line = firstInLine(unit, ownership);
  ownership.standFirst(line.awaited);
  placement.passedBy(line.passedBy);
  for (const { loop, what } of line.overBudget) {
    placement.isOverBudget(loop, what, budgetFacts(unit));
    // A submit that is refused after all leaves its `seq` to the next loop.
    unit.onUndo(() => placement.forgetOverBudget(loop.seq));
  }
  for (const loop of line.overCap) waitForMore(unit, loop, CAP_USED_UP);
  return line.mine;
}

/** Parks what would be waited for and cannot start, because its folder is gone. Returns whether there was any. */
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
  /** Those that wait for what running loops may give back, and that nobody overtakes (R6.3). */
  readonly forMoney: QueuedLoop[];
  /** Those that another host has not started in time. */
  readonly passedBy: QueuedLoop[];
  /** Those that do not fit the budget even when all running loops give back what they hold. */
  readonly overBudget: { readonly loop: QueuedLoop; readonly what: 'today' | 'ever' }[];
  /** Those whose own cap is used up. */
  readonly overCap: QueuedLoop[];
}

/** Finds the loops that the free places belong to. Lanes in which nothing can start are not looked into (R2.5). */
function firstInLine(unit: UnitOfWork, ownership: LoopOwnership): Line {
  const { liveState, context } = unit;
  const line: Line = { mine: [], awaited: [], forMoney: [], passedBy: [], overBudget: [], overCap: [] };
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
    const host = ownership.hostOf(loop, line.mine.length);
    const fit = moneyFit(unit, loop, pending);
    if (host === 'elsewhere' && ownership.isPassedBy(loop)) line.passedBy.push(loop);
    else if (fit.kind === 'later') {
      isMoneyAwaited = true;
      line.forMoney.push(loop);
    } else if (fit.kind === 'capUsedUp') line.overCap.push(loop);
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
