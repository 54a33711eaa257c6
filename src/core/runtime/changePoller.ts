import type { Disposable } from '../model/disposable.ts';
import { heardIn } from '../state/unitOfWork.ts';
import { adoptOrphanedRuns } from '../steps/leases.ts';
import { takeOverLapsed } from '../steps/machineLeases.ts';
import type { Engine } from './engine.ts';
import { RetryLog } from './retryLog.ts';
import { Timer } from './timer.ts';

/**
 * How often (ms) other windows' changes are looked for (R3.3: within a second). It costs one pragma. A store that
 * announces them is heard at once, but has no more transactions for it than this: each of them takes the lock.
 */
const LOOK_EVERY_MS = 500;

/** The parts that it reads and acts on. */
type PollerParts = Pick<
  Engine,
  'context' | 'listeners' | 'liveState' | 'machines' | 'ownership' | 'placement' | 'transactions'
>;

/**
 * Looks for changes of other windows, or hears of them, and looks for what closed windows have left; a transaction then
 * acts on it.
 */
export class ChangePoller implements Disposable {
  readonly #parts: PollerParts;
  readonly #timer: Timer;
  #hearing: Disposable | undefined;
  /** There is news, such as a change of others, that no transaction has acted on yet: reported once. */
  #isBehind = false;
  /** A transaction is queued for it. */
  #isTaking = false;
  /** There was such a transaction after the last look of the timer, or with it. */
  #hasTaken = false;
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
    this.#hearing = this.#parts.context.store.onNews(this.#hear);
  }

  dispose(): void {
    this.#timer.dispose();
    this.#hearing?.dispose();
  }

  readonly #look = (): void => {
    this.#hasTaken = false;
    this.#lookNow();
  };

  /** The store has announced news: they are shown at once, and acted on now or at the next look. */
  readonly #hear = (): void => {
    if (this.#hasTaken) this.#read(() => this.#takeChanges());
    else this.#lookNow();
  };

  #lookNow(): void {
    this.#timer.set(LOOK_EVERY_MS, this.#look);
    this.#parts.transactions.sleepWatch.look();
    this.#read(() => {
      if (this.#hasNews()) this.#takeStock();
    });
  }

  #read(read: () => void): void {
    try {
      read();
      this.#unread.withdraw();
    } catch (error) {
      this.#unread.make('The store could not be read', error);
    }
  }

  /** Shows what others have changed since the last time. */
  #takeChanges(): void {
    const changes = this.#parts.context.store.changes();
    if (!changes) return;
    this.#isBehind = true;
    this.#parts.liveState.apply(changes);
    this.#parts.listeners.changed();
    for (const event of heardIn(changes, this.#parts.context)) this.#parts.listeners.tell(event);
  }

  /**
   * Whether there is something to act on: news of others, or what gone windows have left, unless this window ends too.
   */
  #hasNews(): boolean {
    this.#takeChanges();
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
    this.#hasTaken = true;
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
