import { existsSync, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Leftovers } from '../../core/model/leftovers.ts';
import { lookAt } from '../../core/model/looks.ts';
import type { RunCommand } from '../tables/runCommand.ts';
import { Cgroup } from './cgroup.ts';
import { ownGroup } from './ownGroup.ts';

/** The folder of all our groups, below the group that the starter is in. */
const FOLDER = 'loop-supervisor';
/** How long (ms) a killed group may take until it is empty. */
const EMPTY_MS = 10_000;
const PAUSE_MS = 5;
/** How many looks in a row may see a group as large as before while those in it are on their way out. */
const LEAVING_LOOKS = 4;
/** A group that is older than this (ms) and empty was left by a crash. */
const YOUNGEST_LEFT_MS = 60_000;
/** The usual answers to somebody who may make no groups. */
const REFUSED: readonly (string | undefined)[] = ['EACCES', 'EROFS', 'EPERM', 'ENOENT'];

/**
 * Makes a control group for a run; undefined where this machine lets us make none: the run is then found by other
 * means (R13.1).
 */
export function makeRunGroup(token: string, log: (message: string, error?: unknown) => void): Cgroup | undefined {
  try {
    const base = runGroups();
    if (base === undefined) return undefined;
    const group = new Cgroup(join(base, token), dirname(base));
    group.create();
    // Before Linux 5.14 a group cannot be killed as one.
    if (existsSync(join(group.path, 'cgroup.kill'))) return group;
    group.remove();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!REFUSED.includes(code)) log('No control group could be made for the run.', error);
  }
  return undefined;
}

/** Makes a group for trial, as a run would. Returns why none can be had, in a few words; undefined if one can. */
export async function tryRunGroup(run: RunCommand): Promise<string | undefined> {
  let group: Cgroup | undefined;
  try {
    const base = runGroups();
    if (base === undefined) return 'no control groups of version 2 are mounted';
    group = new Cgroup(join(base, `trial-${process.pid}`), dirname(base));
    group.create();
    if (!existsSync(join(group.path, 'cgroup.kill'))) return 'this kernel cannot kill a control group as one';
    // A process of its own moves in, so that a failure leaves this one where it is.
    const moved = await run('/bin/sh', ['-c', 'echo $$ > "$0/cgroup.procs"', group.path]);
    return moved.code === 0 ? undefined : 'no process may be moved into a control group of this user';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return REFUSED.includes(code) ? 'this user may make no control groups' : `a control group cannot be made (${code})`;
  } finally {
    group?.remove();
    if (group) removeFolder(dirname(group.path));
  }
}

/** The folder of the groups of runs that this process starts; undefined where there can be none. */
export function runGroups(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const own = ownGroup(readFileSync('/proc/self/mountinfo', 'utf8'), readFileSync('/proc/self/cgroup', 'utf8'));
  return own === undefined ? undefined : join(own, FOLDER);
}

/** The group that a run was recorded with. */
export function runGroupAt(path: string): Cgroup {
  return new Cgroup(path, dirname(dirname(path)));
}

/**
 * The group of a run: the one that it was recorded with, or the one that its guardian made before it was ended and
 * could record anything. Undefined where it has none.
 */
export function groupOfRun(recorded: string | undefined, token: string): Cgroup | undefined {
  if (recorded !== undefined) return runGroupAt(recorded);
  const look = lookAt(() => runGroups());
  const base = look.state === 'there' ? look.value : undefined;
  if (base === undefined || !existsSync(join(base, token))) return undefined;
  return runGroupAt(join(base, token));
}

/**
 * Removes the groups in which nobody is, as crashes leave them, if they are older than a minute: a younger one may be
 * waiting for its first process. Those with processes are left to whoever settles their runs.
 */
export function removeEmptyGroups(): void {
  const base = lookAt(() => runGroups());
  if (base.state !== 'there' || base.value === undefined) return;
  const folder = base.value;
  const names = lookAt(() => readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()));
  if (names.state !== 'there') return;
  for (const { name } of names.value) {
    const made = lookAt(() => statSync(join(folder, name)).mtimeMs);
    if (made.state === 'there' && Date.now() - made.value > YOUNGEST_LEFT_MS) removeFolder(join(folder, name));
  }
}

/** Whether nobody is in a group, as the kernel says. */
export function isEmpty(group: Cgroup): boolean {
  const population = group.population();
  return population === 'empty' || population === 'gone';
}

/**
 * Waits for as long as a group gets smaller. Those that were asked to end are mostly on their way, and one read counts
 * all that are left: whoever is gone by then need not be looked at. `isLate`: it must be ended now.
 */
export async function whileLeaving(group: Pick<Cgroup, 'processes'>, isLate: () => boolean): Promise<void> {
  let fewest = Number.POSITIVE_INFINITY;
  for (let looks = 0; looks < LEAVING_LOOKS && !isLate(); looks++) {
    const { length } = group.processes() ?? [];
    if (length === 0) return;
    if (length < fewest) looks = 0;
    fewest = Math.min(length, fewest);
    await pause();
  }
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
    await pause();
  }
  if (group.population() === 'unknown') return left;
  // The last of them may be on their way out: then the group is empty, and yet busy.
  while (!group.remove() && performance.now() < deadline) await pause();
  removeFolder(dirname(group.path));
  const { unseen: _, ...seen } = left;
  return { ...seen, swept: [...left.swept, ...left.remaining], remaining: [] };
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

/** Removes a group, or the folder of all groups with the last of them. */
function removeFolder(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Somebody is in it, or other runs have their groups there.
  }
}
