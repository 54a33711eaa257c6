import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import { groupOfRun } from '../contain/runGroup.ts';
import { lookAtStarted } from '../runFolder/recordSchemas.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import { memoryOf } from '../tables/memoryUse.ts';
import { lookByScope } from '../tables/processScope.ts';
import type { ProcessTable } from '../tables/processTable.ts';
import { treeOf } from '../tables/resources.ts';

/** A run as the store knows it. */
export interface KnownRun {
  readonly token: string;
  readonly leader?: ProcessIdentity;
}

/**
 * Memory that the processes of each run hold together, bytes, by token. Runs of other machines are left out, and those
 * that nobody can see now.
 */
export async function memoryOfRuns(
  table: ProcessTable,
  filesOf: (token: string) => RunFiles,
  runs: readonly KnownRun[],
): Promise<ReadonlyMap<string, number>> {
  const held = new Map<string, number>();
  const others: (readonly [token: string, leader: ProcessIdentity])[] = [];
  for (const { token, leader } of runs) {
    if (!leader || lookByScope(leader, table.scope)) continue;
    const started = lookAtStarted(filesOf(token));
    const pids = groupOfRun(started.state === 'there' ? started.value.group : undefined, token)?.processes();
    if (pids) held.set(token, memoryOf(pids));
    else others.push([token, leader]);
  }
  if (others.length === 0) return held;
  const listed = await table.list();
  if (listed.state === 'unknown') return held;
  for (const [token, leader] of others) {
    const tree = treeOf(listed.value, leader);
    const resident = () => tree.reduce((sum, { memoryBytes = 0 }) => sum + memoryBytes, 0);
    held.set(token, process.platform === 'linux' ? memoryOf(tree.map(({ pid }) => pid)) : resident());
  }
  return held;
}
