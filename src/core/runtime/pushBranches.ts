import { isPushDue } from '../policy/branchPush.ts';
import type { WorkTrees } from '../ports/workTrees.ts';
import { endPush, type PushUnderWay, takePush } from '../steps/branchPush.ts';
import type { Engine } from './engine.ts';

type PushParts = Pick<Engine, 'context' | 'liveState' | 'transactions'>;

/** How many finished loops with work trees are looked at: the latest. */
const MOST_LOOPS = 1_000;

/**
 * Pushes the branches of loops that are over and whose turn it is, one after another (R16.9): of the latest with these
 * ids, or of all. Only one host of this machine pushes each. Rejects where the store does.
 */
export async function pushBranches(
  { context, liveState, transactions }: PushParts,
  isOver: () => boolean,
  loopIds?: readonly string[],
): Promise<void> {
  const { store, machine, workTrees, window, clock } = context;
  if (!machine || !workTrees) return;
  const all = { limit: MOST_LOOPS, hasWorkTree: true, machine: machine.id } as const;
  const loops = loopIds ? await Promise.all(loopIds.map((id) => store.latest(id))) : await store.finished(all);
  const isThere = (host: string) => liveState.windows.has(host) && host !== window.id;
  for (const loop of loops) {
    if (isOver()) return;
    if (!loop) continue;
    const { seq } = loop;
    if (!isPushDue(loop, context.settings.pushResultsTo, clock.now(), isThere)) continue;
    const taken = await transactions.take((unit) => takePush(unit, seq), [['bySeq', seq]]);
    if (!taken) continue;
    const result = await push(workTrees, taken);
    await transactions.take((unit) => endPush(unit, seq, result), [['bySeq', seq]]);
  }
}

async function push(workTrees: WorkTrees, { loop, own, remote }: PushUnderWay) {
  const { root, base, made } = own;
  if (!made) return undefined;
  try {
    return await workTrees.pushBranch(root, { ...made, base, cwd: loop.cwd }, remote, loop);
  } catch (error) {
    return { why: error instanceof Error ? error.message.replace(/\.$/, '') : String(error) };
  }
}
