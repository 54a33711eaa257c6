import type { PackedFacts } from '../model/transfer.ts';
import type { NoRepositoryReason, PushedBranch } from '../model/workTree.ts';

/** A Git repository, as seen from a folder inside it. */
export interface Repository {
  /** Absolute path of the work tree's top folder. */
  readonly root: string;
  /** Absolute path of the Git folder that all work trees of this repository share. */
  readonly commonFolder: string;
  /** The commit that is checked out. */
  readonly head: string;
  /** The branch that is checked out; absent when HEAD is detached. */
  readonly branch?: string;
  /** Where the folder lies within `root`: relative, `''` for the top, with `/` on every platform. */
  readonly prefix: string;
}

/** A commit as other machines can get it (R16.4). */
export interface PublishedCommit {
  /** The address of the remote that has it, as `RepositoryRef` says. */
  readonly address: string;
  /** What this clone calls that remote. */
  readonly remote: string;
  /** Whether the remote has the commit, as far as this clone knows. */
  readonly isPushed: boolean;
}

/** What a look for a repository found. Only `none` with a reason other than `unknown` is certain. */
export type RepositoryLook =
  | { readonly kind: 'repository'; readonly repository: Repository }
  | { readonly kind: 'none'; readonly reason: NoRepositoryReason; readonly message: string };

/**
 * A work tree to be made. The same request made twice gives the same work tree (R12.6): a crash in between loses
 * nothing.
 */
export interface WorkTreeRequest {
  readonly loopId: string;
  readonly title: string;
  /** The folder that the loop was submitted for, or the top of a clone. */
  readonly cwd: string;
  /** Where it works in the repository, where `cwd` does not say: relative, with `/`. */
  readonly prefix?: string;
  /** The commit that was checked out at submit. */
  readonly base: string;
  /** Absolute path of the work tree to make. */
  readonly path: string;
  /** The commit of a snapshot whose uncommitted changes are taken along; absent: none. */
  readonly carry?: string;
  /** A branch that holds what the loop did in a work tree that was removed: this one goes on from there. */
  readonly branch?: string;
}

/** A work tree of a loop's own. */
export interface WorkTree {
  readonly path: string;
  /** Such as `loops/fix-the-build-7f3a`. */
  readonly branch: string;
  readonly base: string;
  /** The loop's working folder in it. */
  readonly cwd: string;
}

/** The state of a folder's files at one moment, kept as a commit in a repository of our own (R12.3). */
export interface Snapshot {
  readonly commit: string;
  readonly tree: string;
  /** The Git folder that all work trees of the repository share. */
  readonly commonFolder: string;
  /** Untracked files over the size limit: not part of it. Relative paths. */
  readonly leftOut: readonly string[];
}

/** One file that differs between two snapshots. */
export interface FileChange {
  readonly path: string;
  /** Its path before, where it was renamed. */
  readonly from?: string;
  readonly kind: 'added' | 'modified' | 'deleted' | 'renamed';
  /** Lines; absent for binary files. */
  readonly insertions?: number;
  readonly deletions?: number;
}

/** How a loop's work is brought home (R12.4). */
export type BringHomeWay = 'merge' | 'squash' | 'apply';

/** What bringing work home would meet. `blocked` says why it is refused before anything changes. */
export type MergePreview =
  | { readonly kind: 'clean' }
  | { readonly kind: 'conflicts'; readonly paths: readonly string[] }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unknown'; readonly message: string }
  | { readonly kind: 'blocked'; readonly message: string };

/** What became of it. `conflicts`: Git's own conflict state now stands in the target. */
export type BringHomeResult =
  | { readonly kind: 'done'; readonly commit?: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'conflicts'; readonly paths: readonly string[] }
  | { readonly kind: 'refused'; readonly message: string };

/** A remote that the branch of a work tree can be pushed to. */
export interface PushRemote {
  readonly name: string;
  /** Its address, without a password or token. */
  readonly address: string;
  /** The branch there that a pull request would go into; absent where that is not known. */
  readonly into?: string;
}

/** What pushing the branch of a work tree would do. `blocked` says why it cannot be pushed, and what to do. */
export type PushPlan =
  | {
      readonly kind: 'ready';
      readonly branch: string;
      /** The one that the user usually pushes to comes first. */
      readonly remotes: readonly PushRemote[];
      /** Commits of the loop. */
      readonly commits: number;
      /** Files that are committed before. */
      readonly uncommitted: number;
    }
  | { readonly kind: 'blocked'; readonly message: string };

