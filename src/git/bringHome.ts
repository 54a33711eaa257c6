import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BringHomeResult, BringHomeWay, MergePreview, WorkTree } from '../core/ports/workTrees.ts';
import { guardCheckout, lackOfSpace, leadBack } from './checkoutGuard.ts';
import { adviceFor, type Git, type GitResult } from './git.ts';
import { bringBranchAlong, UNDER_WAY, whatKeepsWorkTree } from './ownBranch.ts';
import { treeOfFiles } from './snapshot.ts';
import { AUTHOR, type SnapshotStore } from './snapshotStore.ts';

/** The loop whose work is brought home. */
export interface LoopName {
  readonly loopId: string;
  readonly title: string;
}

/** What bringing work home needs. */
export interface HomeParts {
  readonly git: Git;
  /** Our repository beside that of a checkout. */
  storeOf(root: string): Promise<SnapshotStore>;
}

/** Previews what bringing work home would run into, without changing anything (R12.4). */
export async function previewBringHome(
  git: Git,
  store: SnapshotStore,
  root: string,
  workTree: WorkTree,
  way: BringHomeWay,
): Promise<MergePreview> {
  const blocked = await whatBlocks(git, root, workTree, way);
  if (blocked !== undefined) return { kind: 'blocked', message: blocked };
  // A trial merge writes objects: into our own repository.
  const env = store.writing;
  const source = await whatBranchWillHold(git, store, workTree);
  const trial = ['merge-tree', '--write-tree', '--name-only', '--no-messages', 'HEAD', source];
  const merged = await git.try(trial, { cwd: root, env });
  if (merged.code === 0) {
    const tree = merged.stdout.trim();
    const mine = await git.run(['rev-parse', 'HEAD^{tree}'], { cwd: root });
    return tree === mine ? { kind: 'nothing' } : { kind: 'clean' };
  }
  if (merged.code === 1) {
    const [, ...paths] = merged.stdout.split('\n').filter(Boolean);
    return { kind: 'conflicts', paths: [...new Set(paths)] };
  }
  return {
    kind: 'unknown',
    message: 'This Git cannot tell beforehand whether the merge will conflict (2.38 or later can).',
  };
}

/**
 * Brings the work of a work tree into the checkout at `root`. Refuses with a sentence before anything changes; if Git
 * fails half-way, the checkout is restored (R12.4).
 */
export async function bringHome(
  { git, storeOf }: HomeParts,
  root: string,
  workTree: WorkTree,
  way: BringHomeWay,
  loop: LoopName & { readonly seq: number },
): Promise<BringHomeResult> {
  const blocked = await whatBlocks(git, root, workTree, way);
  if (blocked !== undefined) return { kind: 'refused', message: blocked };
  await commitRest(git, workTree, loop);
  const { branch } = workTree;
  const ahead = await git.run(['rev-list', '--count', `HEAD..refs/heads/${branch}`], { cwd: root });
  if (ahead === '0') return { kind: 'nothing' };
  const lacks = await lackOfSpace(git, root, branch);
  if (lacks !== undefined) return { kind: 'refused', message: lacks };
  const store = await storeOf(root);
  const guard = await guardCheckout(git, store, root, `${loop.seq}/home`);
  const result = await bringIn(git, root, branch, way, messageOf(loop));
  if (result.kind !== 'refused') return result;
  const left = await leadBack(git, store, guard, way !== 'apply');
  return left === undefined ? result : { kind: 'refused', message: `${result.message} ${left}` };
}

/** What Git does for each way. `refused`: it failed, perhaps half-way. */
async function bringIn(
  git: Git,
  root: string,
  branch: string,
  way: BringHomeWay,
  message: string,
): Promise<BringHomeResult> {
  const user = { cwd: root, asUser: true } as const;
  if (way === 'merge') {
    return ended(git, root, await git.try(['merge', '--no-ff', '--no-edit', '-m', message, branch], user));
  }
  if (way === 'apply') return apply(git, root, branch);
  const squashed = await git.try(['merge', '--squash', branch], user);
  const result = await ended(git, root, squashed);
  if (result.kind !== 'done') return result;
  const nothing = await git.try(['diff', '--cached', '--quiet'], { cwd: root });
  if (nothing.code === 0) return { kind: 'nothing' };
  return ended(git, root, await git.try(['commit', '--quiet', '-m', message], user));
}

/** Whether bringing work home has stopped at conflicts in a checkout. Rejects if that cannot be determined. */
export async function isStopped(git: Git, root: string, way: BringHomeWay): Promise<boolean> {
  const gitFolder = await git.run(['rev-parse', '--absolute-git-dir'], { cwd: root });
  if (way === 'merge') return existsSync(join(gitFolder, 'MERGE_HEAD'));
  return (await git.run(['ls-files', '--unmerged'], { cwd: root })) !== '';
}

/** Undoes a merge that stopped at conflicts. The user's uncommitted work stays. */
export async function abortBringHome(git: Git, root: string, way: BringHomeWay): Promise<void> {
  // `reset --merge` would discard what the user has staged since.
  if (!(await isStopped(git, root, way)))
    throw new Error(`No merge is under way in ${root} any more: there is nothing to abort.`);
  // A squash, or an apply, has no MERGE_HEAD to abort: `reset --merge` puts back what it changed and keeps the rest.
  await git.run(way === 'merge' ? ['merge', '--abort'] : ['reset', '--merge'], { cwd: root, asUser: true });
}

/**
 * Commits what the agent left uncommitted to the branch of the loop, with its title and a trailer that names it.
 * Returns whether there was anything to commit. `asUser`: with the user's hooks.
 */
