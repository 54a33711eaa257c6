import { type Attempt, NO_COST } from '../model/attempt.ts';
import type { ActiveLoop, LiveLoop, PreparingLoop } from '../model/loop.ts';
import type { MadeWorkTree, OwnWorkTree } from '../model/workTree.ts';
import { checkReader } from '../policy/checkReader.ts';
import type { Verdict } from '../policy/verdict.ts';
import type { AgentProfile } from '../ports/agents.ts';
import type { WorkTree } from '../ports/workTrees.ts';
import type { SupervisorContext } from '../state/context.ts';
import type { QueuedLoop } from '../state/liveState.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import type { RunSummary } from './runSummary.ts';
import { leaveState, requeue, wait } from './transitions.ts';

/** How a run of a set-up command is followed: it costs nothing, and its last words say what failed. */
export const SETUP_PROFILE: Pick<AgentProfile, 'hasCost' | 'needsReading' | 'reader'> = {
  hasCost: false,
  needsReading: true,
  reader: (state) => checkReader({}, state),
};

/** Whether a loop is to have a work tree of its own that is not there (R12.1). */
export function lacksWorkTree({ workTree }: LiveLoop): boolean {
  return workTree !== undefined && workTree.made === undefined;
}

/** Whether the set-up command is still to run in the loop's work tree (R12.2). */
export function lacksSetup({ workTree }: LiveLoop, { settings }: SupervisorContext): boolean {
  return workTree?.made !== undefined && !workTree.isSetUp && settings.workTree.setup !== '';
}

/** Gives a loop a slot in which this host makes its work tree, once this is committed (R12.1). */
export function prepare(unit: UnitOfWork, loop: QueuedLoop): void {
  const facts = leaveState(loop, unit.now);
  unit.put({ ...facts, state: 'preparing', ...unit.hereNow }, 'its work tree is made');
  unit.tell({ type: 'loop:preparing', loopId: loop.loopId });
}

/**
 * The work tree of a loop is there: the loop goes on in it, in its slot if the gates let it. `own`: where it was made,
 * which the clone decides for a loop of another machine (R16.4). Returns `ended` where the loop was ended meanwhile,
 * and `elsewhere` where it waits for another host, or has one: the work tree stays its own.
 */
export function workTreeMade(
  unit: UnitOfWork,
  seq: number,
  { path, branch, cwd }: WorkTree,
  own: OwnWorkTree | undefined,
): 'used' | 'ended' | 'elsewhere' {
  const loop = ownPreparing(unit, seq);
  if (!loop?.workTree) return unit.liveState.get(seq) ? 'elsewhere' : 'ended';
  const { carry: _, outcome: _1, isSetUp: _2, ...tree } = own ?? loop.workTree;
  const isSetUp = unit.context.settings.workTree.setup === '';
  const before = loop.workTree.outcome?.how;
  const isAnew = before !== undefined && before !== 'kept' && before !== 'removed';
  const workTree = { ...tree, made: { path, branch }, ...(isSetUp && { isSetUp }) };
  // What was brought home or discarded is none of what it changes from now on.
  const { changes: _3, ...anew } = loop;
  const next: PreparingLoop = isAnew ? anew : loop;
  requeue(unit, { ...next, cwd, workTree }, `works in ${path} on branch ${branch}`);
  unit.goesOn = seq;
  return 'used';
}

/** The work tree of a loop could not be made: the loop is held and says why (R12.2). */
export function workTreeFailed(unit: UnitOfWork, seq: number, why: string): void {
  const loop = ownPreparing(unit, seq);
  if (loop) wait(unit, loop, { for: 'you', need: 'workTree' }, `its work tree could not be made: ${why}`);
}

/** Why a run has ended whose work tree was removed. */
export const WORK_TREE_GONE = 'its work tree was removed while it worked there';

/** Whether the work tree of a loop is certainly gone; unknown is not gone. */
export function isWorkTreeGone({ folders }: Pick<SupervisorContext, 'folders'>, { workTree }: LiveLoop): boolean {
  return workTree?.made !== undefined && folders.look(workTree.made.path).state === 'gone';
}

