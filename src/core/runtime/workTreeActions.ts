import { isOfAgent } from '../model/attempt.ts';
import { UnknownLoopError, WrongStateError } from '../model/errors.ts';
import { isActive, type Loop } from '../model/loop.ts';
import type { MadeWorkTree, OwnWorkTree, WorkTreeOutcome } from '../model/workTree.ts';
import { copyOn } from '../policy/workTreeCopy.ts';
import type {
  BringHomeResult,
  BringHomeWay,
  MergePreview,
  PushPlan,
  PushResult,
  UnsavedWork,
  WorkTree,
} from '../ports/workTrees.ts';
import { endFetchedWorkTree } from '../steps/transfers.ts';
import { endWorkTree, putMerging } from '../steps/workTreeEnd.ts';
import type { Engine } from './engine.ts';
import { FetchedWork } from './fetchedWork.ts';
import { type Review, type ReviewQuery, review } from './loopReviews.ts';
import { findLoop } from './statusView.ts';
import { whereItWent } from './whereItWent.ts';
import { WorkTreeTidy } from './workTreeTidy.ts';

// This is the bundle that is loaded once there is something to do with a work tree, or for another machine.
export { fetchOutput } from './fetchedLogs.ts';
export { pushBranches } from './pushBranches.ts';
export { sendOutput } from './sentLogs.ts';
export { answerRequest } from './sentWork.ts';

type ActionParts = Pick<Engine, 'context' | 'liveState' | 'machines' | 'transactions'>;

/** A loop of an id: the latest, or with `seq` that one. */
export interface LoopRef {
  readonly loopId: string;
  readonly seq?: number;
}

/** What bringing a loop's work home would meet, and where. */
export interface HomePreview {
  readonly meets: MergePreview;
  /** The branch that is checked out there; absent when HEAD is detached. */
  readonly target?: string;
  readonly root: string;
}

/** What became of bringing work home. `isRemoved`: the work tree and its branch are gone. */
export interface HomeResult {
  readonly result: BringHomeResult;
  readonly isRemoved: boolean;
  /** Ignored files in the work tree that are nowhere else: it stays until its user has decided (R12.6). */
  readonly ignored: readonly string[];
}

const DONE: { readonly [way in BringHomeWay]: WorkTreeOutcome['how'] } = {
  merge: 'merged',
  squash: 'squashed',
  apply: 'applied',
};

/** What the user does with what a loop has changed (R12.4, R12.6). Every method rejects with a sentence. */
export class WorkTreeActions {
  readonly #engine: ActionParts;
  readonly #fetched: FetchedWork;
  /** Keeping them within bounds (R12.6). */
  readonly tidy: WorkTreeTidy;

  constructor(engine: ActionParts) {
    this.#engine = engine;
    this.#fetched = new FetchedWork(engine);
    this.tidy = new WorkTreeTidy(engine);
  }

