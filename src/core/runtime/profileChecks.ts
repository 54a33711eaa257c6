import type { Disposable } from '../model/disposable.ts';
import { LONGEST_SLEEP_MS } from '../ports/clock.ts';
import { applyCheck, type DueCheck, dueChecks, nextProfileCheckAt } from '../steps/profileHolds.ts';
import type { Engine } from './engine.ts';
import { Timer } from './timer.ts';

type CheckParts = Pick<Engine, 'context' | 'liveState' | 'transactions'>;

/**
 * Checks the profiles of holds cheaply, with growing pauses, and lets one loop go first where the cause is gone
 * (R14.3).
 */
export class ProfileChecks implements Disposable {
  readonly #parts: CheckParts;
  readonly #timer: Timer;

  constructor(parts: CheckParts) {
    this.#parts = parts;
    this.#timer = new Timer(parts.context.clock);
  }

  /** Resets its timer: what is held may have changed. */
  set(): void {
    const { context, liveState } = this.#parts;
    const now = context.clock.now();
    const at = context.checkProfile ? nextProfileCheckAt(liveState, context) : Number.POSITIVE_INFINITY;
    if (at === Number.POSITIVE_INFINITY) this.#timer.clear();
    else this.#timer.set(Math.min(Math.max(0, at - now), LONGEST_SLEEP_MS), at <= now ? this.#check : this.#look);
  }

  dispose(): void {
    this.#timer.dispose();
  }

  readonly #look = (): void => this.set();

  readonly #check = (): void => {
    const { transactions, context } = this.#parts;
    if (transactions.halted) return;
    // Claimed in the store first, so that one host alone asks the program.
    transactions
      .take(dueChecks)
      .then((due) => Promise.all(due.map((check) => this.#run(check))))
      .catch((error: unknown) => {
        context.log('Held profiles could not be checked; the next check follows later.', error);
        this.#timer.set(LONGEST_SLEEP_MS, this.#look);
      });
  };

  async #run(due: DueCheck): Promise<void> {
    const { transactions, context } = this.#parts;
    const found = (await context.checkProfile?.(due.agent, due.gate.reason).catch(() => undefined)) ?? 'unknown';
    if (found !== 'broken') await transactions.takeAndDispatch((unit) => applyCheck(unit, due, found));
  }
}
