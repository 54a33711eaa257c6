import type { Disposable } from '../model/disposable.ts';
import type { ActiveLoop } from '../model/loop.ts';
import { requestStop } from '../steps/requestStop.ts';
import { isWorkTreeGone, WORK_TREE_GONE } from '../steps/workTrees.ts';
import type { Engine } from './engine.ts';
import { RepeatedLook } from './repeatedLook.ts';

/** How often (ms) the work trees of running loops are looked at. */
const LOOK_EVERY_MS = 5_000;

/** Ends runs whose work tree was removed while they work in it: what they do there is lost (R12.6). */
export class WorkTreeWatch implements Disposable {
  readonly #engine: Engine;
  readonly #looks: RepeatedLook;
  /** Attempts whose work tree was gone at the last look: it may only have been moved for a moment. */
  #missing: ReadonlySet<number> = new Set();

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#looks = new RepeatedLook(engine.context, {
      everyMs: LOOK_EVERY_MS,
      isNeeded: () => this.#watched().length > 0,
      look: () => this.#look(),
      failure: 'A run whose work tree is gone could not be stopped',
    });
  }

  /** Looks from now on, if a loop of this host runs in a work tree of its own. */
  set(): void {
    this.#looks.set();
  }

  dispose(): void {
    this.#looks.dispose();
  }

  #watched(): ActiveLoop[] {
    const { liveState, runs } = this.#engine;
    return [...liveState.active.values()].filter(
      (loop) => loop.workTree?.made && loop.state !== 'stopping' && runs.of(loop),
    );
  }

  async #look(): Promise<void> {
    const { context, liveState, runs, transactions } = this.#engine;
    const gone = this.#watched().filter((loop) => isWorkTreeGone(context, loop));
    const before = this.#missing;
    this.#missing = new Set(gone.map(({ attempt }) => attempt.id));
    const certain = gone.filter(({ attempt }) => before.has(attempt.id));
    if (certain.length === 0) return;
    await transactions.take((unit) => {
      for (const { seq, attempt } of certain) {
        const loop = liveState.active.get(seq);
        if (loop?.attempt.id !== attempt.id || loop.attempt.stop) continue;
        const stopping = requestStop(unit, loop, 'restart', WORK_TREE_GONE);
        unit.effects.push(() => runs.sendStop(stopping, 'restart'));
      }
    });
  }
}
