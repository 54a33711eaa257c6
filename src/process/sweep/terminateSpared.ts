import { there, unknown } from '../../core/model/looks.ts';
import { isSameProcess, type SweptProcess } from '../../core/model/processIdentity.ts';
import { identityOf, type ProcessInfo, type ProcessTable } from '../tables/processTable.ts';
import { isEditor } from './editor.ts';
import { programOf } from './program.ts';
import { LookFailed } from './seenIn.ts';
import { type Find, sweep } from './sweep.ts';

/** A process that was kept gets this long (ms) to end by itself. */
const GRACE_MS = 3_000;

/**
 * Ends one process that was kept with its loop (R7.4): SIGTERM, then SIGKILL after 3 s. Returns whether it was there
 * and is gone now; false too for what is never ended: ourselves, VS Code and what is above us.
 */
export async function terminateSpared(table: ProcessTable, target: SweptProcess): Promise<boolean> {
  const all = await table.list();
  if (all.state === 'unknown') return false;
  const found = all.value.find((one) => isSameProcess(one, target) && !one.zombie);
  if (!found || isAbove(all.value, found.pid)) return false;
  if (isEditorOrUnknown(table, found)) return false;
  const find: Find = async () => {
    const { there: members, unknown: unseen, why } = await table.look([found]);
    return unseen.length > 0
      ? { ...unknown(why ?? 'nobody can see it'), known: [found] }
      : there({ members, kept: [] });
  };
  const { remaining } = await sweep(table, find, { graceMs: GRACE_MS });
  return !remaining.some((one) => isSameProcess(one, identityOf(found)));
}

function isEditorOrUnknown(table: ProcessTable, process: ProcessInfo): boolean {
  try {
    return isEditor(programOf(table, process), []);
  } catch (error) {
    if (error instanceof LookFailed) return true;
    throw error;
  }
}

function isAbove(all: readonly ProcessInfo[], pid: number): boolean {
  const parents = new Map(all.map((one) => [one.pid, one.parent]));
  for (let at: number | undefined = process.pid; at !== undefined && at > 0; at = parents.get(at))
    if (at === pid) return true;
  return false;
}
