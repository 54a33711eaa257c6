import type { Disposable } from '../model/disposable.ts';
import { heardIn } from '../state/unitOfWork.ts';
import { adoptOrphanedRuns } from '../steps/leases.ts';
import { takeOverLapsed } from '../steps/machineLeases.ts';
import type { Engine } from './engine.ts';
import { RetryLog } from './retryLog.ts';
import { Timer } from './timer.ts';

/** How often (ms) other windows' changes are looked for (R3.3: within a second). It costs one pragma. */
const LOOK_EVERY_MS = 500;

/** The parts that it reads and acts on. */
type PollerParts = Pick<
  Engine,
  'context' | 'listeners' | 'liveState' | 'machines' | 'ownership' | 'placement' | 'transactions'
>;

/** Looks for changes of other windows, and for what closed windows have left; a transaction then acts on it. */
export class ChangePoller implements Disposable {
  readonly #parts: PollerParts;
  readonly #timer: Timer;
  /** There is news, such as a change of others, that no transaction has acted on yet: reported once. */
  #isBehind = false;
  /** A transaction is queued for it. */
  #isTaking = false;
  readonly #unread: RetryLog;
  readonly #undone: RetryLog;

  constructor(parts: PollerParts) {
    const { context } = parts;
    this.#parts = parts;
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
    this.#parts.transactions.sleepWatch.look();
    try {
      if (this.#hasNews()) this.#takeStock();
      this.#unread.withdraw();
    } catch (error) {
      this.#unread.make('The store could not be read', error);
    }
  };

  /**
   * Whether there is something to act on: news of others, or what gone windows have left, unless this window ends too.
   */
  #hasNews(): boolean {
    const changes = this.#parts.context.store.changes();
    if (changes) {
      this.#isBehind = true;
      this.#parts.liveState.apply(changes);
      if (this.#parts.context.window.role === 'caller') this.#parts.listeners.changed();
      for (const event of heardIn(changes, this.#parts.context)) this.#parts.listeners.tell(event);
    }
    // A mere caller only listens.
    if (this.#parts.context.window.role === 'caller') this.#isBehind = false;
    if (this.#isBehind) return true;
    if (this.#parts.transactions.halted) return false;
    // Reported once too.
    if (this.#parts.ownership.watchWindows()) {
      this.#parts.liveState.lanes.relane();
      this.#isBehind = true;
    }
    if (this.#parts.ownership.hasPassedBy()) this.#isBehind = true;
    if (this.#parts.placement.lookAgain()) this.#isBehind = true;
    return (
      this.#isBehind ||
      this.#parts.machines.isRenewalDue() ||
      this.#parts.machines.lapsed().length > 0 ||
      this.#hasOrphans() ||
      this.#parts.ownership.dead().length > 0 ||
      this.#parts.ownership.isTakenForDead()
    );
  }

  #hasOrphans(): boolean {
    const { liveState, ownership } = this.#parts;
    for (const loop of liveState.active.values()) if (ownership.shouldAdopt(loop, loop.attempt.windowId)) return true;
    for (const loop of liveState.preparing.values()) if (ownership.shouldAdopt(loop, loop.windowId)) return true;
    return false;
  }

  #takeStock(): void {
    // A transaction that is still queued will act on this too.
    if (this.#isTaking) return;
    this.#isTaking = true;
    this.#parts.transactions
      .takeAndDispatch((unit) => {
        // A window that is ending takes nothing over: those runs would not hear that it leaves.
        if (unit.startsNothing) return;
        takeOverLapsed(unit, this.#parts.machines);
        adoptOrphanedRuns(unit, this.#parts.ownership);
      })
      .then(
        () => {
          this.#isTaking = false;
          this.#isBehind = false;
          this.#undone.withdraw();
        },
        (error: unknown) => {
          this.#isTaking = false;
          this.#undone.make('Changes of other windows could not be processed', error);
        },
      );
  }
}