/** What became of a push. `page`: where a pull request can be written, if that is known. */
export type PushResult =
  | { readonly kind: 'pushed'; readonly page?: string }
  | { readonly kind: 'refused'; readonly message: string };

/** What a work tree holds that would be lost with it. */
export interface UnsavedWork {
  /** Files that were changed or added and not committed. */
  readonly uncommitted: readonly string[];
  /** Ignored files and folders that were not there when its set-up was complete. */
  readonly ignored: readonly string[];
  /** Commits that no other branch has. */
  readonly commits: number;
}

/** The commits of a work tree in a file for another machine, which is read piece by piece (R16.7). */
export interface PackedWork extends PackedFacts {
  /** A piece as text, `index` from 0. */
  piece(index: number): Promise<string>;
  /** Removes the file. */
  dispose(): Promise<void>;
}

/** How much may be packed, in bytes. */
export interface PackLimits {
  readonly most: number;
  readonly pieceBytes: number;
}

/** A folder in our storage that is, or was, a work tree (R12.6). */
export interface StoredWorkTree {
  readonly path: string;
  /** When somebody last worked in it, as far as that shows: wall time, ms. */
  readonly changedAt: number;
  /** Absent where its repository is gone. `branch`: one of ours, which may not be there yet. */
  readonly tree?: { readonly commonFolder: string; readonly branch: string };
  /** Its making was never completed: no loop has worked in it. */
  readonly isHalfMade?: boolean;
}

/**
 * Work trees and snapshots, through the user's own Git (R12). Looks never wait for a lock, never prompt, and run no
 * hook. Every method rejects with an `Error` whose message says what happened, to what, and what to do.
 */
