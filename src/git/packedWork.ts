import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PackedWork, PackLimits, WorkTree } from '../core/ports/workTrees.ts';
import { commitRest, type LoopName } from './bringHome.ts';
import type { Git } from './git.ts';
import { whatKeepsWorkTree } from './ownBranch.ts';
import { listWorkTrees } from './workTree.ts';

/** Values from a store that others write must not act as Git options, or lead to another ref. */
export const COMMIT = /^[0-9a-f]{40,64}$/;
export const BRANCH = /^loops\/[\p{L}\p{N}_-]+$/u;

/** A file that has not changed for this long (ms) was left by a crash. */
const LEFT_AFTER_MS = 60 * 60_000;

export const FETCH = ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'];
/** Foreign objects are checked before they join the user's. */
export const CHECKED = {
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'fetch.fsckObjects',
  GIT_CONFIG_VALUE_0: 'true',
};

/**
 * Packs the commits of a work tree beyond its base in a file, for another machine (R16.7). What the agent left
 * uncommitted is committed first.
 */
export async function packWork(
  git: Git,
  storage: string,
  tree: WorkTree,
  loop: LoopName,
  { most, pieceBytes }: PackLimits,
): Promise<PackedWork> {
  const kept = await whatKeepsWorkTree(git, tree);
  if (kept !== undefined) throw new Error(kept);
  await commitRest(git, tree, loop, false);
  const ref = `refs/heads/${tree.branch}`;
  const tip = await git.run(['rev-parse', '--verify', ref], { cwd: tree.path });
  const commits = await git.run(['rev-list', '--count', `${tree.base}..${ref}`], { cwd: tree.path });
  if (commits === '0') throw new Error('it has changed nothing');
  const folder = await folderFor(storage);
  const dispose = () => rm(folder, { recursive: true, force: true });
  try {
    const file = join(folder, 'work.bundle');
    await git.run(['bundle', 'create', '--quiet', file, `${tree.base}..${ref}`], { cwd: tree.path });
    const { size } = await stat(file);
    if (size > most)
      throw new Error(
        `its work takes ${Math.ceil(size / 1024 / 1024)} MB, more than the ${most / 1024 / 1024} MB that go through ` +
          'the store: push its branch there (Create Pull Request), and fetch it with Git',
      );
    const digest = await digestOf(file);
    const piece = (index: number) => readPiece(file, index * pieceBytes, pieceBytes);
    return { tip, digest, pieces: Math.ceil(size / pieceBytes), piece, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/**
 * Takes packed work into a repository as the branch of a work tree, which is created or moved forward. Rejects where
 * what came is not what was packed, and where the branch has other commits.
 */
export async function unpackWork(
  git: Git,
  storage: string,
  root: string,
  { branch, path, tip, digest }: Parameters<typeof putBranch>[2] & { readonly digest: string },
  pieces: AsyncIterable<string>,
): Promise<void> {
  if (!COMMIT.test(tip) || !BRANCH.test(branch)) throw new Error('it names no branch of a loop');
  const folder = await folderFor(storage);
  const ref = `refs/loops/fetched/${tip}`;
  try {
    const file = join(folder, 'work.bundle');
    if ((await write(file, pieces)) !== digest) throw new Error('what came is not what was sent: try again');
    const refs = `+refs/heads/${branch}:${ref}`;
    const aside = await repositoryFor(git, root, join(folder, 'aside.git'));
    await git.run([...FETCH, '--', file, refs], { cwd: aside });
    // Only a fetch from a repository checks objects, in all versions of Git.
    await git.run([...FETCH, '--', aside, `+${ref}:${ref}`], { cwd: root, env: CHECKED });
    if ((await git.run(['rev-parse', '--verify', ref], { cwd: root })) !== tip)
      throw new Error('what came is not what was sent: try again');
    await putBranch(git, root, { branch, path, tip });
  } finally {
    await git.try(['update-ref', '-d', ref], { cwd: root });
    await rm(folder, { recursive: true, force: true });
  }
}

/** Creates the branch of a loop, or moves it forward; a work tree of it at `path` follows. */
export async function putBranch(
  git: Git,
  root: string,
  { branch, path, tip }: Pick<WorkTree, 'branch' | 'path'> & { readonly tip: string },
): Promise<void> {
  const ref = `refs/heads/${branch}`;
  const there = await git.try(['rev-parse', '--verify', '--quiet', ref], { cwd: root });
  const at = there.stdout.trim();
  if (at === tip) return;
  if (there.code === 0) {
    const isBehind = await git.try(['merge-base', '--is-ancestor', at, tip], { cwd: root });
    if (isBehind.code !== 0)
      throw new Error(`${root} has a branch ${branch} with other commits: rename or delete it there, then try again`);
  }
  const checkout = (await listWorkTrees(git, root)).find((one) => one.branch === branch);
  if (!checkout) await git.run(['update-ref', ref, tip, ...(there.code === 0 ? [at] : [])], { cwd: root });
  else if (checkout.path === path) await git.run(['merge', '--quiet', '--ff-only', tip], { cwd: path });
  else throw new Error(`the branch ${branch} is checked out in ${checkout.path}: check out another one there first`);
}

/** An empty repository of ours that borrows the objects of another. */
async function repositoryFor(git: Git, root: string, path: string): Promise<string> {
  const asked = ['rev-parse', '--path-format=absolute', '--show-object-format', '--git-common-dir'];
  const [format = 'sha1', commonFolder = ''] = (await git.run(asked, { cwd: root })).split('\n');
  await git.run(['init', '--bare', '--quiet', '--template=', `--object-format=${format}`, path], { cwd: root });
  await writeFile(join(path, 'objects', 'info', 'alternates'), `${join(commonFolder, 'objects')}\n`);
  return path;
}

/** A folder of ours for one file, which is for its owner alone. Those that a crash has left go. */
async function folderFor(storage: string): Promise<string> {
  const parent = join(storage, 'transfers');
  await mkdir(parent, { recursive: true, mode: 0o700 });
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    const changedAt = (await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - changedAt > LEFT_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
  return mkdtemp(join(parent, 'work-'));
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

async function readPiece(file: string, position: number, bytes: number): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, position);
    return buffer.subarray(0, bytesRead).toString('base64');
  } finally {
    await handle.close();
  }
}

/** Writes pieces to a file. Returns the digest of all of them. */
async function write(file: string, pieces: AsyncIterable<string>): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(file, 'wx', 0o600);
  try {
    for await (const piece of pieces) {
      const bytes = Buffer.from(piece, 'base64');
      hash.update(bytes);
      await handle.writeFile(bytes);
    }
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}
