import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { Cgroup } from './cgroup.ts';

/** Where our control groups are made. */
export interface CgroupBase {
  /** The folder for the groups of runs. */
  readonly folder: string;
  /** The group that this process is in. */
  readonly own: string;
  /** Whether the kernel can limit memory in groups made there. */
  readonly limitsMemory: boolean;
}

/** Why there is none, in words for *Check Agents*. */
export type CgroupLook =
  | { readonly kind: 'there'; readonly base: CgroupBase }
  | { readonly kind: 'none'; readonly why: string };

const FOLDER = 'loop-supervisor';

/** Looks for a place in the tree of control groups (version 2) where this user may make groups and move processes into them, and tries it out. */
export function findCgroup(proc = '/proc'): CgroupLook {
  let own: string | undefined;
  try {
    own = ownGroup(readFileSync(join(proc, 'self/mountinfo'), 'utf8'), readFileSync(join(proc, 'self/cgroup'), 'utf8'));
  } catch (error) {
    return none(`the control groups of this process cannot be read (${(error as Error).message})`);
  }
  if (own === undefined) return none('no control groups of version 2 are mounted');
  const folder = join(own, FOLDER);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    return none(`no control group may be made in ${own} (${(error as NodeJS.ErrnoException).code})`);
  }
  const trial = new Cgroup(join(folder, `trial-${process.pid}`), own);
  try {
    trial.create();
    const limitsMemory = enableMemory(own, folder) && trial.limitMemory(Number.MAX_SAFE_INTEGER);
    // A shell of its own moves in, so that a failure leaves this process where it is.
    const moved = spawnSync('/bin/sh', ['-c', 'echo $$ > "$0/cgroup.procs"', trial.path], { timeout: 5_000 });
    if (moved.status !== 0) return none(`no process may be moved into a control group of ${own}`);
    if (!trial.kill()) return none('this kernel cannot kill a control group as one (Linux 5.14 can)');
    return { kind: 'there', base: { folder, own, limitsMemory } };
  } catch (error) {
    return none(`control groups in ${own} do not work (${(error as Error).message})`);
  } finally {
    trial.remove();
    removeIfEmpty(folder);
  }
}

/** The folder of the control group of version 2 that this process is in; undefined where there is none. */
export function ownGroup(mountinfo: string, cgroup: string): string | undefined {
  const within = /^0::(\/.*)$/m.exec(cgroup)?.[1];
  if (within === undefined) return undefined;
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    if (!after.startsWith('cgroup2 ')) continue;
    const [, , , root = '/', mount = ''] = before.split(' ');
    const rest = root === '/' ? within : within.startsWith(root) ? within.slice(root.length) : undefined;
    if (rest !== undefined) return join(unescaped(mount), rest);
  }
  return undefined;
}

/** Asks for the memory controller below us. Refused where processes live beside the groups, or where it is not handed to us. */
function enableMemory(own: string, folder: string): boolean {
  try {
    return [own, folder].every((group) => {
      const cgroup = spawnSync('/bin/sh', ['-c', 'echo +memory > "$0/cgroup.subtree_control"', group], {
        timeout: 5_000,
      });
      return cgroup.status === 0;
    });
  } catch {
    return false;
  }
}

/** Mount points have spaces and the like as octal numbers. */
function unescaped(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Other runs have their groups there.
  }
}

function none(why: string): CgroupLook {
  return { kind: 'none', why };
}
