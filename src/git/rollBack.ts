import { mkdir, rm, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Git } from './git.ts';
import type { LeftHome } from './homeClaims.ts';
import type { HomeComing } from './homeComing.ts';
import { type CheckoutFolders, treeOfFiles, withoutFilters } from './snapshot.ts';
import type { SnapshotStore } from './snapshotStore.ts';

/** How much newer (ms) an index is made than all files. */
const NEWER_MS = 60_000;

/** A file of a tree, or of an index: `<mode> <object>`. */
type Entry = string | undefined;

/** A checkout in which a merge, squash or apply stopped half-way, and what it was to become. */
export interface HalfWay {
  readonly folders: CheckoutFolders;
  readonly step: NonNullable<LeftHome['step']>;
  readonly name: string;
  readonly coming: HomeComing;
}

/** What became of rolling back. */
export interface RolledBack {
  /** Files that were changed since, which are as they were found. */
  readonly kept: readonly string[];
  /** The snapshot of what was found; absent where there was nothing to roll back. */
  readonly found?: string;
}

/**
 * Leads a checkout back from what Git did in it before it was killed, or failed (R12.4). Only files that Git may have
 * written are touched, and of those only what Git can have made: as they were to become, a part of that, or missing.
 * Whatever is found is kept as a snapshot first. Done again, it goes on where it was interrupted. Rejects where it
 * cannot be done.
 */
export async function rollBack(git: Git, store: SnapshotStore, half: HalfWay): Promise<RolledBack> {
  const { folders, name } = half;
  const { tree, whole, part, changed } = await filesIn(git, store, half);
  const staged = await stagedIn(git, store, half);
  const kept = [...new Set([...changed, ...staged.changed])];
  const back = new Map([...whole, ...part]);
  if (back.size + staged.ofGit.length === 0) return { kept };
  const found = await store.commit(tree, `${name}-found`);
  if (back.size > 0) await putBack(git, store, folders, { name, found: tree, back });
  if (staged.ofGit.length > 0) await unstage(git, folders.root, staged.ofGit);
  return { kept, found };
}

/** Whether all files are as they were to become, or were changed since. */
export async function isWhole(git: Git, store: SnapshotStore, half: HalfWay): Promise<boolean> {
  const { whole, part, before } = await filesIn(git, store, half);
  return whole.size > 0 && part.size + before === 0;
}

/** The files that Git may have written, by what they are now: with what they were before. */
async function filesIn(git: Git, store: SnapshotStore, { folders, step, name, coming }: HalfWay) {
  const { root } = folders;
  const { tree } = await treeOfFiles(git, store, folders, name, coming.paths);
  const [was, is, comes] = await Promise.all([
    entriesOf(git, store, root, step.tree, coming.paths),
    entriesOf(git, store, root, tree, coming.paths),
    entriesOf(git, store, root, coming.tree ?? `${step.tip}^{tree}`, coming.paths),
  ]);
  const whole = new Map<string, Entry>();
  const part = new Map<string, Entry>();
  const changed: string[] = [];
  let before = 0;
  for (const path of coming.paths) {
    const [then, now, after] = [was.get(path), is.get(path), comes.get(path)];
    if (now === then) before++;
    else if (now === after) whole.set(path, then);
    else if (now === undefined || (await isPartOf(git, store, root, now, after, path))) part.set(path, then);
    else changed.push(path);
  }
  return { tree, whole, part, changed, before };
}

/** Which of these files are staged (none was before): as Git was to stage them, or otherwise by somebody since. */
export async function stagedIn(git: Git, store: SnapshotStore, { folders, step, coming }: HalfWay) {
  const { root } = folders;
  const [was, comes] = await Promise.all([
    entriesOf(git, store, root, `${step.head}^{tree}`, coming.paths),
    entriesOf(git, store, root, coming.tree ?? `${step.tip}^{tree}`, coming.paths),
  ]);
  const listed = await git.run(['ls-files', '--stage', '--full-name', '-z'], { cwd: root });
  const is = new Map<string, Entry | 'unmerged'>();
  for (const line of listed.split('\0')) {
    const [, entry = '', stage, path = ''] = /^(\d+ [0-9a-f]+) (\d)\t([\s\S]*)$/.exec(line) ?? [];
    if (coming.paths.has(path)) is.set(path, stage === '0' ? entry : 'unmerged');
  }
  const differ = [...coming.paths].filter((path) => is.get(path) !== was.get(path));
  const isOfGit = (path: string) => is.get(path) === 'unmerged' || is.get(path) === comes.get(path);
  return { ofGit: differ.filter(isOfGit), changed: differ.filter((path) => !isOfGit(path)) };
}

