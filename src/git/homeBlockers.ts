import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BringHomeWay, WorkTree } from '../core/ports/workTrees.ts';
import type { Git } from './git.ts';
import { UNDER_WAY, whatKeepsWorkTree } from './ownBranch.ts';
import type { CheckoutFolders } from './snapshot.ts';

/** Says that the checkout, or the work tree, is not there any more; undefined where both are. */
export async function whatIsGone(git: Git, root: string, { path, branch }: WorkTree): Promise<string | undefined> {
  if (!existsSync(root)) return `The folder ${root} is gone: open the repository where it is now.`;
  if (!existsSync(path))
    return `The work tree ${path} is gone. Its branch ${branch} may still hold the commits: merge that by hand.`;
  const gitFolder = await git.try(['rev-parse', '--absolute-git-dir'], { cwd: root });
  return gitFolder.code === 0 ? undefined : `${root} is not a Git repository any more.`;
}

/** Why nothing may be brought into a checkout as it is, and what to do; undefined where it may. */
export async function whatBlocks(
  git: Git,
  { root, gitFolder }: CheckoutFolders,
  tree: WorkTree,
  way: BringHomeWay,
): Promise<string | undefined> {
  const { path } = tree;
  for (const [file, what] of UNDER_WAY) {
    if (existsSync(join(gitFolder, file)))
      return `${what[0]?.toUpperCase()}${what.slice(1)} is under way in ${root}: finish or abort it first.`;
  }
  if (existsSync(join(gitFolder, 'index.lock'))) {
    return `Another Git program is at work in ${root} (index.lock is there): wait for it, then try again.`;
  }
  const kept = await whatKeepsWorkTree(git, tree);
  if (kept !== undefined) return kept;
  const head = await git.run(['rev-parse', 'HEAD'], { cwd: path });
  const base = await git.try(['merge-base', 'HEAD', head], { cwd: root });
  if (base.code === 1)
    return (
      `What the loop committed in ${path} has no commit in common with ${root}: its agent rewrote the first one, ` +
      'or another history is checked out. Check out the branch that it began from, or cherry-pick its commits.'
    );
  const staged = await git.try(['diff', '--cached', '--quiet'], { cwd: root });
  if (way !== 'apply' && staged.code === 1) return `${root} has staged changes: commit or unstage them first.`;
  const changed = await changedPaths(git, root);
  if (changed.size === 0) return undefined;
  const theirs = await git.try(['diff', '--name-only', '--no-renames', '-z', `HEAD...${head}`], { cwd: root });
  const paths = [...theirs.stdout.split('\0'), ...(await changedPaths(git, path))];
  const keyOf = await nameKey(git, root);
  const mine = new Set([...changed].map(keyOf));
  const both = paths.filter((name) => name !== '' && mine.has(keyOf(name)));
  if (both.length === 0) return undefined;
  const shown = [...new Set(both)].slice(0, 3).join(', ');
  return `You have uncommitted changes in files that the loop changed too (${shown}): commit or stash them first.`;
}

/** What a name is compared by: on many disks names that differ by case are one. */
async function nameKey(git: Git, root: string): Promise<(name: string) => string> {
  const config = await git.try(['config', '--type=bool', 'core.ignorecase'], { cwd: root });
  return config.stdout.trim() === 'true' ? (name) => name.toLowerCase() : (name) => name;
}

async function changedPaths(git: Git, root: string): Promise<Set<string>> {
  const text = await git.run(['status', '--porcelain', '-z', '--no-renames', '--untracked-files=all'], { cwd: root });
  return new Set(
    text
      .split('\0')
      .map((line) => line.slice(3))
      .filter(Boolean),
  );
}
