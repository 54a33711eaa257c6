import { NotReadyError, ShuttingDownError } from '../model/errors.ts';
import { TRY_AGAIN_MS } from '../ports/clock.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { noteReturn } from '../steps/absence.ts';
import { adoptOrphanedRuns, endDeadLeases, otherHeadless, saveLease } from '../steps/leases.ts';
import { leaseOfAnotherBoot, TwinError, takeOverLapsed } from '../steps/machineLeases.ts';
import { storeSettings } from '../steps/storeSettings.ts';
import { wakeForBudget } from '../steps/wake.ts';
import { watchRunning } from '../steps/watchMoney.ts';
import type { Engine } from './engine.ts';
import { goesOn } from './outlook.ts';
import type { Retention } from './retention.ts';
import { RetryLog } from './retryLog.ts';
import { stopOwnRuns } from './shutdown.ts';
import { withStoreTimeout } from './withStoreTimeout.ts';

/**
 * With `onWindowClose: stop`: how long (ms) runs wait for a window with their folder, so that a reload is not a close.
 */
const STOP_AFTER_MS = 15_000;

/** How often (ms) to look whether another machine renews this one's lease. */
const TWIN_LOOK_MS = 250;

const STARTING = 'Loop Supervisor is still starting. Try again in a moment.';
const HOSTED = 'A headless host is at work for these loops already.';
const CLOSED = 'Loop Supervisor has shut down in this window. Reload the window to go on.';

/** The life of a window's supervisor from start to end, and which work it takes when. */
export class Lifecycle {
  readonly #engine: Engine;
  readonly #retention: Retention;
  #phase: 'new' | 'working' | 'shutting-down' | 'closed' = 'new';
  #trouble: Error | undefined;
  /** What is to be done as soon as it works. */
  readonly #meanwhile: (() => void)[] = [];
  /** The shutdown or release that is under way. */
  #ending: Promise<void> | undefined;

  constructor(engine: Engine, retention: Retention) {
    this.#engine = engine;
    this.#retention = retention;
    engine.context.store.onTrouble((error) => {
      this.#trouble = error;
      engine.listeners.changed();
    });
  }

