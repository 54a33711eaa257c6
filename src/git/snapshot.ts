import { existsSync } from 'node:fs';
import { copyFile, lstat, mkdir, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Snapshot } from '../core/ports/workTrees.ts';
import type { Git } from './git.ts';
import type { SnapshotStore } from './snapshotStore.ts';

/** Untracked files larger than this (bytes) are left out of snapshots, and named. */
export const LARGEST_UNTRACKED_BYTES = 10 * 1024 * 1024;

/** How many files to look at in one go. */
const AT_ONCE = 64;

/** Where a work tree and its own Git folder lie. */
export interface CheckoutFolders {
  readonly root: string;
  readonly gitFolder: string;
}

/**
 * Takes a snapshot of a work tree's files: with an index of our own, objects in our own repository, and no filter, hook
 * or lock of the user's (R12.3). `name` is `<loop>/<n>`.
 */
export async function takeSnapshot(
  git: Git,
  store: SnapshotStore,
  folders: CheckoutFolders,
  name: string,
): Promise<Snapshot> {
  const { tree, leftOut } = await treeOfFiles(git, store, folders, name);
  const commit = await store.commit(tree, name);
  return { commit, tree, commonFolder: store.commonFolder, leftOut };
}

/**
 * The files of a work tree as a tree of our repository, and the paths of untracked ones that are too large for it.
 * `name` is what nobody else takes at the same time. `always`: files that are taken though they are large, or ignored.
 */
export async function treeOfFiles(
  git: Git,
  store: SnapshotStore,
  { root, gitFolder }: CheckoutFolders,
  name: string,
  always: ReadonlySet<string> = new Set(),
): Promise<{ readonly tree: string; readonly leftOut: readonly string[] }> {
  await store.open();
  const quiet = await withoutFilters(git, root);
  const index = join(store.folder, 'indexes', name.replaceAll('/', '-'));
  const env = { ...store.writing, GIT_INDEX_FILE: index };
  try {
    const { head, entries: differing } = await lookAtFiles(git, root, quiet);
    const changed = quiet.length > 0 ? await leaveUntouched(git, root, gitFolder, differing) : differing;
    const entries = [...changed, ...(await ignoredAmong(git, root, always))];
    // Nothing differs: the tree is there, and no index need be written to find it.
    if (head !== undefined && entries.length === 0) return { tree: await store.treeOf(head), leftOut: [] };
    await copyIndex(gitFolder, index);
    const leftOut = await bringUpToDate(git, { root, env, quiet, always }, entries);
    // It looks again at files that changed in the second of the index, through their filters.
    return { tree: await git.run([...quiet, 'write-tree'], { cwd: root, env }), leftOut };
  } finally {
    await rm(index, { force: true });
    await rm(`${index}.lock`, { force: true });
  }
}

/**
 * The user's index knows when each file was last seen: what has not changed since need not be read again. The copy
 * keeps the time of the original, for Git reads again only what is as new as the index, in whole seconds.
 */
