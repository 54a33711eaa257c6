import type { Disposable } from '../model/disposable.ts';
import type { ActiveLoop } from '../model/loop.ts';
import { largestBeyond } from '../policy/memory.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { requestStop } from '../steps/requestStop.ts';
import type { Engine } from './engine.ts';
import { RepeatedLook } from './repeatedLook.ts';

/** How often (ms) the memory of running loops is measured if a limit is set. */
const LOOK_EVERY_MS = 1_000;

/**
 * Holds all loops of this machine together to their limit of memory (R13.2), and says which of them are near their own.
 * Each loop's own limit is held by its guardian, which needs no host.
 */
export class MemoryWatch implements Disposable {
  readonly #engine: Engine;
  readonly #looks: RepeatedLook;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#looks = new RepeatedLook(engine.context, {
      everyMs: LOOK_EVERY_MS,
      isNeeded: () => this.#isNeeded,
      look: () => this.#look(),
      failure: 'The memory of the loops could not be measured',
    });
  }

  /** Starts measuring, if any loop runs and there is a limit. */
  set(): void {
    this.#looks.set();
  }

  dispose(): void {
    this.#looks.dispose();
  }

  get #isNeeded(): boolean {
    const { context, liveState } = this.#engine;
    const { memory, totalMemory } = context.settings.limits;
    const isNeeded = (memory > 0 || totalMemory > 0) && liveState.active.size > 0;
    if (!isNeeded) context.memoryHeld = 0;
    return isNeeded;
  }

  async #look(): Promise<void> {
    const { context, liveState, runs, transactions } = this.#engine;
    const attempts = [...liveState.active.values()].map(({ attempt }) => attempt);
    const held = await context.launcher.memoryOf(attempts);
    context.memoryHeld = [...held.values()].reduce((sum, bytes) => sum + bytes, 0);
    for (const loop of liveState.active.values())
      runs.of(loop)?.memory(held.get(loop.attempt.token), context.settings.limits.memory);
    if (this.#largest(held) === undefined) return;
    // Another host may have stopped one meanwhile.
    await transactions.take((unit) => this.#stopLargest(unit, held));
  }

  #largest(held: ReadonlyMap<string, number>): ActiveLoop | undefined {
    const { context, liveState } = this.#engine;
    const running = [...liveState.active.values()].filter(({ attempt }) => attempt.stop === undefined);
    return largestBeyond(running, (loop) => held.get(loop.attempt.token) ?? 0, context.settings.limits.totalMemory);
  }

  #stopLargest(unit: UnitOfWork, held: ReadonlyMap<string, number>): void {
    const largest = this.#largest(held);
    if (!largest) return;
    const stopping = requestStop(
      unit,
      largest,
      'memory',
      'all loops together use too much memory, and it uses the most',
    );
    unit.effects.push(() => this.#engine.runs.sendStop(stopping, 'memory'));
  }
}