  /** Why no work is taken; undefined if it is. */
  get notReady(): string | undefined {
    if (this.#phase === 'new') return STARTING;
    if (this.#phase === 'closed') return CLOSED;
    return this.#trouble?.message;
  }

  /** For stops: they work even when the store is in trouble (R7.2). */
  mustBeOpen(): void {
    if (this.#phase === 'closed') throw new ShuttingDownError();
    if (this.#phase === 'new') throw new NotReadyError(STARTING);
  }

  /** For whatever changes something. */
  mustBeReady(): void {
    this.mustBeOpen();
    if (this.#trouble) throw new NotReadyError(this.#trouble.message, { cause: this.#trouble });
  }

  /** For new work: none is taken once the end has begun (R9.1). */
  mustTakeWork(): void {
    if (this.#phase !== 'working') throw new ShuttingDownError();
  }

  async start(): Promise<void> {
    const { transactions, ownership } = this.#engine;
    if (this.#isEnding) throw new NotReadyError(CLOSED);
    const { role } = this.#engine.context.window;
    if (role === 'caller') {
      await transactions.take((unit) => {
        if (!leaseOfAnotherBoot(unit)) endDeadLeases(unit, ownership);
      });
      this.#phase = 'working';
      this.#engine.begin();
      return;
    }
    await this.#register();
    // A shutdown may have been requested meanwhile: that is final.
    if (this.#isEnding) return;
    this.#phase = 'working';
    this.#engine.begin();
    this.#retention.begin();
    for (const retryUntilApplied of this.#meanwhile.splice(0)) retryUntilApplied();
  }

  /**
   * Registers this host and takes over what gone ones have left. A machine that was at work a moment ago before it was
   * started anew finds after a while that nobody renews its lease; one that has the identity of another one finds that
   * somebody does, which is an error (R16.5).
   */
  async #register(): Promise<void> {
    const { transactions, context } = this.#engine;
    for (let seen: number | undefined; !this.#isEnding; ) {
      try {
        transactions.halted = false;
        return await this.#tryToRegister();
      } catch (error) {
        transactions.halted = true;
        if (!(error instanceof TwinError) || (seen ?? error.renewedAt) !== error.renewedAt) throw error;
        seen = error.renewedAt;
        await new Promise<void>((resolve) => void context.clock.after(TWIN_LOOK_MS, resolve));
      }
    }
  }

  async #tryToRegister(): Promise<void> {
    const { transactions, machines, ownership, context } = this.#engine;
    const { role } = context.window;
    await transactions.takeAndDispatch((unit) => {
      if (this.#isEnding) return;
      endDeadLeases(unit, ownership);
      if (role === 'headless' && otherHeadless(unit)) throw new NotReadyError(HOSTED);
      saveLease(unit);
      takeOverLapsed(unit, machines);
      noteReturn(unit);
      storeSettings(unit);
      adoptOrphanedRuns(unit, ownership);
      // The limit may have been raised while no window was open, or set lower.
      wakeForBudget(unit, 'a window was opened, and the day has money left');
      watchRunning(unit);
    });
  }

  /**
   * Runs a transaction once the window works, and repeats it until the store lets it through. `what`: a sentence that
   * says that it could not, without its full stop.
   */
  retryUntilApplied(work: (unit: UnitOfWork) => void, what: string): void {
    const { transactions, context } = this.#engine;
    const retryLog = new RetryLog(context);
    const retryUntilApplied = () => {
      // The transaction of the start may have run before this was known.
      if (this.#phase === 'new') this.#meanwhile.push(retryUntilApplied);
      if (this.#phase !== 'working') return;
      transactions.takeAndDispatch(work).then(
        () => retryLog.withdraw(),
        (error: unknown) => {
          retryLog.make(what, error);
          context.clock.after(TRY_AGAIN_MS, retryUntilApplied);
        },
      );
    };
    retryUntilApplied();
  }

  /** Stops this window's work within `timeoutMs` (ms), then releases it (R9.1). */
  shutdown(timeoutMs: number): Promise<void> {
    return this.#end(() => stopOwnRuns(this.#engine, timeoutMs));
  }

  /** Releases this window's work, which goes on, or ends unless a window with its folder comes (R9.2). */
  release(): Promise<void> {
    const { runs, context } = this.#engine;
    return this.#end(() => runs.leave(context.settings.onWindowClose === 'stop' ? STOP_AFTER_MS : undefined));
  }

  /**
   * Gives the lease back if nothing goes on without a person, in one transaction with that look (R15.1): a loop that is
   * submitted at the same time is either seen here, or sees that no host is left. Resolves with whether it did.
   */
  async releaseIfIdle(): Promise<boolean> {
    const { transactions, context } = this.#engine;
    if (this.#phase !== 'working') return false;
    const isIdle = await transactions.take((unit) => {
      if (goesOn(this.#engine)) return false;
      unit.tx.releaseWindow(context.window.id);
      return true;
    });
    if (isIdle) this.dispose();
    return isIdle;
  }

  dispose(): void {
    this.#phase = 'closed';
    this.#engine.transactions.halted = true;
    this.#retention.dispose();
    this.#engine.dispose();
  }

  get #isEnding(): boolean {
    return this.#phase === 'shutting-down' || this.#phase === 'closed';
  }

  /** Ends it once: later calls wait for the same end. */
  #end(letGo: () => Promise<void> | void): Promise<void> {
    this.#ending ??= this.#close(letGo);
    return this.#ending;
  }

  /** Starts nothing new, then has `letGo` look after the runs, then gives the lease back. */
  async #close(letGo: () => Promise<void> | void): Promise<void> {
    if (this.#phase === 'closed') return;
    const { transactions, context } = this.#engine;
    this.#phase = 'shutting-down';
    transactions.halted = true;
    try {
      await letGo();
    } catch (error) {
      context.log('The runs of this window could not be looked after; they go on.', error);
    }
    const released = transactions.take((unit) => unit.tx.releaseWindow(context.window.id));
    await withStoreTimeout(context, released, 'The end of this window');
    this.dispose();
  }
}
