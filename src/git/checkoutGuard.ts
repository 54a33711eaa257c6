import { existsSync } from 'node:fs';
import { rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git } from './git.ts';
import { treeOfFiles } from './snapshot.ts';
import type { SnapshotStore } from './snapshotStore.ts';

/** What bringing work in needs beside the files (bytes): index, objects, logs. */
const RESERVE_BYTES = 1024 * 1024;

/** A user's checkout as it was before work was brought into it, with what was not committed. */
export interface CheckoutGuard {
  readonly root: string;
  readonly name: string;
  readonly tree: string;
  /** The snapshot of it; absent where all of it is committed. */
  readonly commit?: string;
}

/**
 * Records the state of a checkout, so that a merge that fails half-way can be undone (R12.4). `name`: of the snapshot,
 * `<loop>/<n>`.
 */
export async function guardCheckout(
  git: Git,
  store: SnapshotStore,
  root: string,
  name: string,
): Promise<CheckoutGuard> {
  const tree = await treeAt(git, store, root, name);
  const head = await git.run(['rev-parse', 'HEAD^{tree}'], { cwd: root });
  return { root, name, tree, ...(tree !== head && { commit: await store.commit(tree, name) }) };
}

/**
 * Restores a checkout after a merge that failed half-way, on a full disk or in a hook. Returns what to do if it could
 * not be restored.
 */
export async function leadBack(
  git: Git,
  store: SnapshotStore,
  { root, name, tree, commit }: CheckoutGuard,
  isMerge: boolean,
): Promise<string | undefined> {
  try {
    if (isMerge) await abortMerge(git, root);
    const now = await treeAt(git, store, root, name);
    if (now !== tree) await putBack(git, store, root, { name, now, tree });
    if ((await treeAt(git, store, root, name)) === tree) return undefined;
  } catch {
    // The disk is still full: the files stay as they are until the user frees some space.
  }
  const from = commit === undefined ? 'git' : `git --git-dir="${store.folder}" --work-tree="${root}"`;
  return `${root} is not as it was: free some space, then run there: ${from} checkout ${commit ?? 'HEAD'} -- .`;
}

/** Why there is too little space for what a branch brings; undefined if there is enough, or if that is unknown. */
export async function lackOfSpace(git: Git, root: string, branch: string): Promise<string | undefined> {
  const raw = await git.try(['diff', '--raw', '--no-renames', '--no-abbrev', '-z', `HEAD...${branch}`], { cwd: root });
  const blobs = raw.stdout
    .split('\0')
    .flatMap((field) => /^:\d+ \d+ [0-9a-f]+ ([0-9a-f]*[1-9a-f][0-9a-f]*) /.exec(field)?.[1] ?? []);
  const stdin = blobs.map((blob) => `${blob}\n`).join('');
  const sizes = await git.try(['cat-file', '--batch-check=%(objectsize)'], { cwd: root, stdin });
  const bytes = sizes.stdout.split('\n').reduce((sum, size) => sum + (Number(size) || 0), 0);
  const disk = await statfs(root).catch(() => undefined);
  const needed = bytes + RESERVE_BYTES;
  if (!disk || disk.bavail * disk.bsize >= needed) return undefined;
  const megabytes = Math.ceil(needed / 1024 / 1024);
  return `The disk of ${root} is nearly full: free some space (${megabytes} MB are needed) and try again.`;
}

async function treeAt(git: Git, store: SnapshotStore, root: string, name: string): Promise<string> {
  const gitFolder = await git.run(['rev-parse', '--absolute-git-dir'], { cwd: root });
  return (await treeOfFiles(git, store, { root, gitFolder }, name)).tree;
}

/** Nothing was staged before: what is staged now comes from the merge. */
async function abortMerge(git: Git, root: string): Promise<void> {
  const folder = await git.run(['rev-parse', '--absolute-git-dir'], { cwd: root });
  const staged = await git.try(['diff', '--cached', '--quiet'], { cwd: root });
  if (existsSync(join(folder, 'MERGE_HEAD'))) await git.run(['merge', '--abort'], { cwd: root, asUser: true });
  else if (staged.code === 1) await git.run(['reset', '--quiet', '--merge'], { cwd: root, asUser: true });
}

/** Takes the files from one tree to another: writes only those that differ, as a checkout does. */
async function putBack(
  git: Git,
  store: SnapshotStore,
  root: string,
  { name, now, tree }: { readonly name: string; readonly now: string; readonly tree: string },
): Promise<void> {
  const index = join(store.folder, 'indexes', `${name.replaceAll('/', '-')}-back`);
  const where = { cwd: root, env: { ...store.writing, GIT_INDEX_FILE: index } };
  try {
    await git.run(['read-tree', now], where);
    await git.try(['update-index', '-q', '--refresh'], where);
    await git.run(['read-tree', '-m', '-u', now, tree], where);
  } finally {
    await rm(index, { force: true });
    await rm(`${index}.lock`, { force: true });
  }
}
