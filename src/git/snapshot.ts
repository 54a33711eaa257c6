import { copyFile, lstat, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileChange, Snapshot } from '../core/ports/workTrees.ts';
import type { Git } from './git.ts';
import type { SnapshotStore } from './snapshotStore.ts';

/** Untracked files larger than this (bytes) are left out of snapshots, and named. */
export const LARGEST_UNTRACKED_BYTES = 10 * 1024 * 1024;

/** Files are looked at in groups of this many. */
const AT_ONCE = 64;

/**
 * Takes a snapshot of a work tree's files: with an index of our own, objects in our own repository, and no filter, hook or lock of the user's
 * (R12.3). `name` is `<loop>/<n>`.
 */
export async function takeSnapshot(git: Git, store: SnapshotStore, root: string, name: string): Promise<Snapshot> {
  await store.open();
  const index = join(store.folder, 'index', name.replaceAll('/', '-'));
  await mkdir(join(store.folder, 'index'), { recursive: true });
  try {
    const gitFolder = await git.run(['rev-parse', '--absolute-git-dir'], { cwd: root });
    // The user's index knows when each file was last seen: what has not changed since need not be read again.
    await copyFile(join(gitFolder, 'index'), index).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    const env = { ...store.writing, GIT_INDEX_FILE: index };
    const quiet = await withoutFilters(git, root);
    const leftOut = await addAll(git, root, env, quiet);
    const tree = await git.run(['write-tree'], { cwd: root, env });
    const commit = await git.run(['commit-tree', tree, '-m', `Snapshot ${name}`], {
      cwd: store.folder,
      env: { ...store.own, ...AUTHOR },
    });
    await git.run(['update-ref', `refs/loops/${name}`, commit], { cwd: store.folder, env: store.own });
    await store.keep(tree);
    return { commit, tree, leftOut };
  } finally {
    await rm(index, { force: true });
    await rm(`${index}.lock`, { force: true });
  }
}

/** Who makes our own commits: the user's name is not theirs. */
export const AUTHOR = {
  GIT_AUTHOR_NAME: 'Loop Supervisor',
  GIT_AUTHOR_EMAIL: 'loops@localhost',
  GIT_COMMITTER_NAME: 'Loop Supervisor',
  GIT_COMMITTER_EMAIL: 'loops@localhost',
} as const;

/** Brings our index up to date with the files: tracked ones, and untracked ones that are neither ignored nor too large. Returns the latter. */
async function addAll(
  git: Git,
  root: string,
  env: Record<string, string>,
  quiet: readonly string[],
): Promise<string[]> {
  await git.run([...quiet, 'add', '--update', '--ignore-errors', '--', '.'], { cwd: root, env });
  const untracked = await git.run(['ls-files', '--others', '--exclude-standard', '-z'], { cwd: root, env });
  const paths = untracked.split('\0').filter((path) => path !== '' && !path.endsWith('/'));
  const leftOut: string[] = [];
  const taken: string[] = [];
  for (let at = 0; at < paths.length; at += AT_ONCE) {
    const group = paths.slice(at, at + AT_ONCE);
    const sizes = await Promise.all(group.map((path) => sizeOf(join(root, path))));
    for (const [number, path] of group.entries()) {
      const size = sizes[number];
      if (size === undefined) continue;
      (size > LARGEST_UNTRACKED_BYTES ? leftOut : taken).push(path);
    }
  }
  if (taken.length > 0) {
    const args = [...quiet, 'add', '--force', '--ignore-errors', '--pathspec-from-file=-', '--pathspec-file-nul'];
    const literal = { ...env, GIT_LITERAL_PATHSPECS: '1' };
    await git.run(args, { cwd: root, env: literal, stdin: taken.map((path) => `${path}\0`).join('') });
  }
  return leftOut;
}

/** Bytes of a regular file, 0 for a link; undefined for what is gone or no file. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const facts = await lstat(path);
    return facts.isSymbolicLink() ? 0 : facts.isFile() ? facts.size : undefined;
  } catch {
    return undefined;
  }
}

/** Options that switch off every configured filter: a snapshot runs no program, and takes files as they are. */
async function withoutFilters(git: Git, root: string): Promise<string[]> {
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

/** What differs between two commits that our repository knows. */
export async function changesBetween(git: Git, store: SnapshotStore, from: string, to: string): Promise<FileChange[]> {
  const where = { cwd: store.folder, env: store.own };
  const common = ['--no-ext-diff', '--no-textconv', '-M', '-z', from, to];
  const [names, numbers] = await Promise.all([
    git.run(['diff', '--name-status', ...common], where),
    git.run(['diff', '--numstat', ...common], where),
  ]);
  const lines = readNumbers(numbers.split('\0'));
  return readNames(names.split('\0')).map((change) => ({ ...change, ...lines.get(change.path) }));
}

function readNames(fields: readonly string[]): FileChange[] {
  const changes: FileChange[] = [];
  for (let at = 0; at < fields.length - 1; ) {
    const status = fields[at++] ?? '';
    const first = fields[at++] ?? '';
    if (status === '') continue;
    if (status.startsWith('R') || status.startsWith('C')) {
      const path = fields[at++] ?? '';
      changes.push(status.startsWith('R') ? { path, from: first, kind: 'renamed' } : { path, kind: 'added' });
    } else changes.push({ path: first, kind: status === 'A' ? 'added' : status === 'D' ? 'deleted' : 'modified' });
  }
  return changes;
}

/** `--numstat -z`: `ins TAB del TAB path`, and for a rename an empty path followed by both names. */
function readNumbers(fields: readonly string[]): Map<string, { insertions: number; deletions: number }> {
  const lines = new Map<string, { insertions: number; deletions: number }>();
  for (let at = 0; at < fields.length; at++) {
    const [insertions = '', deletions = '', name = ''] = (fields[at] ?? '').split('\t');
    if (deletions === '') continue;
    let path = name;
    if (path === '') {
      path = fields[at + 2] ?? '';
      at += 2;
    }
    if (insertions !== '-') lines.set(path, { insertions: Number(insertions), deletions: Number(deletions) });
  }
  return lines;
}
