import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkTree } from '../core/ports/workTrees.ts';
import type { Git } from './git.ts';

type Place = Pick<WorkTree, 'path' | 'branch'>;

/**
 * Where a work tree stands. Agents make branches of their own, and detach HEAD. `on`: on the branch of its loop;
 * `ahead`: elsewhere, with all that the branch has; `apart`: elsewhere, and the branch has commits of its own.
 */
async function standingOf(git: Git, { path, branch }: Place): Promise<'on' | 'ahead' | 'apart'> {
  const ref = `refs/heads/${branch}`;
  const head = await git.try(['symbolic-ref', '--quiet', 'HEAD'], { cwd: path });
  if (head.stdout.trim() === ref) return 'on';
  const there = await git.try(['rev-parse', '--verify', '--quiet', ref], { cwd: path });
  if (there.code === 0) {
    const ancestry = await git.try(['merge-base', '--is-ancestor', ref, 'HEAD'], { cwd: path });
    return ancestry.code === 0 ? 'ahead' : 'apart';
  }
  const hasHead = await git.try(['rev-parse', '--verify', '--quiet', 'HEAD'], { cwd: path });
  return hasHead.code === 0 ? 'ahead' : 'apart';
}

/** Brings the branch of a loop to where its agent went, as far as that loses nothing; rejects where it would. */
export async function bringBranchAlong(git: Git, tree: Place): Promise<void> {
  const standing = await standingOf(git, tree);
  if (standing === 'apart') throw new Error(await apartText(git, tree));
  // The commit stays the same, so that index and files do.
  if (standing === 'ahead') await git.run(['checkout', '--quiet', '-B', tree.branch], { cwd: tree.path });
}

/** Why the content of a work tree cannot be taken as it is, and what to do; undefined if it can. */
export async function whatKeepsWorkTree(git: Git, tree: Place): Promise<string | undefined> {
  const folder = await git.run(['rev-parse', '--absolute-git-dir'], { cwd: tree.path });
  for (const [file, what] of UNDER_WAY) {
    if (existsSync(join(folder, file)))
      return `The agent left ${what} half done in ${tree.path}: finish or abort it there first.`;
  }
  return (await standingOf(git, tree)) === 'apart' ? apartText(git, tree) : undefined;
}

/** States of a checkout in which nothing else may be merged into it. */
export const UNDER_WAY: readonly (readonly [file: string, what: string])[] = [
  ['MERGE_HEAD', 'a merge'],
  ['rebase-merge', 'a rebase'],
  ['rebase-apply', 'a rebase'],
  ['CHERRY_PICK_HEAD', 'a cherry-pick'],
  ['REVERT_HEAD', 'a revert'],
  ['BISECT_LOG', 'a bisection'],
];

async function apartText(git: Git, { path, branch }: Place): Promise<string> {
  const head = await git.try(['symbolic-ref', '--quiet', '--short', 'HEAD'], { cwd: path });
  const where = head.code === 0 ? `on branch ${head.stdout.trim()}` : 'at a commit without a branch';
  return (
    `The agent left ${path} ${where}, and ${branch} has commits that are not there: ` +
    `run "git merge ${branch}" in it first.`
  );
}