/**
 * An attempt that failed or was stopped when its work tree was removed from under it ended by that, whatever its agent
 * made of it (R12.6). It uses up a restart: something may remove it again and again.
 */
export function orWorkTreeGone(unit: UnitOfWork, loop: ActiveLoop, verdict: Verdict): Verdict {
  const isByThat = verdict.kind === 'failed' || loop.attempt.stop?.by === 'restart';
  if (verdict.kind === 'ok' || !isByThat || !isWorkTreeGone(unit.context, loop)) return verdict;
  return { kind: 'interrupted', reason: WORK_TREE_GONE, charged: true };
}

/** A work tree that somebody removed is made again from its branch, which holds its commits (R12.6). */
export function withoutWorkTree<L extends LiveLoop>(unit: UnitOfWork, loop: L, { branch }: MadeWorkTree): L {
  if (!loop.workTree) return loop;
  const { made: _, isSetUp: _1, ...tree } = loop.workTree;
  const outcome = { how: 'removed', at: unit.now, branch } as const;
  return { ...loop, cwd: tree.from, workTree: { ...tree, outcome } };
}

/** Puts a run of the set-up command on record; it is launched after commit (R12.2). */
export function startSetup(unit: UnitOfWork, loop: QueuedLoop): void {
  const { context, now } = unit;
  const number = loop.attempts + 1;
  const attempt: Attempt = unit.tx.insertAttempt(loop.seq, {
    number,
    token: `${loop.seq}-${number}-${context.newId()}`,
    isSetup: true,
    windowId: context.window.id,
    startedAt: now,
    // It is no attempt of the agent: no circuit counts it.
    generation: 0,
    probe: false,
    reserved: loop.estimate,
    resumed: false,
    readOffset: 0,
    ...NO_COST,
    accrued: 0,
  });
  const facts = { ...leaveState(loop, now), attempts: number, ...unit.hereNow };
  const running: ActiveLoop = { ...facts, state: 'running', attempt };
  unit.put(running, 'its work tree is set up');
  const plan = context.agents.shell(context.settings.workTree.setup);
  unit.launches.push({ loop: running, profile: SETUP_PROFILE, plan, before: undefined, epoch: unit.epoch });
}

/**
 * Decides what follows a run of the set-up command: its failure holds the loop and says so (R12.2). Returns false where
 * it says nothing: it was stopped, or nobody knows.
 */
export function afterSetup(unit: UnitOfWork, loop: ActiveLoop, verdict: Verdict, { checked }: RunSummary): boolean {
  if (!loop.workTree) return false;
  if (verdict.kind === 'ok') {
    requeue(unit, { ...loop, workTree: { ...loop.workTree, isSetUp: true } }, 'its work tree is set up');
    unit.goesOn = loop.seq;
    return true;
  }
  const failed = verdict.kind === 'held' || (verdict.kind === 'failed' && verdict.class !== 'lost');
  if (!failed) return false;
  const said = checked?.report.trim().split('\n').at(-1) ?? '';
  const what = `the set-up command of its work tree failed: ${said || verdict.reason}`;
  const why = `${what}. Put it right, then start it again`;
  wait(unit, loop, { for: 'you', need: 'workTree' }, why);
  return true;
}

/**
 * A loop that ends while its work tree is to be made again from its branch: what is left of the one that was removed
 * from under it stays its own, so that tidying finds it (R12.6).
 */
export function withRemovedWorkTree({ context }: UnitOfWork, loop: LiveLoop): LiveLoop {
  const { machine, workTree } = loop;
  const branch = workTree?.outcome?.how === 'removed' ? workTree.outcome.branch : undefined;
  const isHere = machine === undefined || machine === context.machine?.id;
  if (!workTree || workTree.made || branch === undefined || !isHere || !context.workTrees) return loop;
  const path = context.workTrees.pathOf(workTree.commonFolder, workTree.name);
  return { ...loop, workTree: { ...workTree, made: { path, branch } } };
}

function ownPreparing(unit: UnitOfWork, seq: number): PreparingLoop | undefined {
  const loop = unit.liveState.get(seq);
  return loop?.state === 'preparing' && loop.windowId === unit.context.window.id ? loop : undefined;
}
