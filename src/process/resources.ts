import { isSameProcess, type ProcessIdentity } from '../core/loop.ts';
import { createTable } from './tables/platformTable.ts';
import { keyOf, type ProcessInfo, type ProcessTable } from './tables/processTable.ts';

/** What the processes of one run use now. */
export interface ResourceUse {
  /** Of one core since the last sample: 100 is a core fully used; absent in the first. */
  readonly cpuPercent?: number;
  /** Resident memory of all its processes, bytes. What they share is counted with each. */
  readonly memoryBytes: number;
  readonly processes: readonly ProcessUse[];
}

/** What one process uses now. */
export interface ProcessUse {
  readonly pid: number;
  /** Its program and arguments, or its name where the system does not list these. */
  readonly command: string;
  readonly memoryBytes: number;
  readonly cpuPercent?: number;
}

/** Samples CPU and memory of process trees, only when it is asked. */
export interface ResourceSampler {
  /** By pid of the leader; leaders that are gone are left out. */
  sample(leaders: readonly ProcessIdentity[]): Promise<ReadonlyMap<number, ResourceUse>>;
}

/** The system counts CPU time in steps of 10 ms: over a shorter time than this (ms) no rate says anything. */
const LEAST_SPAN_MS = 200;

export function createResourceSampler(table: ProcessTable = createTable({ polite: true })): ResourceSampler {
  return new Sampler(table);
}

class Sampler implements ResourceSampler {
  readonly #table: ProcessTable;
  /** CPU time of each process at the last sample, ms. */
  #cpu = new Map<string, number>();
  #at = performance.now();
  /** Trees of the last sample; of others there is no rate yet. */
  #known = new Set<string>();
  #uses: ReadonlyMap<number, ResourceUse> = new Map();

  constructor(table: ProcessTable) {
    this.#table = table;
  }

  async sample(leaders: readonly ProcessIdentity[]): Promise<ReadonlyMap<number, ResourceUse>> {
    // Asked again so soon, it says the same of those that it knows: over too short a time there is no rate.
    const soon = performance.now() - this.#at < LEAST_SPAN_MS;
    if (soon && leaders.every((leader) => this.#known.has(keyOf(leader)))) return this.#uses;
    const all = await this.#table.list();
    const now = performance.now();
    const elapsed = Math.max(1, now - this.#at);
    const cpu = new Map<string, number>(soon ? this.#cpu : []);
    const uses = new Map<number, ResourceUse>();
    const known = new Set<string>();
    for (const leader of leaders) {
      const tree = treeOf(all, leader);
      if (tree.length === 0) continue;
      const key = keyOf(leader);
      const hasRate = this.#known.has(key);
      const before = soon && hasRate ? this.#uses.get(leader.pid) : undefined;
      if (before) {
        known.add(key);
        uses.set(leader.pid, before);
        continue;
      }
      const processes = tree.map((process): ProcessUse => {
        const id = keyOf(process);
        const total = process.cpuMs ?? 0;
        cpu.set(id, total);
        // One that was not there before has used all of its time since then.
        const rate = percent(Math.max(0, total - (this.#cpu.get(id) ?? 0)), elapsed);
        return {
          pid: process.pid,
          command: this.#table.args(process).join(' ') || process.name,
          memoryBytes: process.memoryBytes ?? 0,
          ...(hasRate && { cpuPercent: rate }),
        };
      });
      known.add(key);
      uses.set(leader.pid, {
        ...(hasRate && { cpuPercent: processes.reduce((sum, { cpuPercent = 0 }) => sum + cpuPercent, 0) }),
        memoryBytes: processes.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
        processes,
      });
    }
    this.#cpu = cpu;
    this.#known = known;
    if (!soon) this.#at = now;
    this.#uses = uses;
    return uses;
  }
}

function percent(part: number, whole: number): number {
  return Math.round((part / whole) * 1000) / 10;
}

/** A leader, its group and session, and all below them. */
function treeOf(all: readonly ProcessInfo[], leader: ProcessIdentity): ProcessInfo[] {
  if (!all.some((process) => isSameProcess(process, leader))) return [];
  const inGroup = ({ pid, group, session }: ProcessInfo) => pid === leader.pid || group === leader.pid || session === leader.pid;
  const found = new Set(all.filter((process) => !process.zombie && inGroup(process)));
  const children = Map.groupBy(all, ({ parent }) => parent);
  for (const process of found) {
    for (const child of children.get(process.pid) ?? []) if (!child.zombie && child.started >= process.started) found.add(child);
  }
  return [...found];
}