export interface WorkTrees {
  /** Looks for the repository that `cwd` is in. Never rejects. */
  look(cwd: string): Promise<RepositoryLook>;
  /** Whether `cwd` is in a work tree of Git, by a cheap look that starts no program. Never rejects. */
  isWorkTree(cwd: string): Promise<boolean>;
  /**
   * How other machines can get a commit of the repository at `root`, by what this clone knows: nobody is asked.
   * Undefined where it has no remote.
   */
  published(root: string, commit: string): Promise<PublishedCommit | undefined>;
  /** The clone that a folder is in: its top, and the addresses of all its remotes. */
  clone(folder: string): Promise<{ readonly root: string; readonly addresses: readonly string[] }>;
  /** Gets a commit into the clone at `root` from its remote of that address, unless it is there. */
  fetchCommit(root: string, address: string, commit: string): Promise<void>;
  /**
   * Packs what `workTree` has beyond its base. What the agent left uncommitted is committed first. Rejects where there
   * is nothing, or too much.
   */
  pack(
    workTree: WorkTree,
    loop: { readonly loopId: string; readonly title: string },
    limits: PackLimits,
  ): Promise<PackedWork>;
  /**
   * Takes packed work into the repository at `root`, as the branch of a work tree at `path`, which need not be there.
   * Its base must be there. Nothing else of the repository is changed.
   */
  unpack(
    root: string,
    work: Pick<WorkTree, 'branch' | 'path'> & Pick<PackedFacts, 'tip' | 'digest'>,
    pieces: AsyncIterable<string>,
  ): Promise<void>;
  /** The path of a work tree of that name. */
  pathOf(commonFolder: string, name: string): string;
  /** The set-up of a work tree is complete: ignored files that are there by now are none of the loop's making. */
  noteSetUp(workTree: Pick<WorkTree, 'path'>): Promise<void>;
  /** Makes a work tree, or finishes one that was half made. */
  create(request: WorkTreeRequest): Promise<WorkTree>;
  /** Takes a snapshot of the files of a work tree (R12.3). `name`: `<loop>/<n>`, unique per snapshot. */
  snapshot(root: string, name: string): Promise<Snapshot>;
  /** What differs between two snapshots of one repository. */
  changes(commonFolder: string, from: string, to: string): Promise<FileChange[]>;
  /** A file's content in a snapshot; undefined when it is not part of it. */
  read(commonFolder: string, commit: string, path: string): Promise<Uint8Array | undefined>;
  /** What bringing `workTree` home into the checkout at `root` would meet. */
  preview(
    root: string,
    workTree: WorkTree,
    way: BringHomeWay,
    loop: { readonly loopId: string },
  ): Promise<MergePreview>;
  /**
   * Brings it home. What the agent left uncommitted is committed first, with the title and a `Loop-Id` trailer. Where
   * Git fails half-way, the checkout is rolled back. Other hosts are kept out meanwhile, and what one that was cut off
   * has left there is settled first.
   */
  bringHome(
    root: string,
    workTree: WorkTree,
    way: BringHomeWay,
    loop: { readonly seq: number; readonly loopId: string; readonly title: string },
  ): Promise<BringHomeResult>;
  /**
   * Settles what hosts that are gone have left half-way in users' checkouts. Returns a sentence for each checkout in
   * which something was done, or could not be.
   */
  settleLeft(): Promise<readonly string[]>;
  /**
   * Brings the branch to where the agent went, and commits there what it left uncommitted, with the title and a
   * `Loop-Id` trailer. Returns whether there was any. `asUser`: the user asked for it, so that hooks run as usual.
   */
  commitRest(
    workTree: WorkTree,
    loop: { readonly loopId: string; readonly title: string },
    asUser: boolean,
  ): Promise<boolean>;
  /** What pushing the branch of `workTree` would do (R12.4). */
  planPush(root: string, workTree: WorkTree): Promise<PushPlan>;
  /**
   * Pushes the branch of `workTree` to a remote of the repository at `root`, never by force. What the agent left
   * uncommitted is committed first.
   */
  push(
    root: string,
    workTree: WorkTree,
    remote: string,
    loop: { readonly loopId: string; readonly title: string },
  ): Promise<PushResult>;
  /**
   * Pushes the branch of `workTree` to the remote of that name of the repository at `root`, unasked: never by force,
   * and without hooks (R16.9). What the agent left uncommitted is committed first. Undefined where it has changed
   * nothing.
   */
  pushBranch(
    root: string,
    workTree: WorkTree,
    remote: string,
    loop: { readonly loopId: string; readonly title: string },
  ): Promise<PushedBranch | undefined>;
  /**
   * Takes a branch that another machine has pushed into the repository at `root`, from its remote of that address, as
   * the branch of a work tree at `path`, which need not be there. Nothing else of the repository is changed.
   */
  fetchBranch(root: string, pushed: PushedBranch, workTree: Pick<WorkTree, 'branch' | 'path'>): Promise<void>;
  /** Whether bringing work home stands at its conflicts in the checkout at `root`. */
  isStopped(root: string, way: BringHomeWay): Promise<boolean>;
  /** Undoes a merge that stopped at conflicts. */
  abort(root: string, way: BringHomeWay): Promise<void>;
  /** What would be lost if the work tree were removed. */
  unsaved(root: string, workTree: WorkTree): Promise<UnsavedWork>;
  /** Removes a work tree; its branch too unless `keepBranch`. Harmless when it is gone already. */
  remove(root: string, workTree: WorkTree, keepBranch: boolean): Promise<void>;
  /** Brings the files of a work tree back to a snapshot, as a new state that can be left again (R11.8). */
  restore(workTree: WorkTree, commit: string): Promise<void>;
  /** Removes the snapshots of loops. */
  forget(commonFolder: string, loops: readonly string[]): Promise<void>;
  /** Removes the snapshots of loops, whichever repositories they are of. */
  forgetEverywhere(loops: readonly string[]): Promise<void>;
  /** All work trees in our storage, whichever loop they belong to. */
  stored(): Promise<StoredWorkTree[]>;
  /** Removes a folder in our storage that has no repository any more. */
  removeStored(path: string): Promise<void>;
  /**
   * Removes groups of snapshots whose names begin with `prefix`, unless they are among `keep` or were made after the
   * wall time `before` (ms).
   */
  forgetGroups(prefix: string, keep: readonly string[], before: number): Promise<void>;
  /** Makes a folder of ours a repository with one commit of all that is in it. */
  makeScratch(path: string): Promise<void>;
  /** Bytes that a folder takes on disk. */
  diskUse(path: string): Promise<number>;
}
