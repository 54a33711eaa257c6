import type { PushedBranch } from '../core/model/workTree.ts';
import { repositoryAddress } from '../core/policy/repositoryAddress.ts';
import type { WorkTree } from '../core/ports/workTrees.ts';
import { commitRest, type LoopName } from './bringHome.ts';
import type { Git } from './git.ts';
import { whatKeepsWorkTree } from './ownBranch.ts';
import { BRANCH, CHECKED, COMMIT, FETCH, putBranch } from './packedWork.ts';
import { addressOf, NO_QUESTIONS, whyNotPushed } from './push.ts';
import { remotesOf } from './remotes.ts';

/** Only the branch goes: no tags, and no submodules that its user has not pushed. */
const PUSH = ['push', '--porcelain', '--no-follow-tags', '--recurse-submodules=no'];

/**
 * Pushes the branch of a work tree to the remote that the settings name, unasked (R16.9): never by force, and as a call
 * of ours, which runs no hooks. What the agent left uncommitted is committed first. Undefined where it has changed
 * nothing.
 */
export async function pushBranch(
  git: Git,
  root: string,
  tree: WorkTree,
  remote: string,
  loop: LoopName,
): Promise<PushedBranch | undefined> {
  const { path, branch, base } = tree;
  if (!(await remotesOf(git, root)).some(({ name }) => name === remote))
    throw new Error(
      `the clone ${root} has no remote ${remote}, which loopSupervisor.pushResultsTo names: ` +
        `correct the setting, or run "git remote add ${remote} <address>" there`,
    );
  const kept = await whatKeepsWorkTree(git, tree);
  if (kept !== undefined) throw new Error(kept);
  await commitRest(git, tree, loop, false);
  const ref = `refs/heads/${branch}`;
  const tip = await git.run(['rev-parse', '--verify', ref], { cwd: path });
  if ((await git.run(['rev-list', '--count', `${base}..${tip}`], { cwd: path })) === '0') return undefined;
  const address = repositoryAddress(await addressOf(git, root, remote));
  const pushed = await git.try([...PUSH, '--', remote, `${tip}:${ref}`], { cwd: root, env: NO_QUESTIONS });
  if (pushed.code !== 0) throw new Error(whyNotPushed(`${pushed.stdout}\n${pushed.stderr}`, remote, branch, root));
  return { address, tip };
}

/**
 * Takes a branch that another machine has pushed into a repository, as the branch of a work tree, which is created or
 * moved forward. Rejects where the repository has no such remote, where that has the commit no more, and where the
 * branch here has other commits.
 */
export async function fetchBranch(
  git: Git,
  root: string,
  { address, tip }: PushedBranch,
  { branch, path }: Pick<WorkTree, 'branch' | 'path'>,
): Promise<void> {
  if (!COMMIT.test(tip) || !BRANCH.test(branch)) throw new Error('it names no branch of a loop');
  const remote = (await remotesOf(git, root)).find((one) => one.address === address);
  if (!remote) throw new Error(`the clone ${root} has no remote ${address}`);
  const ref = `refs/loops/fetched/${tip}`;
  const env = { ...NO_QUESTIONS, ...CHECKED };
  try {
    await git.run([...FETCH, '--refmap=', '--', remote.name, `+refs/heads/${branch}:${ref}`], { cwd: root, env });
    // Somebody may have gone on with it there.
    if ((await git.try(['merge-base', '--is-ancestor', tip, ref], { cwd: root })).code !== 0)
      throw new Error(`the branch ${branch} on ${remote.name} does not hold its commit ${tip.slice(0, 10)} any more`);
    await putBranch(git, root, { branch, path, tip });
  } finally {
    await git.try(['update-ref', '-d', ref], { cwd: root });
  }
}
