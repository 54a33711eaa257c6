import { statfs } from 'node:fs/promises';
import type { Git } from './git.ts';
import { type CheckoutFolders, treeOfFiles } from './snapshot.ts';
import type { SnapshotStore } from './snapshotStore.ts';

/** What bringing work in needs beside the files (bytes): index, objects, logs. */
const RESERVE_BYTES = 1024 * 1024;

/** What stands in a user's checkout before work is brought in. */
export interface CheckoutGuard {
  /** Its files. */
  readonly tree: string;
  /** The snapshot of them; absent where all of them are committed. */
  readonly commit?: string;
}

/**
 * Records the state of a checkout, so that a merge that fails half-way can be undone (R12.4). `name`: of the snapshot,
 * `<loop>/<n>`. `paths`: what the merge may write, which is taken even where it is ignored.
 */
export async function guardCheckout(
  git: Git,
  store: SnapshotStore,
  folders: CheckoutFolders,
  name: string,
  paths: ReadonlySet<string>,
): Promise<CheckoutGuard> {
  const { tree } = await treeOfFiles(git, store, folders, name, paths);
  const head = await git.run(['rev-parse', 'HEAD^{tree}'], { cwd: folders.root });
  return { tree, ...(tree !== head && { commit: await store.commit(tree, name) }) };
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
