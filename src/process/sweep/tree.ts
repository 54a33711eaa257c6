import type { ProcessInfo } from '../tables/processTable.ts';

/** Who is whose child, in one list of processes. */
export class Tree {
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
