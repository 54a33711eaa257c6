import { existsSync, readFileSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Leftovers } from '../../core/model/leftovers.ts';
import { Cgroup } from './cgroup.ts';
import { ownGroup } from './ownGroup.ts';

/** The folder of all our groups, below the group that the starter is in. */
const FOLDER = 'loop-supervisor';
/** How long (ms) a killed group may take until it is empty. */
const EMPTY_MS = 10_000;
const PAUSE_MS = 5;

/**
 * Makes a control group for a run; undefined where this machine lets us make none: the run is then found by search
 * (R13.1).
 */
export function makeRunGroup(token: string, log: (message: string, error?: unknown) => void): Cgroup | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const own = ownGroup(readFileSync('/proc/self/mountinfo', 'utf8'), readFileSync('/proc/self/cgroup', 'utf8'));
    if (own === undefined) return undefined;
    const group = new Cgroup(join(own, FOLDER, token), own);
    group.create();
    // Before Linux 5.14 a group cannot be killed as one.
    if (existsSync(join(group.path, 'cgroup.kill'))) return group;
    group.remove();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // The usual answers to somebody who may make no groups.
    if (code !== 'EACCES' && code !== 'EROFS' && code !== 'EPERM' && code !== 'ENOENT')
      log('No control group could be made for the run.', error);
  }
  return undefined;
}

/** The group that a run was recorded with. */
export function runGroupAt(path: string): Cgroup {
  return new Cgroup(path, dirname(dirname(path)));
}

/**
 * Empties the group of a run after its sweep: what is to live on is moved out first, all else is killed by the kernel,
 * however quickly it forks. With that "nothing is left" is a fact, and not the outcome of a search.
 */
export async function emptied(group: Cgroup, left: Leftovers): Promise<Leftovers> {
  const outside = new Set(group.moveOut(left.kept.map(({ pid }) => pid)));
  // What cannot be moved would die with the others: then the search has the last word.
  if (left.kept.some(({ pid }) => !outside.has(pid))) return left;
  const deadline = performance.now() + EMPTY_MS;
  while (group.population() === 'populated') {
    if (!group.kill() || performance.now() > deadline) return left;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  if (group.population() === 'unknown') return left;
  group.remove();
  removeFolder(dirname(group.path));
  const { unseen: _, ...seen } = left;
  return { ...seen, swept: [...left.swept, ...left.remaining], remaining: [] };
}

/** The folder of all groups goes with the last of them. */
function removeFolder(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Other runs have their groups there.
  }
}
