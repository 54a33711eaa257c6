import type { BringHomeWay, MergePreview, WorkTree } from '../core/ports/workTrees.ts';
import { enterCheckout, type HomeParts } from './enterCheckout.ts';
import type { Git } from './git.ts';
import { whatBlocks, whatIsGone } from './homeBlockers.ts';
import { hasNotes } from './homeClaims.ts';
import { treeOfFiles } from './snapshot.ts';
import { AUTHOR, type SnapshotStore } from './snapshotStore.ts';

/** What bringing work home would meet, without changing anything but what a dead host has left half-way (R12.4). */
export async function previewBringHome(
  parts: HomeParts,
  root: string,
  workTree: WorkTree,
  way: BringHomeWay,
  loop: { readonly loopId: string },
): Promise<MergePreview> {
  const { git } = parts;
  const gone = await whatIsGone(git, root, workTree);
  if (gone !== undefined) return { kind: 'blocked', message: gone };
  const checkout = await parts.checkoutOf(root);
  if (await hasNotes(parts.storage, checkout.gitFolder)) {
    const name = `preview/${workTree.branch}`;
    const entered = await enterCheckout(parts, checkout, loop.loopId, { workTree: workTree.path, name });
    if (entered.kind === 'refused') return { kind: 'blocked', message: entered.message };
    await entered.claim.release(true);
    const found = entered.found?.what;
    if (found) return found.kind === 'home' ? { kind: 'nothing' } : found;
  }
  const blocked = await whatBlocks(git, checkout, workTree, way);
  if (blocked !== undefined) return { kind: 'blocked', message: blocked };
  // A trial merge writes objects: into our own repository.
  const store = parts.storeOf(checkout.commonFolder);
  await store.open();
  const env = store.writing;
  const source = await whatBranchWillHold(git, store, workTree);
  const trial = ['merge-tree', '--write-tree', '--name-only', '--no-messages', '-z', 'HEAD', source];
  const merged = await git.try(trial, { cwd: root, env });
  if (merged.code === 0) {
    const [tree] = merged.stdout.split('\0');
    const mine = await git.run(['rev-parse', 'HEAD^{tree}'], { cwd: root });
    return tree === mine ? { kind: 'nothing' } : { kind: 'clean' };
  }
  if (merged.code === 1) {
    const [, ...paths] = merged.stdout.split('\0').filter(Boolean);
    return { kind: 'conflicts', paths: [...new Set(paths)] };
  }
  return {
    kind: 'unknown',
    message: 'This Git cannot tell beforehand whether the merge will conflict (2.38 or later can).',
  };
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
