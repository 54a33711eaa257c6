import { readFileSync, statSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { GONE, type Look, lookAt } from '../core/model/looks.ts';
import type { StoredWorkTree } from '../core/ports/workTrees.ts';
import { AT_WORK, forgetAtWork, isAtWork } from './atWork.ts';
import type { Git } from './git.ts';
import { COMPLETE, REMOVED } from './workTree.ts';

/**
 * All folders of work trees in our storage, whichever loop they belong to (R12.6). One that cannot be looked at is left
 * out, and so stays. Removals that a crash interrupted are finished on the way.
 */
export async function storedTrees(git: Git, folder: string): Promise<StoredWorkTree[]> {
  const found: StoredWorkTree[] = [];
  for (const repository of await foldersIn(folder)) {
    await forgetDead(join(folder, repository));
    for (const name of await foldersIn(join(folder, repository))) {
      const path = join(folder, repository, name);
      if (name.endsWith(REMOVED)) await rm(path, { recursive: true, force: true }).catch(() => undefined);
      const tree = isGone(path) ? undefined : await treeAt(git, path);
      if (tree) found.push(tree);
    }
  }
  return found;
}

/** Removes the records of hosts that died before there was a work tree. */
async function forgetDead(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, basename(name, AT_WORK));
    if (name.endsWith(AT_WORK) && isGone(path) && !isAtWork(path)) await forgetAtWork(path);
  }
}

/** Whether there is certainly no such file. */
function isGone(path: string): boolean {
  return lookAt(() => statSync(path)).state === 'gone';
}

async function treeAt(git: Git, path: string): Promise<StoredWorkTree | undefined> {
  const look = gitFolderOf(path);
  if (look.state === 'unknown') return undefined;
  const gitFolder = look.state === 'there' ? look.value : undefined;
  const times = await Promise.all(
    [path, ...(gitFolder ? [join(gitFolder, 'index'), join(gitFolder, 'HEAD')] : [])].map(timeOf),
  );
  const changedAt = Math.max(...times);
  if (gitFolder === undefined) return { path, changedAt };
  const [branch, common] = await Promise.all([
    git.try(['symbolic-ref', '--quiet', '--short', 'HEAD'], { cwd: path }),
    git.try(['rev-parse', '--path-format=absolute', '--git-common-dir'], { cwd: path }),
  ]);
  // Git could not be started: what it would have said is unknown.
  if (common.code === undefined) return undefined;
  if (common.code !== 0) return { path, changedAt };
  const name = branch.stdout.trim();
  // Where an agent left the branch of its loop, only the loop knows it: any other branch is not ours to remove.
  const own = name.startsWith('loops/') ? name : `loops/${basename(path)}`;
  return {
    ...{ path, changedAt, tree: { commonFolder: resolve(common.stdout.trim()), branch: own } },
    ...(isGone(join(gitFolder, COMPLETE)) && { isHalfMade: true }),
  };
}

/** Where a linked work tree's own Git folder lies; `gone` where its repository is. */
function gitFolderOf(path: string): Look<string> {
  const text = lookAt(() => readFileSync(join(path, '.git'), 'utf8'));
  if (text.state !== 'there') return text;
  const folder = /^gitdir: (.*)$/m.exec(text.value)?.[1];
  if (folder === undefined) return GONE;
  return lookAt(() => {
    statSync(folder);
    return folder;
  });
}

/** Removes a folder of ours whose repository is gone. */
export async function removeStored(folder: string, path: string): Promise<void> {
  if (!resolve(path).startsWith(resolve(folder) + sep)) return;
  await rm(path, { recursive: true, force: true }).catch(({ code }: NodeJS.ErrnoException) => {
    throw new Error(`${path} cannot be removed (${code}): see whose files are in it, then remove it by hand.`);
  });
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

async function timeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
}