async function copyIndex(gitFolder: string, index: string): Promise<void> {
  const original = join(gitFolder, 'index');
  await mkdir(dirname(index), { recursive: true });
  try {
    const { atime, mtime } = await stat(original);
    await copyFile(original, index);
    await utimes(index, atime, mtime);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** What `git ls-files --debug -z` says of each file. */
const SEEN = /([^\0]*)\0 {2}ctime: (\d+:\d+)\n {2}mtime: (\d+:\d+)\n.*\n.*\n {2}size: (\d+)\t.*(?:\n|$)/gy;

/**
 * A file with a filter that is as new as the index, in whole seconds, seems changed where Git reads it without its
 * filter. It is not, if its times are those of the index to the nanosecond.
 */
async function leaveUntouched(
  git: Git,
  root: string,
  gitFolder: string,
  entries: readonly FoundEntry[],
): Promise<readonly FoundEntry[]> {
  const written = await stat(join(gitFolder, 'index')).catch(() => undefined);
  if (!written) return entries;
  const since = Math.floor(written.mtimeMs / 1000);
  const now = new Map<string, string>();
  for (const { path, isNew, isGone } of entries) {
    const facts = isNew || isGone ? undefined : await lstat(join(root, path), { bigint: true }).catch(() => undefined);
    if (facts && facts.mtimeMs >= since * 1000) now.set(path, seenAs(facts));
  }
  if (now.size === 0) return entries;
  const seen = await git.run(['ls-files', '--debug', '-z'], { cwd: root });
  const untouched = new Set<string>();
  for (const [, path = '', ...facts] of seen.matchAll(SEEN)) if (now.get(path) === facts.join(' ')) untouched.add(path);
  return entries.map((entry) => (untouched.has(entry.path) ? { ...entry, isChanged: false } : entry));
}

/** Times and size of a file as the index keeps them. */
function seenAs({ ctimeNs, mtimeNs, size }: { ctimeNs: bigint; mtimeNs: bigint; size: bigint }): string {
  const timeOf = (ns: bigint) => `${ns / 1_000_000_000n}:${ns % 1_000_000_000n}`;
  return `${timeOf(ctimeNs)} ${timeOf(mtimeNs)} ${BigInt.asUintN(32, size)}`;
}

/** A file that differs from HEAD, or from what the index has of it. */
interface FoundEntry {
  readonly path: string;
  readonly isNew: boolean;
  /** It is not as the index has it. */
  readonly isChanged: boolean;
  /** It is in the index and not in the files. */
  readonly isGone: boolean;
}

/** Fields before the path, by the kind of line. */
const FIELDS: { readonly [kind: string]: number } = { 1: 8, u: 10, '?': 1 };

/**
 * The commit that is checked out (absent before the first one), and all that differs from it. One walk finds it, which
 * only reads: an unchanged tree costs little more than `git status`.
 */
async function lookAtFiles(
  git: Git,
  root: string,
  quiet: readonly string[],
): Promise<{ readonly head?: string; readonly entries: readonly FoundEntry[] }> {
  const how = ['--porcelain=v2', '--branch', '--no-ahead-behind', '--no-renames', '--untracked-files=all', '-z'];
  const status = await git.run([...quiet, 'status', ...how], { cwd: root });
  const lines = status.split('\0').filter((line) => line !== '');
  const head = lines.flatMap((line) => /^# branch\.oid ([0-9a-f]+)$/.exec(line)?.[1] ?? [])[0];
  const entries = lines.flatMap((line): FoundEntry[] => {
    const kind = line.charAt(0);
    const before = FIELDS[kind];
    if (before === undefined) return [];
    const path = line.split(' ').slice(before).join(' ');
    const isNew = kind === '?';
    return [
      { path, isNew, isChanged: isNew || line.charAt(3) !== '.', isGone: kind !== 'u' && line.charAt(3) === 'D' },
    ];
  });
  return { ...(head !== undefined && { head }), entries };
}

/** Where our index is brought up to date, and how. */
interface Where {
  readonly root: string;
  readonly env: Record<string, string>;
  readonly quiet: readonly string[];
  readonly always: ReadonlySet<string>;
}

/** Those of some files that are there and ignored: no look at the files shows them. */
async function ignoredAmong(git: Git, root: string, paths: ReadonlySet<string>): Promise<readonly FoundEntry[]> {
  if (paths.size === 0) return [];
  const stdin = [...paths].map((path) => `${path}\0`).join('');
  // It ends with 1 where none is.
  const { stdout } = await git.try(['check-ignore', '-z', '--stdin'], { cwd: root, stdin });
  const ignored = stdout.split('\0').filter((path) => path !== '' && existsSync(join(root, path)));
  return ignored.map((path) => ({ path, isNew: true, isChanged: true, isGone: false }));
}

/**
 * Brings our index up to date with the files: tracked ones, and untracked ones that are neither ignored nor too large.
 * Returns the paths of the latter.
 */
async function bringUpToDate(
  git: Git,
  { root, env, quiet, always }: Where,
  entries: readonly FoundEntry[],
): Promise<string[]> {
  // A path that ends so is a repository of its own.
  const changed = entries.filter(({ path, isChanged, isGone }) => isChanged && !isGone && !path.endsWith('/'));
  const gone = entries.filter(({ isGone }) => isGone);
  const leftOut: string[] = [];
  const taken: string[] = [];
  for (let at = 0; at < changed.length; at += AT_ONCE) {
    const group = changed.slice(at, at + AT_ONCE);
    const sizes = await Promise.all(group.map(({ path, isNew }) => (isNew ? sizeOf(join(root, path)) : 0)));
    for (const [number, { path }] of group.entries()) {
      const size = sizes[number];
      const isLeftOut = size !== undefined && size > LARGEST_UNTRACKED_BYTES && !always.has(path);
      if (size !== undefined) (isLeftOut ? leftOut : taken).push(path);
    }
  }
  // `git add` refuses a path whose folder has become a link.
  if (gone.length > 0) {
    const how = ['update-index', '--force-remove', '-z', '--stdin'];
    await git.run([...quiet, ...how], { cwd: root, env, stdin: gone.map(({ path }) => `${path}\0`).join('') });
  }
  if (taken.length > 0) {
    const how = ['add', '--all', '--force', '--ignore-errors', '--pathspec-from-file=-', '--pathspec-file-nul'];
    const literal = { ...env, GIT_LITERAL_PATHSPECS: '1' };
    await git.run([...quiet, ...how], { cwd: root, env: literal, stdin: taken.map((path) => `${path}\0`).join('') });
  }
  return leftOut;
}

/** Bytes of a regular file, 0 for a link or what only Git can look at; undefined for what is gone or no file. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const facts = await lstat(path);
    return facts.isSymbolicLink() ? 0 : facts.isFile() ? facts.size : undefined;
  } catch (error) {
    // Git goes by relative paths, and so further than we do.
    return (error as NodeJS.ErrnoException).code === 'ENAMETOOLONG' ? 0 : undefined;
  }
}

/** Options that switch off every configured filter: a snapshot runs no program, and takes files as they are. */
export async function withoutFilters(git: Git, root: string): Promise<string[]> {
  const { stdout } = await git.try(
    ['config', '--null', '--name-only', '--get-regexp', '^filter\\..*\\.(clean|process|required)$'],
    {
      cwd: root,
    },
  );
  const names = new Set(stdout.split('\0').flatMap((key) => /^filter\.(.+)\.[a-z]+$/.exec(key)?.[1] ?? []));
  return [...names].flatMap((name) =>
    ['clean=', 'process=', 'required=false'].flatMap((value) => ['-c', `filter.${name}.${value}`]),
  );
}
