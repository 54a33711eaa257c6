/** Where a loop works: in its folder, or in a Git work tree of its own (R12.1). */
export type Isolation = 'folder' | 'worktree';

export const ISOLATIONS: readonly Isolation[] = ['folder', 'worktree'];

/** Why a folder cannot have a work tree of its own (R12.1). */
export type NoRepositoryReason =
  | 'git-missing'
  | 'git-too-old'
  | 'not-a-repository'
  | 'bare'
  | 'unborn'
  /** It has no remote, by which another machine could know it (R16.4). */
  | 'no-remote'
  /** Its commit is not on the remote, from which another machine could get it (R16.4). */
  | 'not-pushed'
  | 'unknown';

/** A work tree that is there, or was. */
export interface MadeWorkTree {
  /** Its top folder. */
  readonly path: string;
  /** Such as `loops/fix-the-build-7f3a`. */
  readonly branch: string;
}

/** A copy of a loop's work tree on another machine, which has fetched it to review it or bring it home (R16.7). */
export interface WorkTreeCopy extends MadeWorkTree {
  /** The machine that has it. */
  readonly machine: string;
  /** Top folder of the checkout there: the work is brought home there. */
  readonly root: string;
  readonly commonFolder: string;
  /** The commit that was fetched. */
  readonly tip: string;
  /** Attempts that the loop had begun by then: after further ones it is fetched again. */
  readonly attempts: number;
}

/**
 * Pushing a loop's branch to a remote of its clone, by itself, after its end (R16.9). `failed`: it is tried again.
 */
export type BranchPush = {
  /** Attempts that the loop had begun by its end: one of an earlier end is over. */
  readonly attempts: number;
} & (
  | { readonly state: 'due' }
  /** By that host, which may be gone by now. `before`: why it could not be pushed the last time. */
  | { readonly state: 'pushing'; readonly remote: string; readonly host: string; readonly before?: string }
  /** `at`: wall time, ms. */
  | { readonly state: 'failed'; readonly remote: string; readonly why: string; readonly at: number }
  | ({ readonly state: 'pushed'; readonly remote: string } & PushedBranch)
);

/** Where the branch of a loop is for other machines. */
export interface PushedBranch {
  /** The remote that it was pushed to, as all clones know it. */
  readonly address: string;
  /** The commit that was pushed. */
  readonly tip: string;
}

/**
 * A loop's own work tree, from its submit on (R12.1). One that another machine is to make has the folders of the
 * machine that submitted it until it is made there (R16.4).
 */
export interface OwnWorkTree {
  /** Top folder of the checkout that it was submitted from: its work is brought home there. */
  readonly root: string;
  /** The Git folder of that repository. */
  readonly commonFolder: string;
  /** The folder that it was submitted for. */
  readonly from: string;
  /** Names its folder in our storage: no other loop, of this store or another, has the same. */
  readonly name: string;
  /** The commit that was checked out at submit. */
  readonly base: string;
  /** The snapshot whose uncommitted changes are taken along (R12.2). */
  readonly carry?: CarriedChanges;
  /** Absent until it is made, and again once it has been removed. */
  readonly made?: MadeWorkTree;
  /** Copies of it on other machines (R16.7). */
  readonly copies?: readonly WorkTreeCopy[];
  /** Pushing its branch after the loop's end; absent where it is not to be pushed, or holds nothing (R16.9). */
  readonly push?: BranchPush;
  /** Its set-up command has run, or there was none. */
  readonly isSetUp?: true;
  /** Bringing it home in this way has stopped at conflicts in the user's checkout (R12.4). */
  readonly merging?: 'merge' | 'squash' | 'apply';
  /** What has become of the work (R12.4). */
  readonly outcome?: WorkTreeOutcome;
}

/** Uncommitted changes, kept as a snapshot until the work tree has them. */
export interface CarriedChanges {
  readonly commit: string;
  /** The snapshot's name: `<group>/<n>`. */
  readonly name: string;
}

/**
 * How the work of a work tree ended. `kept`: its branch is left. `removed`: somebody removed it by hand, or it was too
 * old; its commits are on the branch.
 */
export interface WorkTreeOutcome {
  readonly how: 'merged' | 'squashed' | 'applied' | 'kept' | 'discarded' | 'removed';
  /** Wall time, ms. */
  readonly at: number;
  /** The branch that is left, where one is. */
  readonly branch?: string;
}

/** What a loop has changed, from before its first attempt to after its last one (R12.3). */
export interface LoopChanges {
  /** The Git folder of the repository. */
  readonly commonFolder: string;
  /** Snapshots (commits) of before and now. */
  readonly start: string;
  readonly now: string;
  readonly files: number;
  /** Lines of text files. */
  readonly insertions: number;
  readonly deletions: number;
  /** Files that are too large for a snapshot, the first ones. */
  readonly leftOut?: readonly string[];
}
