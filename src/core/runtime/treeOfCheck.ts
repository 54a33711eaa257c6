import type { ActiveLoop } from '../model/loop.ts';
import type { WorkTrees } from '../ports/workTrees.ts';
import type { SupervisorContext } from '../state/context.ts';

/** How long (ms) a snapshot may take before the round goes on without it. */
const SNAPSHOT_MS = 30_000;

/**
 * The tree that a check has just run on, for progress (R11.3): undefined where the folder is in no Git repository, or where
 * it could not be had in time, which is logged and fails nothing.
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
    return (await workTrees.snapshot(cwd, name)).tree;
  } catch (error) {
    // Most folders that fail are in no repository: that is no trouble.
    const look = await workTrees.look(cwd);
    const isTrouble = look.kind === 'repository' || look.reason === 'unknown';
    if (isTrouble) log(`The files in ${cwd} could not be compared with those of the round before.`, error);
    return undefined;
  }
}