/** The files of a tree, as far as they are among `paths`. */
async function entriesOf(
  git: Git,
  store: SnapshotStore,
  root: string,
  tree: string,
  paths: ReadonlySet<string>,
): Promise<Map<string, Entry>> {
  const text = await git.run(['ls-tree', '-r', '-z', '--full-tree', tree], { cwd: root, env: store.writing });
  const found = new Map<string, Entry>();
  for (const line of text.split('\0')) {
    const [, mode, object, path = ''] = /^(\d+) \w+ ([0-9a-f]+)\t([\s\S]*)$/.exec(line) ?? [];
    if (paths.has(path)) found.set(path, `${mode} ${object}`);
  }
  return found;
}

/** Whether a file is the beginning of what Git was to write, which it had no time to finish. */
async function isPartOf(
  git: Git,
  store: SnapshotStore,
  root: string,
  now: string,
  after: Entry,
  path: string,
): Promise<boolean> {
  if (after === undefined || !/^100/.test(now) || !/^100/.test(after)) return false;
  const [, object = ''] = now.split(' ');
  const [, whole = ''] = after.split(' ');
  const where = { cwd: root, env: store.writing };
  const is = Buffer.from(await git.bytes(['cat-file', 'blob', object], where));
  // With line ends converted, a part may end between the two characters of one.
  const parts = is.at(-1) === 0x0d ? [is, is.subarray(0, -1)] : [is];
  const isBeginning = (of: Uint8Array) => parts.some((part) => Buffer.from(of).subarray(0, part.length).equals(part));
  if (isBeginning(await git.bytes(['cat-file', 'blob', whole], where))) return true;
  // As the filters of the checkout write it: a snapshot takes it as it is.
  return isBeginning(await git.bytes(['cat-file', '--filters', `--path=${path}`, whole], where));
}

/** Brings files to what they were, as a checkout writes them. */
async function putBack(
  git: Git,
  store: SnapshotStore,
  { root }: CheckoutFolders,
  { name, found, back }: { readonly name: string; readonly found: string; readonly back: ReadonlyMap<string, Entry> },
): Promise<void> {
  const index = join(store.folder, 'indexes', `${name.replaceAll('/', '-')}-back`);
  const where = { cwd: root, env: { ...store.writing, GIT_INDEX_FILE: index } };
  const quiet = await withoutFilters(git, root);
  try {
    await mkdir(dirname(index), { recursive: true });
    await git.run(['read-tree', found], where);
    const none = `0 ${'0'.repeat(found.length)}`;
    const lines = [...back].map(([path, entry = none]) => `${entry}\t${path}\0`);
    await git.run(['update-index', '-z', '--index-info'], { ...where, stdin: lines.join('') });
    const before = await git.run(['write-tree'], where);
    await git.run([...quiet, 'read-tree', found], where);
    await git.try([...quiet, 'update-index', '-q', '--refresh'], where);
    await makeNewer(index);
    await git.run(['read-tree', '-m', '-u', found, before], where);
  } finally {
    await rm(index, { force: true });
    await rm(`${index}.lock`, { force: true });
  }
}

/**
 * Git looks again at files that are as new as the index, in whole seconds. Without their filters they would seem
 * changed.
 */
async function makeNewer(index: string): Promise<void> {
  const later = new Date(Date.now() + NEWER_MS);
  await utimes(index, later, later);
}

async function unstage(git: Git, root: string, paths: readonly string[]): Promise<void> {
  const how = ['--pathspec-from-file=-', '--pathspec-file-nul'];
  const stdin = paths.map((path) => `${path}\0`).join('');
  await git.run(['reset', 'HEAD', ...how], { cwd: root, env: { GIT_LITERAL_PATHSPECS: '1' }, stdin });
}
