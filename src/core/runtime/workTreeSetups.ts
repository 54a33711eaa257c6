import type { Disposable } from '../model/disposable.ts';
import type { PreparingLoop } from '../model/loop.ts';
import type { RepositoryRef } from '../model/repository.ts';
import type { OwnWorkTree } from '../model/workTree.ts';
import { TRY_AGAIN_MS } from '../ports/clock.ts';
import type { WorkTree, WorkTrees } from '../ports/workTrees.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { workTreeFailed, workTreeMade } from '../steps/workTrees.ts';
import type { Engine } from './engine.ts';
import { groupOf } from './planWorkTree.ts';
import { RetryLog } from './retryLog.ts';

type SetupParts = Pick<Engine, 'context' | 'liveState' | 'transactions'>;

/**
 * Makes the work trees of the loops that this host prepares (R12.1). Making one twice gives the same work tree, so that
 * another host can go on where a crash left it.
 */
export class WorkTreeSetups implements Disposable {
  readonly #parts: SetupParts;
  readonly #underWay = new Set<number>();
  #disposed = false;

  constructor(parts: SetupParts) {
    this.#parts = parts;
  }

  /** Starts on those that the store assigns to this host. */
  reconcile(): void {
    const { liveState, context } = this.#parts;
    for (const loop of liveState.preparing.values()) {
      if (loop.windowId !== context.window.id || this.#underWay.has(loop.seq)) continue;
      this.#underWay.add(loop.seq);
      void this.#make(loop);
    }
  }

  dispose(): void {
    this.#disposed = true;
  }

  async #make(loop: PreparingLoop): Promise<void> {
    const { workTrees, log } = this.#parts.context;
    try {
      if (!workTrees) throw new Error('Git cannot be used here');
      const own = loop.repository ? await this.#inClone(workTrees, loop, loop.repository) : loop.workTree;
      const tree = await create(workTrees, loop, own);
      const became = await this.#record((unit) => workTreeMade(unit, loop.seq, tree, own));
      // It was cancelled meanwhile: what is on the branch is from a work tree before, which was removed from under it.
      if (became === 'ended' && own)
        await workTrees.remove(own.root, tree, (await workTrees.unsaved(own.root, tree)).commits > 0);
      const { carry } = loop.workTree ?? {};
      if ((became === 'used' || became === 'ended') && carry) await workTrees.forgetEverywhere([groupOf(carry)]);
    } catch (error) {
      log(`The work tree of loop ${loop.loopId} could not be made.`, error);
      const why = error instanceof Error ? error.message : String(error);
      await this.#record((unit) => workTreeFailed(unit, loop.seq, why));
    } finally {
      this.#underWay.delete(loop.seq);
      if (!this.#disposed) this.reconcile();
    }
  }

  /** The work tree in the clone that this machine has of the loop's repository, with its commit there (R16.4). */
  async #inClone(
    workTrees: WorkTrees,
    { workTree }: PreparingLoop,
    { address, prefix }: RepositoryRef,
  ): Promise<OwnWorkTree | undefined> {
    const clone = this.#parts.context.clones?.find((one) => one.address === address);
    if (!clone) throw new Error(`loopSupervisor.repositories names no clone of ${address} on this machine any more`);
    if (!workTree) return undefined;
    if (prefix.split('/').includes('..'))
      throw new Error(`its folder ${prefix} is not in the repository: submit it again`);
    const { root } = clone;
    await workTrees.fetchCommit(root, address, workTree.base);
    const look = await workTrees.look(root);
    if (look.kind === 'none') throw new Error(look.message);
    const from = prefix === '' ? root : `${root}/${prefix}`;
    return { ...workTree, root, commonFolder: look.repository.commonFolder, from };
  }

  /** Stores the result; a store that refuses is tried again. Undefined once this host has been released. */
  async #record<T>(work: (unit: UnitOfWork) => T): Promise<T | undefined> {
    const { context, transactions } = this.#parts;
    const retryLog = new RetryLog(context);
    while (!this.#disposed) {
      try {
        const result = await transactions.takeAndDispatch(work);
        retryLog.withdraw();
        return result;
      } catch (error) {
        if (this.#disposed) return undefined;
        retryLog.make('What became of a work tree could not be stored', error);
        await new Promise<void>((resolve) => context.clock.after(TRY_AGAIN_MS, resolve));
      }
    }
    return undefined;
  }
}

function create(
  workTrees: WorkTrees,
  { loopId, title, repository }: PreparingLoop,
  own: OwnWorkTree | undefined,
): Promise<WorkTree> {
  if (!own) throw new Error('It is not recorded which work tree it is to have: submit it again');
  const { commonFolder, root, from, name, base, carry, outcome } = own;
  return workTrees.create({
    ...{ loopId, title, base, path: workTrees.pathOf(commonFolder, name) },
    // Its folder may not be there in what the clone has checked out.
    ...(repository ? { cwd: root, prefix: repository.prefix } : { cwd: from }),
    ...(carry && { carry: carry.commit }),
    ...(outcome?.branch !== undefined && { branch: outcome.branch }),
  });
}
