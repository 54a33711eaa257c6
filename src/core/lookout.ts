import type { Disposable } from './clock.ts';
import type { SupervisorContext } from './context.ts';
import type { Homes } from './homes.ts';
import { takeOver } from './lease.ts';
import type { LiveMirror } from './mirror.ts';
import { Timer } from './timer.ts';
import type { Turns } from './turns.ts';

/** How often (ms) other windows' changes are looked for (R3.3: within a second). It costs one pragma. */
const LOOK_EVERY_MS = 500;

/** Looks for what other windows have done, and for what gone windows have left: a turn then acts on it. */
export class Lookout implements Disposable {
  readonly #context: SupervisorContext;
  readonly #mirror: LiveMirror;
  readonly #homes: Homes;
  readonly #turns: Turns;
  readonly #timer: Timer;
  /** Others have changed something, and the turn that was to act on it failed: the store tells of a change once. */
  #isBehind = false;

  constructor(context: SupervisorContext, mirror: LiveMirror, homes: Homes, turns: Turns) {
    this.#context = context;
    this.#mirror = mirror;
    this.#homes = homes;
    this.#turns = turns;
    this.#timer = new Timer(context.clock);
  }

  begin(): void {
    this.#timer.set(LOOK_EVERY_MS, this.#look);
  }

  dispose(): void {
    this.#timer.dispose();
  }

  readonly #look = (): void => {
    this.#timer.set(LOOK_EVERY_MS, this.#look);
    try {
      if (this.#hasNews()) this.#takeStock();
    } catch (error) {
      this.#context.log('The store could not be read; it is tried again.', error);
    }
  };

  #hasNews(): boolean {
    const changes = this.#context.store.changes();
    if (changes) this.#mirror.apply(changes);
    const dead = this.#homes.dead();
    const orphans = [...this.#mirror.active.values()].filter((loop) => this.#homes.shouldAdopt(loop, loop.attempt.windowId));
    return changes !== undefined || this.#isBehind || dead.length > 0 || orphans.length > 0 || this.#homes.hasPassedBy();
  }

  #takeStock(): void {
    this.#turns
      .takeAndDispatch((turn) => takeOver(turn, this.#homes))
      .then(
        () => {
          this.#isBehind = false;
        },
        (error: unknown) => {
          if (!this.#isBehind) this.#context.log('What other windows have changed could not be acted on; it is tried again.', error);
          this.#isBehind = true;
        },
      );
  }
}
