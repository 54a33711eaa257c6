import type { Disposable } from '../model/disposable.ts';
import type { PreparingLoop } from '../model/loop.ts';
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
      const tree = await create(workTrees, loop);
      const isUsed = await this.#record((unit) => workTreeMade(unit, loop.seq, tree));
      // It was cancelled meanwhile, before any work was done in it.
      if (isUsed === false && loop.workTree) await workTrees.remove(loop.workTree.root, tree, false);
      const { carry } = loop.workTree ?? {};
      if (isUsed !== undefined && carry) await workTrees.forgetEverywhere([groupOf(carry)]);
    } catch (error) {
      log(`The work tree of loop ${loop.loopId} could not be made.`, error);
      const why = error instanceof Error ? error.message : String(error);
      await this.#record((unit) => workTreeFailed(unit, loop.seq, why));
    } finally {
      this.#underWay.delete(loop.seq);
      if (!this.#disposed) this.reconcile();
    }
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

function create(workTrees: WorkTrees, { loopId, title, workTree }: PreparingLoop): Promise<WorkTree> {
  if (!workTree) throw new Error('It is not recorded which work tree it is to have: submit it again');
  const { commonFolder, from, name, base, carry, outcome } = workTree;
  return workTrees.create({
    ...{ loopId, title, cwd: from, base, path: workTrees.pathOf(commonFolder, name) },
    ...(carry && { carry: carry.commit }),
    ...(outcome?.branch !== undefined && { branch: outcome.branch }),
  });
}