  /** What a loop has changed (R12.4). */
  review(loopId: string, query: ReviewQuery = {}): Promise<Review> {
    return review(this.#engine, this.#fetched, loopId, query);
  }

  /** What people call the machine that a loop's work must be fetched from first; undefined where it is here (R16.7). */
  awayAt(loop: Loop): string | undefined {
    return this.#fetched.awayAt(loop);
  }

  /**
   * Fetches what a loop did on another machine, unless it is here: as a branch and a work tree of a clone on this one
   * (R16.7). What else is done with its work fetches it too.
   */
  async fetch(ref: LoopRef): Promise<MadeWorkTree> {
    const { tree } = await this.#ofLoop(ref);
    return { path: tree.path, branch: tree.branch };
  }

  /** The path of a loop's work tree, or of its copy here; it is fetched where it is elsewhere, as by `fetch`. */
  async pathOf({ loopId, seq }: LoopRef): Promise<string | undefined> {
    const loop = await findLoop(this.#engine, loopId, seq);
    return loop && (await this.#fetched.here(loop)).workTree?.made?.path;
  }

  /** Makes a folder of ours a repository, in which samples can be tried. */
  makeScratch(path: string): Promise<void> {
    return this.#git.makeScratch(path);
  }

  /** A file in a snapshot of a review; undefined when it is not part of it. */
  async readSnapshot(commonFolder: string, commit: string, path: string): Promise<Uint8Array | undefined> {
    return this.#git.read(commonFolder, commit, path);
  }

  /** What bringing the loop's work home would meet, without changing anything. */
  async preview(loop: LoopRef, way: BringHomeWay): Promise<HomePreview> {
    const { tree, own, loop: found } = await this.#ofLoop(loop);
    await this.tidy.settleMerge(found);
    const meets = await this.#git.preview(own.root, tree, way, found);
    const look = await this.#git.look(own.root);
    const target = look.kind === 'repository' ? look.repository.branch : undefined;
    return { meets, root: own.root, ...(target !== undefined && { target }) };
  }

  /**
   * Brings the loop's work home, and then removes its work tree and branch, unless ignored files are in it that are
   * nowhere else. With `conflicts`, Git's own conflict state stands in the user's checkout, until `abort` or a commit.
   */
  async bringHome(loop: LoopRef, way: BringHomeWay): Promise<HomeResult> {
    const { tree, own, loop: found } = await this.#ofLoop(loop);
    const result = await this.#git.bringHome(own.root, tree, way, found);
    if (result.kind === 'conflicts') await this.#write(found, (unit) => putMerging(unit, found.seq, way));
    if (result.kind !== 'done') return { result, isRemoved: false, ignored: [] };
    const { ignored } = await this.#git.unsaved(own.root, tree);
    if (ignored.length === 0) await this.#remove(found, tree, own, { how: DONE[way] }, result.commit);
    return { result, isRemoved: ignored.length === 0, ignored };
  }

  /** What pushing the loop's branch for a pull request would do, without changing anything. */
  async planPush(loop: LoopRef): Promise<PushPlan> {
    const { tree, own } = await this.#ofLoop(loop);
    return this.#git.planPush(own.root, tree);
  }

  /**
   * Pushes the loop's branch to a remote, which its user has confirmed. Its work tree stays, for what a reviewer asks.
   */
  async push(loop: LoopRef, remote: string): Promise<PushResult> {
    const { tree, own, loop: found } = await this.#ofLoop(loop);
    const result = await this.#git.push(own.root, tree, remote, found);
    if (result.kind === 'pushed') await this.#note(found, `its branch ${tree.branch} was pushed to ${remote}`);
    return result;
  }

  /** Aborts a merge in the user's checkout that stopped at conflicts. */
  async abort(loop: LoopRef): Promise<void> {
    const { own, loop: found } = await this.#ofLoop(loop);
    if (!own.merging) throw new WrongStateError(found.loopId, 'has no merge under way: there is nothing to abort');
    if (await this.tidy.settleMerge(found))
      throw new WrongStateError(found.loopId, 'has no merge under way any more: it was ended in Git');
    await this.#git.abort(own.root, own.merging);
    await this.#write(found, (unit) => putMerging(unit, found.seq, undefined));
  }

  /** What would be lost if the loop's work tree were discarded. */
  async unsaved(loop: LoopRef): Promise<UnsavedWork> {
    const { tree, own } = await this.#ofLoop(loop);
    return this.#git.unsaved(own.root, tree);
  }

  /** Commits what the agent left and removes the work tree; its branch stays. Returns the branch. */
  async keepBranch(loop: LoopRef): Promise<string> {
    const { tree, own, loop: found } = await this.#ofLoop(loop);
    await this.#git.commitRest(tree, found, true);
    await this.#remove(found, tree, own, { how: 'kept', branch: tree.branch });
    return tree.branch;
  }

  /**
   * Removes the loop's work tree and branch with all that is in them. `how`: `merged`, where the work was brought home
   * before.
   */
  async discard(loop: LoopRef, how: WorkTreeOutcome['how'] = 'discarded'): Promise<void> {
    const { tree, own, loop: found } = await this.#ofLoop(loop);
    await this.#remove(found, tree, own, { how });
  }

  /**
   * Brings the files of the loop's work tree back to what they were after a round (R11.8). What they are now stays as a
   * snapshot, so that nothing is lost.
   */
  async useRound(loop: LoopRef, round: number): Promise<void> {
    await this.#mustBeHere(loop);
    const { tree, loop: found } = await this.#ofLoop(loop);
    const attempts = await this.#engine.context.store.attempts(found.seq);
    const last = attempts.findLast((run) => run.round === round && isOfAgent(run) && run.treeAfter !== undefined);
    if (!last?.treeAfter) throw new WrongStateError(found.loopId, `has no snapshot of round ${round}`);
    await this.#git.snapshot(tree.path, `${found.seq}/before-round-${round}`);
    await this.#git.restore(tree, last.treeAfter);
    await this.#note(found, `the files of round ${round} were brought back`);
  }

  get #git() {
    const { workTrees } = this.#engine.context;
    if (!workTrees) throw new Error('Git cannot be used here.');
    return workTrees;
  }

  /** The work tree of a loop that does not run. */
  async #ofLoop({ loopId, seq }: LoopRef): Promise<{ loop: Loop; own: OwnWorkTree; tree: WorkTree }> {
    const found = await findLoop(this.#engine, loopId, seq);
    if (!found) throw new UnknownLoopError(loopId);
    if (isActive(found) || found.state === 'preparing')
      throw new WrongStateError(loopId, 'is still at work: wait for its end, or cancel it first');
    const loop = await this.#fetched.here(found);
    const { workTree: own, cwd } = loop;
    if (!own) throw new WrongStateError(loopId, 'has no work tree of its own: it worked in the folder itself');
    if (!own.made) throw new WrongStateError(loopId, `has no work tree any more: ${whereItWent(own)}`);
    return { loop, own, tree: { ...own.made, base: own.base, cwd } };
  }

  async #remove(
    loop: Loop,
    tree: MadeWorkTree & WorkTree,
    own: OwnWorkTree,
    outcome: Omit<WorkTreeOutcome, 'at'>,
    base?: string,
  ): Promise<void> {
    const { context, machines } = this.#engine;
    const { seq } = loop;
    await this.#git.remove(own.root, tree, outcome.how === 'kept');
    const copy = machines.isHere(loop) ? undefined : copyOn(loop, context.machine?.id);
    const left = copy && { id: context.newId(), seq, tip: copy.tip };
    await this.#write(loop, (unit) =>
      left ? endFetchedWorkTree(unit, left, outcome, base) : endWorkTree(unit, seq, outcome, base),
    );
  }

  async #mustBeHere({ loopId, seq }: LoopRef): Promise<void> {
    const { machines } = this.#engine;
    const loop = await findLoop(this.#engine, loopId, seq);
    if (!loop || machines.isHere(loop)) return;
    const name = machines.nameOf(loop.machine ?? '');
    throw new WrongStateError(loopId, `works on ${name}: do this there, where its snapshots are`);
  }

  async #note(loop: Loop, why: string): Promise<void> {
    const { clock } = this.#engine.context;
    const { seq, state } = loop;
    await this.#write(loop, (unit) => unit.tx.addHistory(seq, { at: clock.now(), from: state, to: state, why }));
  }

  #write({ seq }: Loop, work: Parameters<ActionParts['transactions']['take']>[0]): Promise<unknown> {
    return this.#engine.transactions.take(work, [['bySeq', seq]]);
  }
}
