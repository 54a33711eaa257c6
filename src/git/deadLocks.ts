import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lookAt } from '../core/model/looks.ts';
import type { Processes } from './processes.ts';

/** How long (ms) a lock that nobody is seen to hold must stay the same before it goes. */
const STAYS_MS = 300;
/** How long (ms) to wait for a Git that works there. */
const BUSY_MS = 60_000;
const LOOK_AGAIN_MS = 100;

/** What Git locks while it merges or commits; besides, the branch that is checked out. */
const LOCKS = ['index.lock', 'HEAD.lock', 'ORIG_HEAD.lock', 'AUTO_MERGE.lock'];

/**
 * Removes the locks that a killed Git of ours has left in a checkout: none of another Git that works there, which is
 * waited for. Returns undefined, or what keeps them. `ref`: what HEAD names.
 */
export async function removeDeadLocks(
  processes: Processes,
  {
    root,
    gitFolder,
    commonFolder,
  }: { readonly root: string; readonly gitFolder: string; readonly commonFolder: string },
  ref: string,
): Promise<string | undefined> {
  const all = [...LOCKS.map((name) => join(gitFolder, name)), ...(ref ? [join(commonFolder, `${ref}.lock`)] : [])];
  for (let waited = 0; ; waited += LOOK_AGAIN_MS) {
    const locks = all.filter((path) => markOf(path) !== undefined);
    if (locks.length === 0) return undefined;
    const look = processes.worksIn(root, 'git');
    const first = locks[0] as string;
    if (look.state === 'unknown')
      return `${first} was left by a Git that was killed: see that no Git is at work in ${root}, then remove it.`;
    if (look.state === 'gone') {
      const before = locks.map(markOf);
      await sleep(STAYS_MS);
      const isStill = locks.every((path, index) => markOf(path) === before[index]);
      if (isStill && processes.worksIn(root, 'git').state === 'gone') {
        for (const path of locks) await rm(path, { force: true });
        return undefined;
      }
    } else await sleep(LOOK_AGAIN_MS);
    if (waited >= BUSY_MS)
      return `Another Git program is at work in ${root} (${first} is there): wait for it, then try again.`;
  }
}

/** Names a file as it is now; undefined where there is none. */
function markOf(path: string): string | undefined {
  const look = lookAt(() => statSync(path));
  if (look.state === 'gone') return undefined;
  return look.state === 'there' ? `${look.value.ino} ${look.value.mtimeMs} ${look.value.size}` : 'unknown';
}
