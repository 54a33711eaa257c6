import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Repository, WorkTree, WorkTreeRequest } from '../core/ports/workTrees.ts';
import { forgetAtWork, isAtWork, noteAtWork, untilIdle } from './atWork.ts';
import { branchName } from './branchName.ts';
import type { Git, GitOptions } from './git.ts';
import { includeIgnored } from './includeIgnored.ts';
import type { SnapshotStore } from './snapshotStore.ts';
import { setUpSubmodules } from './submodules.ts';
import { noteIgnored } from './unsavedWork.ts';

/** Names to try before giving up on a title. */
const MOST_NAMES = 20;
/** Written into a work tree's Git folder when its set-up is complete. */
export const COMPLETE = 'loop-supervisor-complete';
/** The name of a work tree during its removal: a partial one must never pass for work. */
export const REMOVED = '.removed';

/**
 * Makes a work tree at the commit that was checked out at submit, on a branch of its own, locked against `git worktree
 * prune` (R12.1). One that a crash left half made is put in order and finished; a complete one is returned as it is.
 */
export async function createWorkTree(
  git: Git,
  store: SnapshotStore,
  repository: Repository,
  request: WorkTreeRequest,
): Promise<WorkTree> {
  const { path } = request;
  const root = repository.root;
  const known = await findWorkTree(git, root, path);
  if (known && existsSync(path)) {
    const marker = await completeMarker(git, path);
    if (marker && existsSync(marker) && known.branch) return describe(request, repository, known.branch);
  }
  // A host that died may have left Git at work in it.
  const wasAtWork = isAtWork(path);
  const lock = known && (await indexLock(git, path));
  await untilIdle(() => isAtWork(path) || (lock !== undefined && existsSync(lock)));
  // Half made, or its folder was removed by hand: what is registered goes, the branch is used again if it is ours and
  // untouched.
  if (known || (wasAtWork && (await findWorkTree(git, root, path)))) await putAway(git, root, path);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await moveAside(path);
  const branch = await addOnFreeBranch(git, root, request);
  const made = describe(request, repository, branch);
  try {
    await fill(git, store, root, request);
  } catch (error) {
    await removeWorkTree(git, root, made, branch === request.branch).catch(() => undefined);
    throw error;
  }
  await forgetAtWork(path);
  return made;
}

/** What a new work tree gets besides the checkout. */
async function fill(git: Git, store: SnapshotStore, root: string, request: WorkTreeRequest): Promise<void> {
  const { path, base, carry } = request;
  await setUpSubmodules(git, root, path);
  await includeIgnored(git, root, path);
  if (carry !== undefined) await carryChanges(git, store, path, base, carry);
  await noteIgnored(git, path);
  const marker = await completeMarker(git, path);
  if (marker) await mkdir(marker, { recursive: true });
}

interface KnownWorkTree {
  readonly path: string;
  readonly branch?: string;
}

/** The work tree that is registered at a path. */
export async function findWorkTree(git: Git, root: string, path: string): Promise<KnownWorkTree | undefined> {
  return (await listWorkTrees(git, root)).find((tree) => tree.path === path);
}

/** All work trees of a repository, its own first. */
export async function listWorkTrees(git: Git, root: string): Promise<KnownWorkTree[]> {
  const text = await git.run(['worktree', 'list', '--porcelain'], { cwd: root });
  return text.split(/\n\n+/).flatMap((block) => {
    const path = /^worktree (.*)$/m.exec(block)?.[1];
    const branch = /^branch refs\/heads\/(.*)$/m.exec(block)?.[1];
    return path === undefined ? [] : [{ path, ...(branch !== undefined && { branch }) }];
  });
}

function describe(request: WorkTreeRequest, repository: Repository, branch: string): WorkTree {
  const { path, base } = request;
  return { path, base, branch, cwd: repository.prefix ? join(path, ...repository.prefix.split('/')) : path };
}

async function addOnFreeBranch(git: Git, root: string, request: WorkTreeRequest): Promise<string> {
  const { loopId, title, base, path } = request;
  const reason = `Loop ${loopId} works here`;
  const onStart = noteAtWork(path);
  const add = (how: readonly string[], options: Partial<GitOptions> = {}) =>
    git.run(['worktree', 'add', '--quiet', '--lock', '--reason', reason, ...how], { cwd: root, onStart, ...options });
  if (request.branch !== undefined && (await canGoOn(git, root, request.branch))) {
    await add([path, request.branch]);
    return request.branch;
  }
  for (let attempt = 1; attempt <= MOST_NAMES; attempt++) {
    const branch = branchName(title, loopId, attempt);
    const there = await git.try(['rev-parse', '--verify', '--quiet', `refs/heads/${branch}`], { cwd: root });
    const at = there.stdout.trim();
    const taken = there.code === 0 && (at !== base || (await isCheckedOut(git, root, branch)));
    if (taken) continue;
    if (there.code === 0) await add([path, branch]);
    else {
      // Git leaves the new branch where it could not make the work tree: nothing would ever ask for it again.
      const undo = () => removeWorkTree(git, root, { path, branch }, false).catch(() => undefined);
      await add(['-b', branch, '--no-track', path, base], { beforeAgain: undo }).catch(async (error: unknown) => {
        await undo();
        throw error;
      });
    }
    return branch;
  }
  throw new Error(`Every branch name for the loop "${title}" is taken in ${root}: delete old branches under loops/.`);
}

