import { type FinishedLoop, isFinished, type Loop } from '../model/loop.ts';
import { copyOn, inCopy } from '../policy/workTreeCopy.ts';
import type { StoredWorkTree, UnsavedWork, WorkTree, WorkTrees } from '../ports/workTrees.ts';
import { dropCopy } from '../steps/transfers.ts';
import { endWorkTree, putMerging } from '../steps/workTreeEnd.ts';
import type { Engine } from './engine.ts';

type TidyParts = Pick<Engine, 'context' | 'liveState' | 'machines' | 'transactions'>;

/** How many finished loops with work trees are checked at most. */
const MOST_LOOPS = 10_000;
/**
 * A work tree that no loop of ours knows may be that of another store on this machine: it is left alone until nobody
 * has worked in it for this long (ms).
 */
const ORPHAN_MS = 24 * 60 * 60_000;

/** Claimed by the host that reports that they take too much. */
const FULL = 'workTrees:full';

/** A work tree in our storage that may go: of a loop that has ended, or of none any more. */
export interface KeptWorkTree {
  readonly path: string;
  readonly bytes: number;
  readonly branch?: string;
  /** Absent where no loop has it. */
  readonly loop?: Pick<FinishedLoop, 'loopId' | 'seq' | 'title' | 'state' | 'finishedAt'>;
  /** What is nowhere else; absent if its repository is gone, so that this is unknown. */
  readonly unsaved?: UnsavedWork;
}

/** The work trees that exist, and their size. */
export interface WorkTreeUse {
  /** Largest first. */
  readonly removable: readonly KeptWorkTree[];
  /** All of them, those of live loops included. */
  readonly totalBytes: number;
}

/** Keeps work trees within bounds without losing work (R12.6). */
export class WorkTreeTidy {
  readonly #engine: TidyParts;

  constructor(engine: TidyParts) {
    this.#engine = engine;
  }

  /** Each work tree, what would be lost with it, and its size. */
  async look(): Promise<WorkTreeUse> {
    const git = this.#git;
    const loops = await this.#finished();
    const inUse = this.#inUse();
    const removable: KeptWorkTree[] = [];
    let totalBytes = 0;
    for (const stored of await git.stored()) {
      const bytes = await git.diskUse(stored.path);
      totalBytes += bytes;
      if (inUse.has(stored.path)) continue;
      const loop = loops.get(stored.path);
      const unsaved = await this.#unsavedIn(stored, loop);
      removable.push({
        ...{ path: stored.path, bytes },
        ...(stored.tree && { branch: stored.tree.branch }),
        ...(loop && { loop }),
        ...(unsaved && { unsaved }),
      });
    }
    removable.sort((one, other) => other.bytes - one.bytes);
    return { removable, totalBytes };
  }

