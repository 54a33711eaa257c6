import { type FinishedLoop, isFinished, type LiveLoop } from '../model/loop.ts';
import type { BranchPush, OwnWorkTree, PushedBranch } from '../model/workTree.ts';
import { isPushDue } from '../policy/branchPush.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';

/**
 * A loop of a repository ends on this machine, whose settings name a remote: its branch is to be pushed there once this
 * is committed (R16.9). Returns what changes of the loop.
 */
export function pushAfterEnd(
  { context }: UnitOfWork,
  { repository, machine, attempts, workTree }: LiveLoop,
): { readonly workTree?: OwnWorkTree } {
  const isPushed = repository !== undefined && machine !== undefined && machine === context.machine?.id;
  if (!isPushed || !workTree?.made || context.settings.pushResultsTo === '') return {};
  return { workTree: { ...workTree, push: { attempts, state: 'due' } } };
}

/** A loop whose branch a host pushes now. */
export interface PushUnderWay {
  readonly loop: FinishedLoop;
  readonly own: OwnWorkTree;
  readonly remote: string;
}

/** This host pushes the branch of a loop. Undefined where another host does, or it is not to be pushed now. */
export function takePush(unit: UnitOfWork, seq: number): PushUnderWay | undefined {
  const { context, liveState, now } = unit;
  const loop = overLoop(unit, seq);
  const remote = context.settings.pushResultsTo;
  const isThere = (host: string) => liveState.windows.has(host) && host !== context.window.id;
  if (!loop?.workTree?.push || remote === '' || !isPushDue(loop, remote, now, isThere)) return undefined;
  const { push } = loop.workTree;
  const before = push.state === 'failed' ? push.why : push.state === 'pushing' ? push.before : undefined;
  const { attempts } = loop;
  const { id: host } = context.window;
  put(unit, loop, { attempts, state: 'pushing', remote, host, ...(before !== undefined && { before }) });
  return { loop, own: loop.workTree, remote };
}

/** What became of the push that this host has made; undefined: there was nothing to push. */
export function endPush(
  unit: UnitOfWork,
  seq: number,
  result: PushedBranch | { readonly why: string } | undefined,
): void {
  const loop = overLoop(unit, seq);
  const { push, made } = loop?.workTree ?? {};
  // It may have gone on, or its work may be home, meanwhile.
  if (!loop || push?.state !== 'pushing' || push.host !== unit.context.window.id) return;
  const { attempts, remote, before } = push;
  const branch = made?.branch ?? '';
  if (!result) put(unit, loop, undefined);
  else if ('tip' in result)
    put(unit, loop, { attempts, remote, state: 'pushed', ...result }, `its branch ${branch} was pushed to ${remote}`);
  else {
    const why = `its branch ${branch} was not pushed, which is tried again: ${result.why}`;
    put(unit, loop, { attempts, remote, state: 'failed', at: unit.now, ...result }, result.why === before ? '' : why);
  }
}

function overLoop(unit: UnitOfWork, seq: number): FinishedLoop | undefined {
  const loop = unit.liveState.get(seq) ?? unit.tx.bySeq(seq);
  return loop && isFinished(loop) ? loop : undefined;
}

function put(unit: UnitOfWork, loop: FinishedLoop, push: BranchPush | undefined, why = ''): void {
  if (!loop.workTree) return;
  const { push: _, ...tree } = loop.workTree;
  unit.put({ ...loop, workTree: { ...tree, ...(push && { push }) } }, why, loop.state);
}