/** Whether the branch of a work tree that was removed is there, and free. */
async function canGoOn(git: Git, root: string, branch: string): Promise<boolean> {
  const there = await git.try(['rev-parse', '--verify', '--quiet', `refs/heads/${branch}`], { cwd: root });
  return there.code === 0 && !(await isCheckedOut(git, root, branch));
}

async function isCheckedOut(git: Git, root: string, branch: string): Promise<boolean> {
  return (await listWorkTrees(git, root)).some((tree) => tree.branch === branch);
}

/** Git holds the lock of the index while it writes the files of a work tree. */
async function indexLock(git: Git, path: string): Promise<string | undefined> {
  const folder = existsSync(path) ? await git.try(['rev-parse', '--absolute-git-dir'], { cwd: path }) : undefined;
  return folder?.code === 0 ? join(folder.stdout.trim(), 'index.lock') : undefined;
}

/** A folder that is not a work tree of this repository may hold somebody's work: it is moved aside and kept. */
async function moveAside(path: string): Promise<void> {
  for (let number = 1; existsSync(path); number++) {
    if (!existsSync(`${path}.old-${number}`)) await rename(path, `${path}.old-${number}`);
  }
}

async function completeMarker(git: Git, path: string): Promise<string | undefined> {
  const folder = await git.try(['rev-parse', '--absolute-git-dir'], { cwd: path });
  return folder.code === 0 ? join(folder.stdout.trim(), COMPLETE) : undefined;
}

/**
 * Takes the uncommitted changes of a snapshot along, without touching the folder that they come from or its stash
 * (R12.2).
 */
async function carryChanges(
  git: Git,
  store: SnapshotStore,
  path: string,
  base: string,
  snapshot: string,
): Promise<void> {
  const env = { GIT_ALTERNATE_OBJECT_DIRECTORIES: join(store.folder, 'objects') };
  const patch = await git.bytes(['diff', '--binary', '--no-ext-diff', '--no-textconv', base, snapshot], {
    cwd: path,
    env,
  });
  const onStart = noteAtWork(path);
  if (patch.length > 0) await git.run(['apply', '--whitespace=nowarn', '-'], { cwd: path, stdin: patch, onStart });
}

/** Removes a work tree and, unless it is kept, its branch. Harmless when it is gone already. */
export async function removeWorkTree(
  git: Git,
  root: string,
  { path, branch }: Pick<WorkTree, 'path' | 'branch'>,
  keepBranch: boolean,
): Promise<void> {
  await untilIdle(() => isAtWork(path));
  await putAway(git, root, path);
  if (!keepBranch) await git.try(['branch', '--quiet', '-D', branch], { cwd: root });
}

/**
 * Removes the folder of a work tree, and what Git knows of it. It gets another name first: a crash in between leaves
 * none that lacks files, which would look as if somebody had deleted them.
 */
async function putAway(git: Git, root: string, path: string): Promise<void> {
  const removed = `${path}${REMOVED}`;
  await rm(removed, { recursive: true, force: true });
  await rename(path, removed).catch(({ code }: NodeJS.ErrnoException) => {
    if (code === 'ENOENT') return;
    throw new Error(`${path} cannot be removed (${code}): close what is open in it, then try again.`);
  });
  await forgetAtWork(path);
  await unregister(git, root, path);
  // What cannot be removed now is listed among the work trees, and tried again.
  await rm(removed, { recursive: true, force: true }).catch(() => undefined);
}

/**
 * Makes Git forget a work tree whose folder is gone. Only that one: `git worktree prune` would forget those of the
 * user's too that are on a disk which is away.
 */
async function unregister(git: Git, root: string, path: string): Promise<void> {
  const forget = ['worktree', 'remove', '--force', '--force', path];
  const forgotten = await git.try(forget, { cwd: root });
  if (forgotten.code !== 0 && (await findWorkTree(git, root, path))) await git.run(forget, { cwd: root });
}
