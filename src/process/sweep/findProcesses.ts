import { type Seen, type There, there, type Unknown, unknown } from '../../core/model/looks.ts';
import { isSameProcess, type ProcessIdentity } from '../../core/model/loop.ts';
import type { Cgroup } from '../contain/cgroup.ts';
import { lookByScope } from '../tables/processScope.ts';
import { keyOf, type ProcessInfo, type ProcessTable } from '../tables/processTable.ts';
import { variableIn } from './program.ts';
import { LookFailed, seenIn } from './seenIn.ts';
import { isSpared } from './spared.ts';

/** What is known of a run, to tell its processes by. */
export interface RunMarks {
  /** Its marker in the environment. */
  readonly token: string;
  readonly leader: ProcessIdentity | undefined;
  /** Processes that were seen below its leader. */
  readonly seen: readonly ProcessIdentity[];
  /** Whether whoever is in the leader's group now belongs to it although the leader is gone: true right after its end. */
  readonly trustGroup: boolean;
  /** Its run folder: whoever writes to a log in it belongs to the run. */
  readonly folder: string;
  /** The folders that its loop works in: see `isSpared`. */
  readonly ownFolders?: readonly string[] | undefined;
  /** The control group that its processes are in, whatever they do (R13.1). */
  readonly group?: Cgroup | undefined;
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
  const claimed = options.deep ? claimedByTraces(table, living, runs) : undefined;
  for (const run of runs) {
    const isLivingMember = membership(run, tree);
    const roots = living.filter((process) => isLivingMember(process) || claimed?.get(process.pid) === run.token);
    found.set(
      run.token,
      roots.length === 0 ? NOBODY : sort(table, tree.below(roots, ourselves), tree, run, options.keep),
    );
  }
  return found;
}

function membership(run: RunMarks, tree: Tree): (process: ProcessInfo) => boolean {
  const { leader } = run;
  const now = leader && tree.get(leader.pid);
  // The number of a group is not given away while a member lives. So it is ours if the leader is there, even as a zombie; and if its number was
  // given to somebody else, nobody was left. With nobody of that number only who came right after the leader's end can tell.
  const groupIsOurs = leader !== undefined && (now ? isSameProcess(now, leader) : run.trustGroup);
  const seen = new Set(run.seen.map(keyOf));
  const contained = inGroup(run.group);
  return (process) => {
    if (leader && isSameProcess(process, leader)) return true;
    if (groupIsOurs && (process.group === leader.pid || process.session === leader.pid)) return true;
    return contained.has(process.pid) || (seen.size > 0 && seen.has(keyOf(process)));
  };
}

/** Who the kernel says is in the group of a run. */
function inGroup(group: Cgroup | undefined): ReadonlySet<number> {
  const pids = group ? group.processes() : [];
  if (!pids) throw new LookFailed('the control group of the run cannot be read');
  return new Set(pids);
}

const MARKER = Buffer.from('LOOP_SUPERVISOR_ATTEMPT=');

/** Which run a process belongs to by its marker or its open log, by pid. Nobody who is older than all leaders is asked. */
function claimedByTraces(
  table: ProcessTable,
  living: readonly ProcessInfo[],
  runs: readonly RunMarks[],
): Map<number, string> {
  const claimed = new Map<number, string>();
  const tokens = new Set(runs.map(({ token }) => token));
  const logs = logsOf(runs);
  const eldest = eldestStart(table, runs);
  for (const process of living) {
    if (process.started < eldest) continue;
    const environment = seenIn(table.environment(process));
    const marked = environment && variableIn(environment, MARKER);
    // A process that does not show the one does not show the other.
    const token =
      marked && tokens.has(marked) ? marked : environment && logOwner(seenIn(table.outputs(process)) ?? [], logs);
    if (token) claimed.set(process.pid, token);
  }
  return claimed;
}

/** Those of `processes` that hold a log of the run open as their output. */
export function writersOf(table: ProcessTable, processes: readonly ProcessInfo[], run: RunMarks): ProcessInfo[] {
  const logs = logsOf([run]);
  return processes.filter((process) => logOwner(seenIn(table.outputs(process)) ?? [], logs) !== undefined);
}

/** The paths of the logs of runs, each with the token of its run. */
function logsOf(runs: readonly RunMarks[]): Map<string, string> {
  return new Map(
    runs.flatMap(({ token, folder }) => [`${folder}/stdout.log`, `${folder}/stderr.log`].map((path) => [path, token])),
  );
}

function logOwner(outputs: readonly string[], logs: ReadonlyMap<string, string>): string | undefined {
  return outputs.map((path) => logs.get(path.replace(/ \(deleted\)$/, ''))).find((token) => token !== undefined);
}

/** When the first of the leaders started; nothing of a run is older than its leader. */
function eldestStart(table: ProcessTable, runs: readonly RunMarks[]): number {
  let eldest = Number.POSITIVE_INFINITY;
  for (const { leader } of runs) {
    // Start times of another boot say nothing, and not all platforms write them as numbers.
    const started = leader && !lookByScope(leader, table.scope) ? Number(leader.startTime) : 0;
    eldest = Math.min(eldest, Number.isFinite(started) ? started : 0);
  }
  return eldest;
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

/** Who is whose child, in one list of processes. */
class Tree {
  readonly #byPid = new Map<number, ProcessInfo>();
  readonly #children = new Map<number, ProcessInfo[]>();

  constructor(all: readonly ProcessInfo[]) {
    for (const process of all) {
      this.#byPid.set(process.pid, process);
      const siblings = this.#children.get(process.parent);
      if (siblings) siblings.push(process);
      else this.#children.set(process.parent, [process]);
    }
  }

  get(pid: number): ProcessInfo | undefined {
    return this.#byPid.get(pid);
  }

  /** `pid` and all above it. */
  ancestors(pid: number): Set<number> {
    const found = new Set<number>();
    for (let at = pid; at > 0 && !found.has(at); at = this.#byPid.get(at)?.parent ?? 0) found.add(at);
    return found;
  }

  /** `roots` and all living below them, without those in `except`. */
  below(roots: readonly ProcessInfo[], except: ReadonlySet<number>): Set<ProcessInfo> {
    const found = new Set<ProcessInfo>(roots);
    for (const process of found) {
      for (const child of this.#children.get(process.pid) ?? []) {
        // Where parents are only numbers (Windows), a child that is older than its parent is not its child.
        if (!child.zombie && !except.has(child.pid) && child.started >= process.started) found.add(child);
      }
    }
    return found;
  }
}
