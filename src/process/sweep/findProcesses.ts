import { type Seen, type There, there, type Unknown, unknown } from '../../core/model/looks.ts';
import { isSameProcess, type ProcessIdentity } from '../../core/model/processIdentity.ts';
import type { Cgroup } from '../contain/cgroup.ts';
import { keyOf, type ProcessInfo, type ProcessTable } from '../tables/processTable.ts';
import { LookFailed } from './seenIn.ts';
import { isSpared } from './spared.ts';
import { ownersByTraces } from './traces.ts';
import { Tree } from './tree.ts';

/** What is known of a run, by which its processes are found. */
export interface RunMarks {
  /** Its marker in the environment. */
  readonly token: string;
  readonly leader: ProcessIdentity | undefined;
  /** Processes that were seen below its leader. */
  readonly seen: readonly ProcessIdentity[];
  /** Right after the leader's end whoever is in its group still belongs to the run. */
  readonly trustGroup: boolean;
  /** Its run folder: whoever writes to a log in it belongs to the run. */
  readonly folder: string;
  /** The folders that its loop works in: see `isSpared`. */
  readonly ownFolders?: readonly string[] | undefined;
  /** The control group that its processes are in, whatever they do (R13.1). */
  readonly group?: Cgroup | undefined;
  /** The pid of our own parent, where that takes in all of the run that loses its parent (R13.1). */
  readonly reaper?: number | undefined;
  /** Processes that were left alone when it ended: they still are. */
  readonly kept?: readonly ProcessIdentity[];
}

/** The processes of a run, leader included. */
export interface RunProcesses {
  /** Those to be ended. */
  readonly members: readonly ProcessInfo[];
  /** Those that are left alone, with all below them (R7.4). */
  readonly kept: readonly ProcessInfo[];
}

export interface FindOptions {
  readonly keep: readonly string[];
  /** Whether to look for the marker and for open logs in all processes too, which costs some 50 µs each. */
  readonly deep: boolean;
  /** A process that this one has started, and older than all that are looked for: others may be left out. */
  readonly since?: ProcessIdentity | undefined;
}

/** What a look for the processes of a run found; `known` are those it was last known to have. */
export type RunLook = There<RunProcesses> | (Unknown & { readonly known: readonly ProcessIdentity[] });

export const NOBODY: RunProcesses = { members: [], kept: [] };

/**
 * Finds the processes of runs (R7.4): the group and session of their leaders, those seen below them earlier, and, if
 * `deep`, those that carry the marker or write to the log; and whatever is below one of these. Never ourselves or our
 * ancestors. One look proves nothing about processes that were being started meanwhile: see `sweep`.
 */
export async function findProcesses(
  table: ProcessTable,
  runs: readonly RunMarks[],
  options: FindOptions,
): Promise<Seen<ReadonlyMap<string, RunProcesses>>> {
  const listed = await table.list(options.since);
  if (listed.state === 'unknown') return listed;
  try {
    return there(sortByRun(table, listed.value, runs, options));
  } catch (error) {
    if (error instanceof LookFailed) return unknown(error.message);
    throw error;
  }
}

/** The processes of one run. */
export async function findRun(table: ProcessTable, run: RunMarks, options: FindOptions): Promise<RunLook> {
  const look = await findProcesses(table, [run], options);
  if (look.state === 'there') return there(look.value.get(run.token) ?? NOBODY);
  // Its leader has ended where whoever is left in its group is trusted.
  const leader = run.leader && !run.trustGroup ? [run.leader] : [];
  return { ...look, known: [...leader, ...run.seen] };
}

function sortByRun(
  table: ProcessTable,
  all: readonly ProcessInfo[],
  runs: readonly RunMarks[],
  options: FindOptions,
): Map<string, RunProcesses> {
  const tree = new Tree(all);
  const ourselves = tree.ancestors(process.pid);
  const living = all.filter(({ zombie, pid }) => !zombie && pid > 1 && !ourselves.has(pid));
  const found = new Map<string, RunProcesses>();
  const ownerOf = options.deep ? ownersByTraces(table, runs) : undefined;
  for (const run of runs) {
    const isLivingMember = membership(run, tree);
    const roots = living.filter((process) => isLivingMember(process) || ownerOf?.(process) === run.token);
    found.set(run.token, sort(table, tree.below(roots, ourselves), tree, run, options.keep));
  }
  return found;
}

function membership(run: RunMarks, tree: Tree): (process: ProcessInfo) => boolean {
  const { leader } = run;
  const now = leader && tree.get(leader.pid);
  // The number of a group is not reused while a member lives. So the group is ours if the leader is there, even as a
  // zombie, and was empty if another process has the leader's pid. If none has it, only the moment decides: right after
  // the leader's end nobody else can have taken it.
  const groupIsOurs = leader !== undefined && (now ? isSameProcess(now, leader) : run.trustGroup);
  const seen = new Set(run.seen.map(keyOf));
  const contained = inGroup(run.group);
  return (process) => {
    if (leader && isSameProcess(process, leader)) return true;
    if (groupIsOurs && (process.group === leader.pid || process.session === leader.pid)) return true;
    if (contained.has(process.pid) || process.parent === run.reaper) return true;
    return seen.size > 0 && seen.has(keyOf(process));
  };
}

/** The pids in the control group of a run. */
function inGroup(group: Cgroup | undefined): ReadonlySet<number> {
  const pids = group ? group.processes() : [];
  if (!pids) throw new LookFailed('the control group of the run cannot be read');
  return new Set(pids);
}

function sort(
  table: ProcessTable,
  all: ReadonlySet<ProcessInfo>,
  tree: Tree,
  run: RunMarks,
  keep: readonly string[],
): RunProcesses {
  const kept = new Set<ProcessInfo>();
  const isLeader = (process: ProcessInfo) => run.leader !== undefined && isSameProcess(process, run.leader);
  for (const process of all) {
    if (kept.has(process) || isLeader(process)) continue;
    const wasKept = run.kept?.some((one) => isSameProcess(one, process));
    if (!wasKept && !isSpared(table, process, keep, run.ownFolders)) continue;
    for (const one of tree.below([process], new Set())) if (!isLeader(one)) kept.add(one);
  }
  return { members: [...all].filter((process) => !kept.has(process)), kept: [...kept] };
}