  /**
   * Removes these work trees. Their work stays on their branches; ignored files, and what has no repository any more,
   * are gone. Returns the branches that are left. Rejects when the others are gone, where one cannot be removed.
   */
  async remove(paths: readonly string[]): Promise<string[]> {
    const loops = await this.#finished();
    const inUse = this.#inUse();
    const stored = (await this.#git.stored()).filter(({ path }) => paths.includes(path) && !inUse.has(path));
    const branches: string[] = [];
    const failures: unknown[] = [];
    for (const one of stored) {
      try {
        const branch = await this.#letGo(one, loops.get(one.path));
        if (branch !== undefined) branches.push(branch);
      } catch (error) {
        failures.push(error);
      }
    }
    branches.push(...(await this.#settleGone(loops)));
    if (failures.length > 0) throw failures[0];
    return branches;
  }

  /**
   * Lets go of work trees that are too old, or that no loop has any more, as far as that loses nothing, and says once a
   * day when all together take too much.
   */
  async tidy(): Promise<void> {
    const { context, transactions } = this.#engine;
    const { maxAgeMs, maxTotalBytes } = context.settings.workTree;
    const now = context.clock.now();
    const loops = await this.#finished();
    const inUse = this.#inUse();
    let totalBytes = 0;
    await this.#settleLeft();
    await this.#settleGone(loops);
    for (const loop of loops.values())
      await this.settleMerge(loop).catch((error: unknown) =>
        context.log(`Whether a merge of loop ${loop.loopId} is still under way could not be seen.`, error),
      );
    for (const stored of await this.#git.stored()) {
      const loop = loops.get(stored.path);
      const isOld = loop ? now - loop.finishedAt > maxAgeMs : now - stored.changedAt > ORPHAN_MS;
      if (inUse.has(stored.path) || !isOld || !(await this.#isSaved(stored, loop)))
        totalBytes += await this.#git.diskUse(stored.path);
      else
        await this.#letGo(stored, loop).catch((error: unknown) =>
          context.log(`The work tree ${stored.path} could not be removed; the next try is in an hour.`, error),
        );
    }
    await this.#git.forgetGroups('carry-', this.#carried(), now - ORPHAN_MS);
    if (totalBytes > maxTotalBytes)
      await transactions.take(
        (unit) => {
          // A claim lasts for a day.
          if (unit.tx.claimed(FULL)) return;
          unit.tx.claim(FULL);
          unit.tell({ type: 'workTrees:full', bytes: totalBytes, limitBytes: maxTotalBytes });
        },
        [['claimed', FULL]],
      );
  }

  /** Notes that a merge with conflicts is over, which the user ended in Git. Returns whether it was so (R12.4). */
  async settleMerge({ seq, workTree }: Loop): Promise<boolean> {
    const { root, merging } = workTree ?? {};
    if (!root || !merging || (await this.#git.isStopped(root, merging))) return false;
    await this.#engine.transactions.take((unit) => putMerging(unit, seq, undefined, 'in Git'), [['bySeq', seq]]);
    return true;
  }

  /** What was cut off in users' checkouts is put in order before anybody finds it (R12.4). */
  async #settleLeft(): Promise<void> {
    const { log } = this.#engine.context;
    try {
      for (const said of await this.#git.settleLeft()) log(said);
    } catch (error) {
      log('What was cut off while it was brought home could not be settled; the next try is in an hour.', error);
    }
  }

  get #git(): WorkTrees {
    const { workTrees } = this.#engine.context;
    if (!workTrees) throw new Error('Git cannot be used here.');
    return workTrees;
  }

  /** Finished loops by the paths of their work trees on this machine, as this machine sees them (R16.7). */
  async #finished(): Promise<ReadonlyMap<string, FinishedLoop>> {
    const loops = await this.#engine.context.store.finished({ limit: MOST_LOOPS, hasWorkTree: true });
    return new Map(
      loops.flatMap((one) => {
        const loop = this.#asHere(one);
        return loop?.workTree?.made ? [[loop.workTree.made.path, loop] as const] : [];
      }),
    );
  }

  /** A loop with its work tree here, or the copy of it; undefined where this machine has neither. */
  #asHere(loop: FinishedLoop): FinishedLoop | undefined {
    const { machines, context } = this.#engine;
    if (machines.isHere(loop)) return loop;
    const copy = copyOn(loop, context.machine?.id);
    return copy && inCopy(loop, copy);
  }

  /** Paths that live loops have, or are about to have. */
  #inUse(): ReadonlySet<string> {
    const paths = new Set<string>();
    for (const { workTree } of this.#engine.liveState.loops()) {
      if (!workTree) continue;
      paths.add(workTree.made?.path ?? this.#git.pathOf(workTree.commonFolder, workTree.name));
      for (const copy of workTree.copies ?? []) paths.add(copy.path);
    }
    return paths;
  }

  /** Groups of snapshots whose changes are still to be taken along. */
  #carried(): string[] {
    return [...this.#engine.liveState.loops()].flatMap(({ workTree }) => workTree?.carry?.name.split('/')[0] ?? []);
  }

  /** Whether removing it, with its work kept on its branch, loses nothing. */
  async #isSaved(stored: StoredWorkTree, loop: Loop | undefined): Promise<boolean> {
    const unsaved = await this.#unsavedIn(stored, loop);
    return unsaved !== undefined && unsaved.ignored.length === 0;
  }

  async #unsavedIn(stored: StoredWorkTree, loop: Loop | undefined): Promise<UnsavedWork | undefined> {
    const tree = treeOf(stored, loop);
    const root = stored.tree?.commonFolder ?? stored.path;
    const unsaved = tree && (await this.#git.unsaved(root, tree).catch(() => undefined));
    return unsaved && isHalfMade(stored, loop) ? { ...unsaved, uncommitted: [], ignored: [] } : unsaved;
  }

  /**
   * Settles loops whose work tree is gone, by hand or in a removal that a crash interrupted: what Git still knows of it
   * goes, and its branch stays if it holds anything. Returns those branches.
   */
  async #settleGone(loops: ReadonlyMap<string, FinishedLoop>): Promise<string[]> {
    const { context } = this.#engine;
    const branches: string[] = [];
    for (const [path, loop] of loops) {
      if (context.folders.look(path).state !== 'gone') continue;
      try {
        // It may have been settled, or continued, since the loops were read.
        const now = await context.store.bySeq(loop.seq);
        const tree = now && isFinished(now) ? this.#asHere(now)?.workTree : undefined;
        if (!tree?.made) continue;
        const { made, commonFolder, base } = tree;
        const gone = { ...made, base, cwd: path };
        const { commits } = await this.#git.unsaved(commonFolder, gone);
        await this.#git.remove(commonFolder, gone, commits > 0);
        await this.#end(loop, commits > 0 ? made.branch : undefined);
        if (commits > 0) branches.push(made.branch);
      } catch (error) {
        context.log(`The work tree ${path} is gone, and its repository could not be put in order.`, error);
      }
    }
    return branches;
  }

  /** Removes one, with what is in it committed to its branch. Returns the branch if it holds anything. */
  async #letGo(stored: StoredWorkTree, loop: FinishedLoop | undefined): Promise<string | undefined> {
    const tree = treeOf(stored, loop);
    if (!tree || !stored.tree) {
      await this.#git.removeStored(stored.path);
      return undefined;
    }
    const name = loop ?? { loopId: 'unknown', title: 'Work of a loop that is no longer known' };
    if (!isHalfMade(stored, loop)) await this.#git.commitRest(tree, name, false);
    const root = stored.tree.commonFolder;
    const { commits } = await this.#git.unsaved(root, tree);
    await this.#git.remove(root, tree, commits > 0);
    const left = commits > 0 ? tree.branch : undefined;
    if (loop) await this.#end(loop, left);
    return left;
  }

  async #end(loop: FinishedLoop, branch: string | undefined): Promise<void> {
    const { transactions, machines, context } = this.#engine;
    const { seq } = loop;
    const outcome = { how: 'removed' as const, ...(branch !== undefined && { branch }) };
    const { machine } = context;
    await transactions.take(
      (unit) =>
        machines.isHere(loop) || !machine
          ? endWorkTree(unit, seq, outcome, undefined)
          : dropCopy(unit, seq, machine.id),
      [['bySeq', seq]],
    );
  }
}

/** Files that were never written look like deleted ones: they are nobody's work. */
function isHalfMade(stored: StoredWorkTree, loop: Loop | undefined): boolean {
  return stored.isHalfMade === true && loop === undefined;
}

function treeOf({ path, tree }: StoredWorkTree, loop: Loop | undefined): WorkTree | undefined {
  // An agent may have gone to another branch, which is not ours to remove.
  const branch = loop?.workTree?.made?.branch ?? tree?.branch;
  return branch === undefined || !tree ? undefined : { path, branch, base: loop?.workTree?.base ?? '', cwd: path };
}
