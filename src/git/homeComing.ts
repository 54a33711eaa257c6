import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BringHomeWay } from '../core/ports/workTrees.ts';
import type { Git } from './git.ts';
import type { HomeStep } from './homeClaims.ts';
import type { CheckoutFolders } from './snapshot.ts';
import type { SnapshotStore } from './snapshotStore.ts';

/** What bringing a branch home makes of the files that are checked out. */
export interface HomeComing {
  /** The files as they will be, where this Git can tell beforehand (2.38 or later). */
  readonly tree?: string;
  /** All that Git may write or remove. */
  readonly paths: ReadonlySet<string>;
  /** Whether it will stop at conflicts; absent where this Git cannot tell. */
  readonly conflicts?: boolean;
}

interface Ends {
  /** The commit that is checked out, and that of the branch. */
  readonly head: string;
  readonly tip: string;
  readonly branch: string;
}

/** Finds it without touching the checkout: a trial merge, whose objects go into our own repository. */
export async function whatComes(
  git: Git,
  store: SnapshotStore,
  root: string,
  way: BringHomeWay,
  { head, tip, branch }: Ends,
): Promise<HomeComing> {
  await store.open();
  const where = { cwd: root, env: store.writing };
  const applied = way === 'apply' ? await appliedTree(git, store, root, head, tip) : undefined;
  // Names of commits are in the marks of conflicts: they are those that the merge uses.
  const isThere = (await git.try(['rev-parse', '--verify', '--quiet', `refs/heads/${branch}`], where)).stdout.trim();
  const trial = ['merge-tree', '--write-tree', '--name-only', '--no-messages', 'HEAD', isThere === tip ? branch : tip];
  const merged = applied === undefined ? await git.try(trial, where) : { code: 0, stdout: applied };
  const names = ['--name-only', '--no-renames', '-z'];
  if (merged.code !== 0 && merged.code !== 1) {
    const changed = await git.run(['diff', ...names, '--no-ext-diff', `${head}...${tip}`], where);
    return { paths: new Set(changed.split('\0').filter(Boolean)) };
  }
  const tree = merged.stdout.split('\n')[0] as string;
  const changed = await git.run(['diff-tree', '-r', ...names, `${head}^{tree}`, tree], where);
  return { tree, paths: new Set(changed.split('\0').filter(Boolean)), conflicts: merged.code === 1 };
}

/** The tree that Git has noted of its last merge in a checkout, which it does before it writes the index. */
export async function notedTree({ gitFolder }: CheckoutFolders): Promise<string | undefined> {
  const text = await readFile(join(gitFolder, 'AUTO_MERGE'), 'utf8').catch(() => '');
  return /^[0-9a-f]{40,}$/.test(text.trim()) ? text.trim() : undefined;
}

/**
 * What a merge that was cut off has made of the files: for a Git that could not tell beforehand, by what it has noted
 * since. A note from before, or one that changes more than this merge does, tells nothing.
 */
export async function whatCame(
  git: Git,
  checkout: CheckoutFolders,
  step: HomeStep,
  coming: HomeComing,
): Promise<HomeComing> {
  if (coming.tree !== undefined || step.way === 'apply') return coming;
  const tree = await notedTree(checkout);
  if (tree === undefined || tree === step.noted) return coming;
  const names = ['--name-only', '--no-renames', '-z'];
  const changed = await git.try(['diff-tree', '-r', ...names, `${step.head}^{tree}`, tree], { cwd: checkout.root });
  const isOfThis = changed.stdout.split('\0').every((path) => path === '' || coming.paths.has(path));
  if (changed.code !== 0 || !isOfThis) return coming;
  return { ...coming, tree, conflicts: await hadConflicts(git, checkout) };
}

/** Whether Git came to conflicts, resolved since or not. */
async function hadConflicts(git: Git, { root, gitFolder }: CheckoutFolders): Promise<boolean> {
  if ((await git.run(['ls-files', '--unmerged', '--resolve-undo'], { cwd: root })) !== '') return true;
  const message = await readFile(join(gitFolder, 'MERGE_MSG'), 'utf8').catch(() => '');
  return /^\W*Conflicts:$/m.test(message);
}

/** The file of the patch that is applied. */
export function patchFile(store: SnapshotStore, tip: string): string {
  return join(store.folder, 'indexes', `${tip}.patch`);
}

/** All that a branch has beyond what is checked out, as a patch. */
export async function patchOf(git: Git, root: string, head: string, tip: string): Promise<Uint8Array> {
  const base = await git.run(['merge-base', head, tip], { cwd: root });
  return git.bytes(['diff', '--binary', '--no-ext-diff', '--no-textconv', base, tip], { cwd: root });
}

/** The files as `git apply` makes them; undefined where it needs a merge. */
async function appliedTree(
  git: Git,
  store: SnapshotStore,
  root: string,
  head: string,
  tip: string,
): Promise<string | undefined> {
  const stdin = await patchOf(git, root, head, tip);
  const index = join(store.folder, 'indexes', `apply-${tip}`);
  const where = { cwd: root, env: { ...store.writing, GIT_INDEX_FILE: index } };
  try {
    await mkdir(dirname(index), { recursive: true });
    await git.run(['read-tree', head], where);
    const applied = await git.try(['apply', '--cached', '--whitespace=nowarn', '-'], { ...where, stdin });
    return applied.code === 0 ? await git.run(['write-tree'], where) : undefined;
  } finally {
    await rm(index, { force: true });
    await rm(`${index}.lock`, { force: true });
  }
}
