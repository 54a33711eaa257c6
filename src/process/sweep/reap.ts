import type { ProcessIdentity, SweptProcess } from '../../core/model/processIdentity.ts';
import { emptied, groupOfRun, removeEmptyGroups } from '../contain/runGroup.ts';
import { lookAtClaim, lookAtEnded, lookAtSeen, lookAtStarted } from '../runFolder/recordSchemas.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import { lookByScope } from '../tables/processScope.ts';
import type { ProcessTable } from '../tables/processTable.ts';
import { findProcesses, findRun, type RunMarks } from './findProcesses.ts';
import { ownFoldersOfRun } from './ownFolders.ts';
import { LEAST_GRACE_MS, sweep } from './sweep.ts';

export interface ReapOptions {
  readonly table: ProcessTable;
  readonly filesOf: (token: string) => RunFiles;
  /** Runs that are recorded as ended. */
  readonly tokens: readonly string[];
  readonly graceMs: number;
  readonly keep: readonly string[];
}

/**
 * Ends what is left of runs that are recorded as ended; returns what was ended, by token. Usually one look at the
 * processes for all of them finds nothing.
 */
export async function reap({
  table,
  filesOf,
  tokens,
  graceMs,
  keep,
}: ReapOptions): Promise<ReadonlyMap<string, readonly SweptProcess[]>> {
  removeEmptyGroups();
  const runs: RunMarks[] = [];
  for (const token of tokens) {
    const marks = await marksOf(table, token, filesOf(token));
    if (marks) runs.push(marks);
  }
  const ended = new Map<string, readonly SweptProcess[]>();
  if (runs.length === 0) return ended;
  const options = { keep, deep: true };
  const found = await findProcesses(table, runs, options);
  // The next window that opens looks for what could not be seen now.
  if (found.state === 'unknown') return ended;
  await Promise.all(
    runs.map(async (run) => {
      // A group that is still there may hold what forks faster than any search.
      const isContained = run.group !== undefined && run.group.population() !== 'gone';
      if (found.value.get(run.token)?.members.length === 0 && !isContained) return;
      const find = (known: RunMarks['seen']) => findRun(table, { ...run, seen: [...run.seen, ...known] }, options);
      const left = await sweep(table, find, { graceMs: Math.max(graceMs, LEAST_GRACE_MS) });
      const { swept, remaining } = run.group && isContained ? await emptied(run.group, left) : left;
      if (swept.length + remaining.length > 0) ended.set(run.token, [...swept, ...remaining]);
    }),
  );
  return ended;
}

/** How to know the processes of an ended run; undefined where there can be none, or its guardian still ends them. */
async function marksOf(table: ProcessTable, token: string, files: RunFiles): Promise<RunMarks | undefined> {
  const [claim, ended, started, seen] = [
    lookAtClaim(files),
    lookAtEnded(files),
    lookAtStarted(files),
    lookAtSeen(files),
  ];
  // While its records cannot be read, its guardian may still be ending it.
  if (claim.state === 'unknown' || ended.state === 'unknown' || started.state === 'unknown') return undefined;
  const guardian = claim.state === 'there' ? claim.value.guardian : undefined;
  // Of another boot nothing is left, and what runs elsewhere is not ours to end (R7.5).
  if (guardian && lookByScope(guardian, table.scope)) return undefined;
  const end = ended.state === 'there' ? ended.value : undefined;
  // A living guardian ends it itself. One that stays after the end only watches the logs of what was kept.
  if (guardian && !end && !(await isGone(table, guardian))) return undefined;
  return {
    token,
    leader: started.state === 'there' ? started.value.leader : undefined,
    group: groupOfRun(started.state === 'there' ? started.value.group : undefined, token),
    seen: [...(end?.remaining ?? []), ...(seen.state === 'there' ? seen.value.processes : [])],
    kept: end?.kept ?? [],
    trustGroup: false,
    folder: files.folder,
    ownFolders: ownFoldersOfRun(files),
  };
}

async function isGone(table: ProcessTable, process: ProcessIdentity): Promise<boolean> {
  const { there, unknown } = await table.look([process]);
  return there.length + unknown.length === 0;
}
