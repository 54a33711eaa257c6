import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Whether any process is in a group. `unknown`: the kernel could not be asked. */
export type Population = 'populated' | 'empty' | 'gone' | 'unknown';

/**
 * One control group of version 2, for one run. All that its processes ever start is in it, whatever they do to their
 * group, session, environment or title, unless they may move themselves out.
 */
export class Cgroup {
  readonly path: string;
  readonly #outside: string;
  #holdsUs = false;
  /** What was started runs outside of it: that it is empty says nothing of the run. */
  isBypassed = false;

  /** `outside`: the group that the starter itself is in. */
  constructor(path: string, outside: string) {
    this.path = path;
    this.#outside = outside;
  }

  /** Makes the group. Harmless when it is there. @throws what the file system throws. */
  create(): void {
    mkdirSync(this.path, { recursive: true });
  }

  /**
   * Runs `start` from within the group: what it starts is born there. No wrapper is needed, so that a start that fails
   * reports its own error. The caller is outside again when this returns; where it cannot leave, the group is never
   * killed. @throws what `start` throws.
   */
  startWithin<T>(start: () => T): T {
    try {
      this.#move(this.path, process.pid);
    } catch {
      // It runs outside then, and is found by search.
      this.isBypassed = true;
      this.remove();
      return start();
    }
    try {
      return start();
    } finally {
      this.#holdsUs = this.moveOut([process.pid]).length === 0;
    }
  }

  /** Moves processes out, such as programs that are to live on. Returns those that have moved or are gone. */
  moveOut(pids: readonly number[]): number[] {
    return pids.filter((pid) => {
      try {
        this.#move(this.#outside, pid);
        return true;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'ESRCH';
      }
    });
  }

  /** The processes of the group and all below it; undefined when they cannot be read. */
  processes(): number[] | undefined {
    try {
      return this.#groups().flatMap((group) =>
        numbersIn(unlessGone(() => readFileSync(join(group, 'cgroup.procs'), 'utf8'), '')),
      );
    } catch {
      return undefined;
    }
  }

  /** Asks the kernel whether any process is left: a fact, not a search. */
  population(): Population {
    try {
      const events = readFileSync(join(this.path, 'cgroup.events'), 'utf8');
      const populated = /^populated ([01])$/m.exec(events)?.[1];
      return populated === '1' ? 'populated' : populated === '0' ? 'empty' : 'unknown';
    } catch (error) {
      return isGone(error) ? 'gone' : 'unknown';
    }
  }

  /**
   * Kills everything in the group at once; nothing can escape by forking. Returns whether the kernel took the order.
   */
  kill(): boolean {
    if (this.#holdsUs) return false;
    try {
      writeFileSync(join(this.path, 'cgroup.kill'), '1');
      return true;
    } catch (error) {
      return isGone(error);
    }
  }

  /**
   * Has the kernel hold the group to so much memory (bytes), and end all of it together where it needs more. Returns
   * whether it does: not where memory is not handed to groups, or processes live beside them.
   */
  limitMemory(bytes: number): boolean {
    try {
      for (const above of [this.#outside, dirname(this.path)])
        writeFileSync(join(above, 'cgroup.subtree_control'), '+memory');
      writeFileSync(join(this.path, 'memory.max'), String(bytes));
      writeFileSync(join(this.path, 'memory.oom.group'), '1');
      return true;
    } catch {
      return false;
    }
  }

  /** Removes the group if nobody is in it. Returns whether it is gone. */
  remove(): boolean {
    try {
      for (const group of this.#groups().reverse()) unlessGone(() => rmdirSync(group), undefined);
      return true;
    } catch {
      return false;
    }
  }

  /** This group and those that its processes have made in it, outermost first. Any of them may go at any time. */
  #groups(): string[] {
    const below = (folder: string): string[] =>
      unlessGone(() => readdirSync(folder, { withFileTypes: true }), [])
        .filter((entry) => entry.isDirectory())
        .flatMap(({ name }) => [join(folder, name), ...below(join(folder, name))]);
    return [this.path, ...below(this.path)];
  }

  #move(group: string, pid: number): void {
    writeFileSync(join(group, 'cgroup.procs'), String(pid));
  }
}

function numbersIn(text: string): number[] {
  return text.split('\n').filter(Boolean).map(Number);
}

/** What `look` returns, or `nothing` where the group that it looks at is gone. */
function unlessGone<T>(look: () => T, nothing: T): T {
  try {
    return look();
  } catch (error) {
    if (isGone(error)) return nothing;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENODEV';
}
