import { isSameProcess, type SweptProcess } from '../../core/model/loop.ts';
import { identityOf, type ProcessInfo, type ProcessTable } from '../tables/processTable.ts';
import { isEditor } from './spared.ts';
import { sweep } from './sweep.ts';

/** A process that was kept gets this long (ms) to end by itself. */
const GRACE_MS = 3_000;

/**
 * Ends one process that was kept with its loop (R7.4): SIGTERM, then SIGKILL after 3 s. Answers whether it was there; false too for what is never
 * ended: ourselves, VS Code and what is above us.
 */
export async function terminateSpared(table: ProcessTable, target: SweptProcess): Promise<boolean> {
  const all = await table.list();
  const found = all.find((one) => isSameProcess(one, target) && !one.zombie);
  if (!found || isAbove(all, found.pid) || isEditor(found.name, table.args(found))) return false;
  const find = async () => ({ members: await table.alive([found]), kept: [], spared: [] });
  const { remaining } = await sweep(table, find, { graceMs: GRACE_MS });
  return !remaining.some((one) => isSameProcess(one, identityOf(found)));
}

function isAbove(all: readonly ProcessInfo[], pid: number): boolean {
  const parents = new Map(all.map((one) => [one.pid, one.parent]));
  for (let at: number | undefined = process.pid; at !== undefined && at > 0; at = parents.get(at))
    if (at === pid) return true;
  return false;
}
