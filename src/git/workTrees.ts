import { existsSync, statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Repository, WorkTree, WorkTrees } from '../core/ports/workTrees.ts';
import { abortBringHome, bringHome, commitRest, isStopped } from './bringHome.ts';
import { changesBetween } from './changesBetween.ts';
import { type HomeParts, settleLeft } from './enterCheckout.ts';
import { Git, GitError } from './git.ts';
import { packWork, unpackWork } from './packedWork.ts';
import { previewBringHome } from './previewHome.ts';
import type { Processes } from './processes.ts';
import { planPush, push } from './push.ts';
import { fetchBranch, pushBranch } from './pushedBranch.ts';
import { cloneAt, fetchCommit, publishedCommit } from './remotes.ts';
import { lookForRepository } from './repository.ts';
import { makeScratchRepository } from './scratchRepository.ts';
import { type CheckoutFolders, takeSnapshot } from './snapshot.ts';
import { groupsBefore, keyOf, repositoriesWith, SnapshotStore } from './snapshotStore.ts';
import { removeStored, storedTrees } from './storedTrees.ts';
import { noteIgnored, unsavedWork } from './unsavedWork.ts';
import { createWorkTree, removeWorkTree } from './workTree.ts';

export interface WorkTreesOptions {
  /** Where snapshots are kept. */
  readonly storage: string;
  /** The environment that a terminal would have. */
  environment(): Promise<Readonly<Record<string, string>>>;
  readonly processes: Processes;
}

/** Work trees and snapshots through the user's own Git. */
export function createWorkTrees({ storage, environment, processes }: WorkTreesOptions): WorkTrees {
  const git = new Git(environment);
  const stores = new Map<string, SnapshotStore>();
  const storeOf = (commonFolder: string): SnapshotStore => {
    const store = stores.get(commonFolder) ?? new SnapshotStore(git, storage, commonFolder);
    stores.set(commonFolder, store);
    return store;
  };
  const repositoryOf = async (cwd: string): Promise<Repository> => {
    const look = await lookForRepository(git, cwd);
    if (look.kind === 'none') throw new Error(look.message);
    return look.repository;
  };
  const known = new Map<string, CheckoutFolders & { readonly commonFolder: string }>();
  const foldersOf = async (cwd: string) => {
    const before = known.get(cwd);
    if (before && existsSync(before.gitFolder)) return before;
    const asked = ['rev-parse', '--path-format=absolute', '--show-toplevel', '--absolute-git-dir', '--git-common-dir'];
    const [root = cwd, gitFolder = '', commonFolder = ''] = (await git.run(asked, { cwd })).split('\n');
    const folders = { root: resolve(root), gitFolder: resolve(gitFolder), commonFolder: resolve(commonFolder) };
    known.set(cwd, folders);
    return folders;
  };
  const home: HomeParts = { git, processes, storage, checkoutOf: foldersOf, storeOf };
  return {
    look: (cwd) => lookForRepository(git, cwd),
    isWorkTree,
    published: (root, commit) => publishedCommit(git, root, commit),
    clone: (folder) => cloneAt(git, folder),
    fetchCommit: (root, address, commit) => fetchCommit(git, root, address, commit),
    pack: (workTree, loop, limits) => packWork(git, storage, workTree, loop, limits),
    unpack: (root, work, pieces) => unpackWork(git, storage, root, work, pieces),
    pathOf: (commonFolder, name) => join(storage, 'worktrees', keyOf(commonFolder), name),
    create: async (request) => {
      const found = await repositoryOf(request.cwd);
      const repository = request.prefix === undefined ? found : { ...found, prefix: request.prefix };
      return createWorkTree(git, storeOf(repository.commonFolder), repository, request);
    },
    snapshot: async (root, name) => {
      const folders = await foldersOf(root);
      return takeSnapshot(git, storeOf(folders.commonFolder), folders, name);
    },
    changes: (commonFolder, from, to) => changesBetween(git, storeOf(commonFolder), from, to),
    read: async (commonFolder, commit, path) => {
      const store = storeOf(commonFolder);
      const where = { cwd: store.folder, env: store.own };
      try {
        return await git.bytes(['cat-file', 'blob', `${commit}:${path}`], where);
      } catch (error) {
        if (error instanceof GitError && /does not exist|not in/.test(error.stderr)) return undefined;
        throw error;
      }
    },
    preview: (root, workTree, way, loop) => previewBringHome(home, root, workTree, way, loop),
    bringHome: (root, workTree, way, loop) => bringHome(home, root, workTree, way, loop),
    settleLeft: () => settleLeft(home),
    commitRest: (workTree, loop, asUser) => commitRest(git, workTree, loop, asUser),
    noteSetUp: ({ path }) => noteIgnored(git, path),
    planPush: (root, workTree) => planPush(git, root, workTree),
    push: (root, workTree, remote, loop) => push(git, root, workTree, remote, loop),
    pushBranch: (root, workTree, remote, loop) => pushBranch(git, root, workTree, remote, loop),
    fetchBranch: (root, pushed, workTree) => fetchBranch(git, root, pushed, workTree),
    isStopped: (root, way) => isStopped(git, root, way),
    abort: (root, way) => abortBringHome(git, root, way),
    unsaved: (root, workTree) => unsavedWork(git, root, workTree),
    remove: (root, workTree, keepBranch) => removeWorkTree(git, root, workTree, keepBranch),
    restore: (workTree, commit) => restore(git, storeOf, workTree, commit),
    forget: (commonFolder, loops) => storeOf(commonFolder).forget(loops),
    forgetEverywhere: async (loops) => {
      for (const commonFolder of await repositoriesWith(storage, loops)) await storeOf(commonFolder).forget(loops);
    },
    stored: () => storedTrees(git, join(storage, 'worktrees')),
    removeStored: (path) => removeStored(join(storage, 'worktrees'), path),
    forgetGroups: async (prefix, keep, before) => {
      const old = (await groupsBefore(storage, prefix, before)).filter((name) => !keep.includes(name));
      for (const commonFolder of await repositoriesWith(storage, old)) await storeOf(commonFolder).forget(old);
    },
    makeScratch: (path) => makeScratchRepository(git, path),
    diskUse,
  };
}

/** Restores the files of a work tree to a snapshot. Files that the snapshot lacks are removed; ignored files stay. */
async function restore(
  git: Git,
  storeOf: (folder: string) => SnapshotStore,
  { path }: WorkTree,
  commit: string,
): Promise<void> {
  const look = await lookForRepository(git, path);
  if (look.kind === 'none') throw new Error(look.message);
  const store = storeOf(look.repository.commonFolder);
  await store.open();
  const env = store.writing;
  // The index must know every file, so that those missing from the snapshot are removed.
  await git.run(['add', '--all'], { cwd: path, env });
  await git.run(['read-tree', '-u', '--reset', `${commit}^{tree}`], { cwd: path, env });
  await git.run(['reset', '--quiet'], { cwd: path, env });
}

/**
 * A work tree has a `.git` in one of the folders above: a folder with a HEAD, because Git skips others, or a file in
 * linked work trees and submodules.
 */
async function isWorkTree(cwd: string): Promise<boolean> {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const git = join(folder, '.git');
    // Asked before and after every run, of every folder above: none of them is worth a turn of the thread pool.
    if (existsSync(join(git, 'HEAD')) || isFile(git)) return true;
    if (folder === dirname(folder)) return false;
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    return false;
  }
}

async function diskUse(path: string): Promise<number> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) bytes += await diskUse(child);
    else if (entry.isFile()) bytes += (await stat(child).catch(() => undefined))?.size ?? 0;
  }
  return bytes;
}
