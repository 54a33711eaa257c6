import type { Cgroup } from '../contain/cgroup.ts';
import { findRun, NOBODY } from '../sweep/findProcesses.ts';
import { memoryOf } from '../tables/memoryUse.ts';
import type { ProcessInfo, ProcessTable } from '../tables/processTable.ts';
import type { GroupStop } from './groupStop.ts';

export interface MemoryLimitOptions {
  readonly table: ProcessTable;
  /** How to find the run's processes. */
  readonly stop: GroupStop;
  readonly keep: readonly string[];
  readonly group: Cgroup | undefined;
  /** 0: no limit. */
  readonly maxBytes: number;
  /** Its processes hold more than the limit. */
  readonly onPassed: () => void;
}

const MEBIBYTE = 1024 * 1024;
/** How often (ms) a run without a limit is measured: what it held last is what it needs (R5.7). */
const PEAK_MS = 10_000;

/** Watches the memory of a run, and reports when it passes its limit (R13.2). */
export class MemoryLimit {
  readonly #options: MemoryLimitOptions;
  #isLooking = false;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #passedWith: number | undefined;
  /** The most that its processes were seen to hold together, bytes. */
  peakBytes = 0;

  constructor(options: MemoryLimitOptions) {
    this.#options = options;
  }

  /** Why the run was ended, as a sentence; undefined while it keeps to its limit. */
  get problem(): string | undefined {
    if (this.#passedWith === undefined) return undefined;
    const [held, allowed] = [this.#passedWith, this.#options.maxBytes].map((bytes) => Math.round(bytes / MEBIBYTE));
    return `It held ${held} MB of memory, more than limits.memoryMegabytes allows (${allowed} MB).`;
  }

  /** Takes one look. Without a limit only where that costs next to nothing: in a control group. */
  async look(): Promise<void> {
    const { maxBytes, group, onPassed } = this.#options;
    if (this.#isLooking || this.#passedWith !== undefined || (maxBytes === 0 && !group)) return;
    if (maxBytes === 0 && performance.now() - this.#lookedAt < PEAK_MS) return;
    this.#lookedAt = performance.now();
    this.#isLooking = true;
    try {
      const bytes = await this.#bytes();
      this.peakBytes = Math.max(this.peakBytes, bytes);
      if (maxBytes === 0 || bytes <= maxBytes) return;
      this.#passedWith = bytes;
      onPassed();
    } finally {
      this.#isLooking = false;
    }
  }

  /** If they cannot be seen, the next look follows. */
  async #bytes(): Promise<number> {
    const { table, stop, keep, group } = this.#options;
    if (group) return memoryOf(group.processes() ?? []);
    const look = await findRun(table, stop.marks(), { keep, deep: false, since: stop.leader });
    const { members, kept } = look.state === 'there' ? look.value : NOBODY;
    const all = [...members, ...kept];
    return process.platform === 'linux' ? memoryOf(all.map(({ pid }) => pid)) : all.reduce(addResident, 0);
  }
}

function addResident(sum: number, { memoryBytes = 0 }: ProcessInfo): number {
  return sum + memoryBytes;
}
