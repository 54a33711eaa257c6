import { isSameProcess, type ProcessIdentity } from '../../core/model/processIdentity.ts';
import { createTable } from './platformTable.ts';
import { commandOf, keyOf, type ProcessInfo, type ProcessTable } from './processTable.ts';

/** What the processes of one run use now. */
export interface ResourceUse {
  /** Share of one core since the last sample, where 100 is a whole core; absent in the first sample. */
  readonly cpuPercent?: number;
  /** Resident memory of all its processes, bytes. Shared memory counts for each of them. */
  readonly memoryBytes: number;
  readonly processes: readonly ProcessUse[];
}

/** What one process uses now. */
export interface ProcessUse {
  readonly pid: number;
  /** Its command line, or its name where the system does not show that. */
  readonly command: string;
  readonly memoryBytes: number;
  readonly cpuPercent?: number;
}

/** Samples CPU and memory of process trees on request. */
export interface ResourceSampler {
  /** By the leader's pid, without the leaders that are gone. */
  sample(leaders: readonly ProcessIdentity[]): Promise<ReadonlyMap<number, ResourceUse>>;
}

/** The system counts CPU time in steps of 10 ms: a rate over less than this (ms) means nothing. */
const LEAST_SPAN_MS = 200;
/** How long (ms) after its last sample a tree is forgotten: its next sample has no rate. */
const FORGOTTEN_MS = 60_000;

export function createResourceSampler(table: ProcessTable = createTable({ polite: true })): ResourceSampler {
  return new Sampler(table);
}

/** A tree as it was last seen. */
interface Seen {
  /** Time of `performance.now`. */
  readonly at: number;
  /** CPU time of each of its processes, ms. */
  readonly cpu: ReadonlyMap<string, number>;
  readonly use: ResourceUse;
}

class Sampler implements ResourceSampler {
  readonly #table: ProcessTable;
  /** By leader: callers that sample different trees do not disturb each other. */
  readonly #seen = new Map<string, Seen>();

  constructor(table: ProcessTable) {
    this.#table = table;
  }

  async sample(leaders: readonly ProcessIdentity[]): Promise<ReadonlyMap<number, ResourceUse>> {
    // So soon after the last sample there would be no rate: that one stands.
    const known = leaders.map((leader) => [leader.pid, this.#recent(leader)?.use] as const);
    if (known.every((one): one is readonly [number, ResourceUse] => one[1] !== undefined)) return new Map(known);
    const listed = await this.#table.list();
    const all = listed.state === 'there' ? listed.value : [];
    const uses = new Map<number, ResourceUse>();
    for (const leader of leaders) {
      const tree = treeOf(all, leader);
      if (tree.length === 0) continue;
      const seen = this.#recent(leader) ?? this.#look(tree, this.#seen.get(keyOf(leader)));
      this.#seen.set(keyOf(leader), seen);
      uses.set(leader.pid, seen.use);
    }
    this.#forget();
    return uses;
  }

  #recent(leader: ProcessIdentity): Seen | undefined {
    const seen = this.#seen.get(keyOf(leader));
    return seen && performance.now() - seen.at < LEAST_SPAN_MS ? seen : undefined;
  }

  #look(tree: readonly ProcessInfo[], before: Seen | undefined): Seen {
    const at = performance.now();
    const cpu = new Map(tree.map((process) => [keyOf(process), process.cpuMs ?? 0]));
    const processes = tree.map((process): ProcessUse => {
      const key = keyOf(process);
      // One that was not there before has used all of its time since then.
      const used = Math.max(0, (cpu.get(key) ?? 0) - (before?.cpu.get(key) ?? 0));
      return {
        pid: process.pid,
        command: commandOf(this.#table, process),
        memoryBytes: process.memoryBytes ?? 0,
        ...(before && { cpuPercent: percent(used, at - before.at) }),
      };
    });
    const use: ResourceUse = {
      ...(before && { cpuPercent: processes.reduce((sum, { cpuPercent = 0 }) => sum + cpuPercent, 0) }),
      memoryBytes: processes.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
      processes,
    };
    return { at, cpu, use };
  }

  #forget(): void {
    const now = performance.now();
    for (const [key, { at }] of this.#seen) if (now - at > FORGOTTEN_MS) this.#seen.delete(key);
  }
}

function percent(part: number, whole: number): number {
  return Math.round((part / whole) * 1000) / 10;
}

/** A leader, its group and session, and all below them; nobody once it is gone. */
export function treeOf(all: readonly ProcessInfo[], leader: ProcessIdentity): ProcessInfo[] {
  if (!all.some((process) => isSameProcess(process, leader))) return [];
  const inGroup = ({ pid, group, session }: ProcessInfo) =>
    pid === leader.pid || group === leader.pid || session === leader.pid;
  const found = new Set(all.filter((process) => !process.zombie && inGroup(process)));
  const children = Map.groupBy(all, ({ parent }) => parent);
  for (const process of found) {
    for (const child of children.get(process.pid) ?? [])
      if (!child.zombie && child.started >= process.started) found.add(child);
  }
  return [...found];
}
