import type { ActiveLoop } from '../model/loop.ts';
import type { WorkTrees } from '../ports/workTrees.ts';
import type { SupervisorContext } from '../state/context.ts';

/** How long (ms) a snapshot may take before the round goes on without it. */
const SNAPSHOT_MS = 30_000;

/**
 * The tree that a check has just run on, for progress (R11.3): undefined where the folder is in no Git repository, or
 * where it could not be had in time, which is logged and fails nothing.
 */
export async function treeOfCheck(
  context: SupervisorContext,
  { seq, cwd, attempt }: ActiveLoop,
): Promise<string | undefined> {
  const { workTrees, clock, log } = context;
  if (!workTrees) return undefined;
  return new Promise((resolve) => {
    const timer = clock.after(SNAPSHOT_MS, () => {
      log(`The files in ${cwd} could not be compared with those of the round before: this took too long.`);
      resolve(undefined);
    });
    snapshot(workTrees, cwd, `${seq}/${attempt.number}`, log).then((tree) => {
      timer.dispose();
      resolve(tree);
    });
  });
}

async function snapshot(
  workTrees: WorkTrees,
  cwd: string,
  name: string,
  log: SupervisorContext['log'],
): Promise<string | undefined> {
  try {
    // Most loops without Git would otherwise pay for programs that only say so.
    return (await workTrees.isWorkTree(cwd)) ? (await workTrees.snapshot(cwd, name)).tree : undefined;
  } catch (error) {
    log(`The files in ${cwd} could not be compared with those of the round before.`, error);
    return undefined;
  }
}