export async function commitRest(git: Git, tree: WorkTree, loop: LoopName, asUser = true): Promise<boolean> {
  const { path } = tree;
  await bringBranchAlong(git, tree);
  const rest = await git.run(['status', '--porcelain', '-z'], { cwd: path });
  if (rest === '') return false;
  await git.run(['add', '--all'], { cwd: path, asUser });
  await git.run(['commit', '--quiet', '-m', messageOf(loop)], { cwd: path, asUser });
  return true;
}

export function messageOf({ title, loopId }: LoopName): string {
  const subject = title.replace(/\s+/g, ' ').trim();
  return `${subject.length > 72 ? `${subject.slice(0, 71).trimEnd()}…` : subject}\n\nLoop-Id: ${loopId}`;
}

/** The merge of the branch as uncommitted changes, on top of the user's own. */
async function apply(git: Git, root: string, branch: string): Promise<BringHomeResult> {
  const base = await git.run(['merge-base', 'HEAD', branch], { cwd: root });
  const patch = await git.bytes(['diff', '--binary', '--no-ext-diff', '--no-textconv', base, branch], { cwd: root });
  if (patch.length === 0) return { kind: 'nothing' };
  const check = await git.try(['apply', '--check', '-'], { cwd: root, stdin: patch });
  if (check.code === 0) {
    const applied = await git.try(['apply', '--whitespace=nowarn', '-'], { cwd: root, stdin: patch, asUser: true });
    return applied.code === 0 ? { kind: 'done' } : failed(root, applied);
  }
  return ended(
    git,
    root,
    await git.try(['apply', '--3way', '--whitespace=nowarn', '-'], { cwd: root, stdin: patch, asUser: true }),
  );
}

async function ended(git: Git, root: string, result: GitResult): Promise<BringHomeResult> {
  if (result.code === 0) {
    return { kind: 'done', commit: await git.run(['rev-parse', 'HEAD'], { cwd: root }) };
  }
  // `git diff` would write the index, for which there may be no space.
  const unmerged = await git.run(['ls-files', '--unmerged', '-z'], { cwd: root });
  const paths = new Set(unmerged.split('\0').flatMap((entry) => entry.split('\t')[1] ?? []));
  if (paths.size > 0) return { kind: 'conflicts', paths: [...paths] };
  return failed(root, result);
}

function failed(root: string, { stderr, stdout }: GitResult): BringHomeResult {
  const said = (stderr || stdout).trim().split('\n').slice(0, 6).join(' ');
  return { kind: 'refused', message: `Git did not bring the changes in: ${said}${adviceFor(stderr, root)}.` };
}

/** What the branch will hold once the rest is committed: a commit in our own repository. */
async function whatBranchWillHold(git: Git, store: SnapshotStore, { path, branch }: WorkTree): Promise<string> {
  const [rest, head] = await Promise.all([
    git.run(['status', '--porcelain', '-z'], { cwd: path }),
    git.run(['rev-parse', 'HEAD'], { cwd: path }),
  ]);
  if (rest === '') return head;
  const gitFolder = await git.run(['rev-parse', '--absolute-git-dir'], { cwd: path });
  const { tree } = await treeOfFiles(git, store, { root: path, gitFolder }, `preview/${branch}`);
  const env = { ...store.writing, ...AUTHOR };
  return git.run(['commit-tree', tree, '-p', head, '-m', 'Preview'], { cwd: path, env });
}

async function whatBlocks(git: Git, root: string, tree: WorkTree, way: BringHomeWay): Promise<string | undefined> {
  const { path, branch } = tree;
  if (!existsSync(root)) return `The folder ${root} is gone: open the repository where it is now.`;
  if (!existsSync(path))
    return `The work tree ${path} is gone. Its branch ${branch} may still hold the commits: merge that by hand.`;
  const gitFolder = await git.try(['rev-parse', '--absolute-git-dir'], { cwd: root });
  if (gitFolder.code !== 0) return `${root} is not a Git repository any more.`;
  for (const [file, what] of UNDER_WAY) {
    if (existsSync(join(gitFolder.stdout.trim(), file)))
      return `${what[0]?.toUpperCase()}${what.slice(1)} is under way in ${root}: finish or abort it first.`;
  }
  if (existsSync(join(gitFolder.stdout.trim(), 'index.lock'))) {
    return `Another Git program is at work in ${root} (index.lock is there): wait for it, then try again.`;
  }
  const kept = await whatKeepsWorkTree(git, tree);
  if (kept !== undefined) return kept;
  const staged = await git.try(['diff', '--cached', '--quiet'], { cwd: root });
  if (way !== 'apply' && staged.code === 1) return `${root} has staged changes: commit or unstage them first.`;
  const changed = await changedPaths(git, root);
  if (changed.size === 0) return undefined;
  const head = await git.run(['rev-parse', 'HEAD'], { cwd: path });
  const theirs = await git.try(['diff', '--name-only', '-z', `HEAD...${head}`], { cwd: root });
  const rest = await git.try(['status', '--porcelain', '-z'], { cwd: path });
  const paths = [...theirs.stdout.split('\0'), ...rest.stdout.split('\0').map((line) => line.slice(3))];
  const both = paths.filter((name) => name !== '' && changed.has(name));
  if (both.length === 0) return undefined;
  const shown = [...new Set(both)].slice(0, 3).join(', ');
  return `You have uncommitted changes in files that the loop changed too (${shown}): commit or stash them first.`;
}

async function changedPaths(git: Git, root: string): Promise<Set<string>> {
  const text = await git.run(['status', '--porcelain', '-z', '--no-renames'], { cwd: root });
  return new Set(
    text
      .split('\0')
      .map((line) => line.slice(3))
      .filter(Boolean),
  );
}
