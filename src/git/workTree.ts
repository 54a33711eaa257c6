import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Repository, WorkTree, WorkTreeRequest } from '../core/ports/workTrees.ts';
import { branchName } from './branchName.ts';
import type { Git } from './git.ts';
import { includeIgnored } from './includeIgnored.ts';
import type { SnapshotStore } from './snapshotStore.ts';
import { setUpSubmodules } from './submodules.ts';
import { noteIgnored } from './unsavedWork.ts';

/** Names that are tried before we give up on a title. */
const MOST_NAMES = 20;
/** Written into a work tree's Git folder when its set-up is complete. */
const COMPLETE = 'loop-supervisor-complete';

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
  const { path, base } = request;
  const root = repository.root;
  const known = await findWorkTree(git, root, path);
  if (known && existsSync(path)) {
    const marker = await completeMarker(git, path);
    if (marker && existsSync(marker) && known.branch) return describe(request, repository, known.branch);
  }
  // A host that died may have left Git at work in it.
  if (known) await untilIdle(git, path);
  // Half made, or its folder was removed by hand: what is registered goes, the branch is used again if it is ours and
  // untouched.
  if (known) await discardHalfMade(git, root, path);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await moveAside(path);
  const branch = await addOnFreeBranch(git, root, request);
  const made = describe(request, repository, branch);
  await setUpSubmodules(git, root, path);
  await includeIgnored(git, root, path);
  if (request.carry !== undefined) await carryChanges(git, store, path, base, request.carry);
  await noteIgnored(git, path);
  const marker = await completeMarker(git, path);
  if (marker) await mkdir(marker, { recursive: true });
  return made;
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
  const add = (...how: string[]) =>
    git.run(['worktree', 'add', '--quiet', '--lock', '--reason', reason, ...how], { cwd: root });
  if (request.branch !== undefined && (await canGoOn(git, root, request.branch))) {
    await add(path, request.branch);
    return request.branch;
  }
  for (let attempt = 1; attempt <= MOST_NAMES; attempt++) {
    const branch = branchName(title, loopId, attempt);
    const there = await git.try(['rev-parse', '--verify', '--quiet', `refs/heads/${branch}`], { cwd: root });
    const at = there.stdout.trim();
    const taken = there.code === 0 && (at !== base || (await isCheckedOut(git, root, branch)));
    if (taken) continue;
    if (there.code === 0) await add(path, branch);
    else await addWithBranch(git, root, branch, add('-b', branch, '--no-track', path, base));
    return branch;
  }
  throw new Error(`Every branch name for the loop "${title}" is taken in ${root}: delete old branches under loops/.`);
}

/** Git leaves the new branch where it could not make the work tree: nothing would ever ask for it again. */
async function addWithBranch(git: Git, root: string, branch: string, adding: Promise<unknown>): Promise<void> {
  try {
    await adding;
  } catch (error) {
    await git.try(['worktree', 'prune'], { cwd: root });
    await git.try(['branch', '--quiet', '-D', branch], { cwd: root });
    throw error;
  }
}

/** Whether the branch of a work tree that was removed is there, and free. */
async function canGoOn(git: Git, root: string, branch: string): Promise<boolean> {
  const there = await git.try(['rev-parse', '--verify', '--quiet', `refs/heads/${branch}`], { cwd: root });
  return there.code === 0 && !(await isCheckedOut(git, root, branch));
}

async function isCheckedOut(git: Git, root: string, branch: string): Promise<boolean> {
  return (await listWorkTrees(git, root)).some((tree) => tree.branch === branch);
}

/** How long (ms) Git that a dead host has left at work is waited for. */
const BUSY_MS = 60_000;
const LOOK_AGAIN_MS = 100;

/** Waits until no Git writes the files of a work tree any more: it holds the lock of the index while it does. */
async function untilIdle(git: Git, path: string): Promise<void> {
  const folder = existsSync(path) ? await git.try(['rev-parse', '--absolute-git-dir'], { cwd: path }) : undefined;
  if (folder?.code !== 0) return;
  const lock = join(folder.stdout.trim(), 'index.lock');
  for (let waited = 0; existsSync(lock) && waited < BUSY_MS; waited += LOOK_AGAIN_MS)
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
}

async function discardHalfMade(git: Git, root: string, path: string): Promise<void> {
  await git.try(['worktree', 'unlock', path], { cwd: root });
  await git.try(['worktree', 'remove', '--force', '--force', path], { cwd: root });
  await rm(path, { recursive: true, force: true });
  await git.try(['worktree', 'prune'], { cwd: root });
}

/** A folder that is no work tree of this repository may hold somebody's work: it gives way, and stays. */
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
  if (patch.length > 0) await git.run(['apply', '--whitespace=nowarn', '-'], { cwd: path, stdin: patch });
}

/** Removes a work tree and, unless it is kept, its branch. Harmless when it is gone already. */
export async function removeWorkTree(
  git: Git,
  root: string,
  { path, branch }: WorkTree,
  keepBranch: boolean,
): Promise<void> {
  await git.try(['worktree', 'unlock', path], { cwd: root });
  const removed = await git.try(['worktree', 'remove', '--force', path], { cwd: root });
  if (removed.code !== 0) {
    await rm(path, { recursive: true, force: true });
    await git.run(['worktree', 'prune'], { cwd: root });
  }
  if (!keepBranch) await git.try(['branch', '--quiet', '-D', branch], { cwd: root });
}
