import { existsSync } from 'node:fs';
import type { SweptProcess } from '../../core/model/loop.ts';
import { readClaim, readEnded, readStarted } from '../runFolder/recordSchemas.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import type { ProcessTable } from '../tables/processTable.ts';
import { findProcesses, findRun, type RunMarks } from './findProcesses.ts';
import { LEAST_GRACE_MS, sweep } from './sweep.ts';

export interface ReapOptions {
  readonly table: ProcessTable;
  readonly filesOf: (token: string) => RunFiles;
  /** Runs that are recorded as ended. */
  readonly tokens: readonly string[];
  readonly graceMs: number;
  readonly keep: readonly string[];
}

/** Ends what is left of runs that are recorded as ended. One look at the processes for all of them; usually nothing is found. */
export async function reap({
  table,
  filesOf,
  tokens,
  graceMs,
  keep,
}: ReapOptions): Promise<ReadonlyMap<string, readonly SweptProcess[]>> {
  const runs: RunMarks[] = [];
  for (const token of tokens) {
    const marks = await marksOf(table, token, filesOf(token));
    if (marks) runs.push(marks);
  }
  const ended = new Map<string, readonly SweptProcess[]>();
  if (runs.length === 0) return ended;
  const options = { keep, deep: true };
  const found = await findProcesses(table, runs, options);
  await Promise.all(
    runs.map(async (run) => {
      if (found.get(run.token)?.members.length === 0) return;
      const find = (known: RunMarks['seen']) => findRun(table, { ...run, seen: [...run.seen, ...known] }, options);
      const { swept, remaining } = await sweep(table, find, { graceMs: Math.max(graceMs, LEAST_GRACE_MS) });
      ended.set(run.token, [...swept, ...remaining]);
    }),
  );
  return ended;
}

/** What to tell the processes of an ended run by; undefined where there can be none, or somebody is at it. */
async function marksOf(table: ProcessTable, token: string, files: RunFiles): Promise<RunMarks | undefined> {
  if (!existsSync(files.folder)) return { token, leader: undefined, seen: [], trustGroup: false, folder: files.folder };
  const guardian = readClaim(files)?.guardian;
  // Of another boot nothing is left (R7.5).
  if (guardian && guardian.bootId !== table.bootId) return undefined;
  const ended = readEnded(files);
  // Its guardian sees to it. One that stays after the end only watches the logs of what was kept.
  if (guardian && !ended && (await table.alive([guardian])).length > 0) return undefined;
  const leader = readStarted(files)?.leader;
  return {
    token,
    leader,
    seen: ended?.remaining ?? [],
    kept: ended?.kept ?? [],
    trustGroup: false,
    folder: files.folder,
  };
}
