import type { Disposable } from './clock.ts';
import { Complaint } from './complaint.ts';
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
  /** Something was heard of, such as a change of others, and no turn has acted on it yet: it is told once. */
  #isBehind = false;
  /** A turn is on its way. */
  #isTaking = false;
  readonly #unread: Complaint;
  readonly #undone: Complaint;

  constructor(context: SupervisorContext, mirror: LiveMirror, homes: Homes, turns: Turns) {
    this.#context = context;
    this.#mirror = mirror;
    this.#homes = homes;
    this.#turns = turns;
    this.#timer = new Timer(context.clock);
    this.#unread = new Complaint(context);
    this.#undone = new Complaint(context);
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
      this.#unread.withdraw();
    } catch (error) {
      this.#unread.make('The store could not be read', error);
    }
  };

  /** Whether there is something to act on: news of others, or what gone windows have left, unless this window ends too. */
  #hasNews(): boolean {
    const changes = this.#context.store.changes();
    if (changes) {
      this.#isBehind = true;
      this.#mirror.apply(changes);
    }
    if (this.#isBehind) return true;
    if (this.#turns.halted) return false;
    // Told once too.
    if (this.#homes.hasPassedBy()) this.#isBehind = true;
    const orphans = [...this.#mirror.active.values()].filter((loop) => this.#homes.shouldAdopt(loop, loop.attempt.windowId));
    return this.#isBehind || orphans.length > 0 || this.#homes.dead().length > 0 || this.#homes.isTakenForDead();
  }

  #takeStock(): void {
    // A turn that still waits will act on this too.
    if (this.#isTaking) return;
    this.#isTaking = true;
    this.#turns
      .takeAndDispatch((turn) => {
        // A window that ends takes nothing over: nobody would tell those runs that it goes.
        if (!turn.startsNothing) takeOver(turn, this.#homes);
      })
      .then(
        () => {
          this.#isTaking = false;
          this.#isBehind = false;
          this.#undone.withdraw();
        },
        (error: unknown) => {
          this.#isTaking = false;
          this.#undone.make('What other windows have changed could not be acted on', error);
        },
      );
  }
}
