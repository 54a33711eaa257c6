import type { Disposable } from '../model/disposable.ts';
import type { SupervisorContext } from '../state/context.ts';
import type { LiveState } from '../state/liveState.ts';
import type { LoopOwnership } from '../state/loopOwnership.ts';
import { adoptOrphanedRuns } from '../steps/leases.ts';
import { RetryLog } from './retryLog.ts';
import { Timer } from './timer.ts';
import type { TransactionQueue } from './transactionQueue.ts';

/** How often (ms) other windows' changes are looked for (R3.3: within a second). It costs one pragma. */
const LOOK_EVERY_MS = 500;

/** Looks for what other windows have done, and for what gone windows have left: a turn then acts on it. */
export class ChangePoller implements Disposable {
  readonly #context: SupervisorContext;
  readonly #liveState: LiveState;
  readonly #ownership: LoopOwnership;
  readonly #transactions: TransactionQueue;
  readonly #timer: Timer;
  /** Something was heard of, such as a change of others, and no turn has acted on it yet: it is told once. */
  #isBehind = false;
  /** A turn is on its way. */
  #isTaking = false;
  readonly #unread: RetryLog;
  readonly #undone: RetryLog;

  constructor(
    context: SupervisorContext,
    liveState: LiveState,
    ownership: LoopOwnership,
    transactions: TransactionQueue,
  ) {
    this.#context = context;
    this.#liveState = liveState;
    this.#ownership = ownership;
    this.#transactions = transactions;
    this.#timer = new Timer(context.clock);
    this.#unread = new RetryLog(context);
    this.#undone = new RetryLog(context);
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
      this.#liveState.apply(changes);
    }
    if (this.#isBehind) return true;
    if (this.#transactions.halted) return false;
    // Told once too.
    if (this.#ownership.hasPassedBy()) this.#isBehind = true;
    const orphans = [...this.#liveState.active.values()].filter((loop) =>
      this.#ownership.shouldAdopt(loop, loop.attempt.windowId),
    );
    return (
      this.#isBehind || orphans.length > 0 || this.#ownership.dead().length > 0 || this.#ownership.isTakenForDead()
    );
  }

  #takeStock(): void {
    // A turn that still waits will act on this too.
    if (this.#isTaking) return;
    this.#isTaking = true;
    this.#transactions
      .takeAndDispatch((unit) => {
        // A window that ends takes nothing over: nobody would tell those runs that it goes.
        if (!unit.startsNothing) adoptOrphanedRuns(unit, this.#ownership);
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
