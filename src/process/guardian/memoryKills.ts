import { readFileSync } from 'node:fs';

/** A sample younger than this (ms) may have been taken after a kill whose end is only now reported. */
const YOUNGEST_MS = 2_000;

/** How often the kernel has killed for want of memory, by counter. */
type Counts = ReadonlyMap<string, number>;
type Read = (path: string) => string | undefined;

interface Sample {
  readonly at: number;
  readonly counts: Counts;
}

/**
 * Tells whether the kernel has killed for want of memory around the end of an agent: by the counters of its control
 * group, and of the machine. They are read while it runs, because they say only how often, not whom.
 */
export class MemoryKills {
  readonly #read: Read;
  readonly #pid: number;
  #samples: readonly Sample[] = [];

  /** `pid`: the agent's. */
  constructor(pid: number, read: Read = readText) {
    this.#pid = pid;
    this.#read = read;
  }

  /** Reads the counters. `now`: time of a clock that only runs forward, ms. */
  sample(now: number): void {
    const old = this.#samples.findLast(({ at }) => now - at >= YOUNGEST_MS);
    const [last] = this.#samples.slice(-1);
    const kept = [old ?? this.#samples[0], last].filter((one) => one !== undefined);
    this.#samples = [...new Set(kept), { at: now, counts: this.#counts() }];
  }

  /** Whether a counter has gone up since the last sample that cannot have come after the kill. */
  haveCome(now: number): boolean {
    const before = this.#samples.findLast(({ at }) => now - at >= YOUNGEST_MS) ?? this.#samples[0];
    if (!before) return false;
    for (const [path, count] of before.counts) if ((this.#killsIn(path) ?? count) > count) return true;
    return false;
  }

  #counts(): Counts {
    const paths = ['/proc/vmstat', ...this.#groupFiles()];
    return new Map(
      paths.flatMap((path) => {
        const count = this.#killsIn(path);
        return count === undefined ? [] : [[path, count] as const];
      }),
    );
  }

  /** Files with the counters of the agent's own control group, of either version. */
  #groupFiles(): string[] {
    const groups = this.#read(`/proc/${this.#pid}/cgroup`) ?? '';
    const [, unified] = /^0::(\/.*)$/m.exec(groups) ?? [];
    const [, memory] = /^\d+:(?:[^:\n]*,)?memory(?:,[^:\n]*)?:(\/.*)$/m.exec(groups) ?? [];
    return [
      ...(unified === undefined ? [] : [`/sys/fs/cgroup${unified}/memory.events`]),
      ...(memory === undefined ? [] : [`/sys/fs/cgroup/memory${memory}/memory.oom_control`]),
    ];
  }

  #killsIn(path: string): number | undefined {
    const [, count] = /^oom_kill (\d+)$/m.exec(this.#read(path) ?? '') ?? [];
    return count === undefined ? undefined : Number(count);
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // No Linux, or no such group.
    return undefined;
  }
}
