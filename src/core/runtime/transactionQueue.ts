import type { StatedRead } from '../ports/store.ts';
import type { SupervisorContext } from '../state/context.ts';
import type { LiveState } from '../state/liveState.ts';
import { UnitOfWork } from '../state/unitOfWork.ts';
import { noteSleep } from '../steps/absence.ts';
import { type DispatchParts, dispatch } from '../steps/dispatch.ts';
import { reclaimRuns, renewLease } from '../steps/machineLeases.ts';
import { markParked } from '../steps/parking.ts';
import { SleepWatch } from './sleepWatch.ts';

/** What every transaction may need beside the store. */
interface TransactionParts extends DispatchParts {
  /** Whether this host follows the run of an attempt. */
  readonly follows: (attemptId: number) => boolean;
}

/** Runs transactions one after another, in the order of the calls. */
export class TransactionQueue {
  /** This host begins nothing new: it starts no attempt and adopts no run. */
  halted = true;
  /** Whether this host slept with its machine: the next transaction holds what nobody looked after (R9.5). */
  readonly sleepWatch: SleepWatch;
  readonly #context: SupervisorContext;
  readonly #liveState: LiveState;
  readonly #dispatchParts: TransactionParts;
  readonly #committed: (unit: UnitOfWork) => void;
  #last: Promise<unknown> = Promise.resolve();

  /** `committed` does what follows a commit, before the next transaction begins. */
  constructor(
    context: SupervisorContext,
    liveState: LiveState,
    dispatchParts: TransactionParts,
    committed: (unit: UnitOfWork) => void,
  ) {
    this.#context = context;
    this.sleepWatch = new SleepWatch(context);
    this.#liveState = liveState;
    this.#dispatchParts = dispatchParts;
    this.#committed = committed;
  }

  /**
   * Runs `work` in one transaction; its decisions take effect after commit. Rejects, and changes nothing, if it throws.
   * If the transaction sees external changes or moves the day's money, it also dispatches (R3.3). `reads` states what
   * `work` reads from the store.
   */
  take<T>(work: (unit: UnitOfWork) => T, reads: readonly StatedRead[] = []): Promise<T> {
    return this.#enqueue((unit) => {
      const result = work(unit);
      if (unit.mayStartMore) this.#fillSlots(unit);
      return result;
    }, reads);
  }

  /** Like `take`, and always dispatches in the same transaction (R3.3). */
  takeAndDispatch<T>(work: (unit: UnitOfWork) => T): Promise<T>;
  /** Resolves with what `then` makes of the result of `work` after the dispatch. */
  takeAndDispatch<T, R>(
    work: (unit: UnitOfWork) => T,
    then: (unit: UnitOfWork, result: T) => R,
    reads: readonly StatedRead[],
  ): Promise<R>;
  takeAndDispatch<T, R>(
    work: (unit: UnitOfWork) => T,
    then?: (unit: UnitOfWork, result: T) => R,
    reads: readonly StatedRead[] = [],
  ): Promise<T | R> {
    return this.#enqueue((unit) => {
      const result = work(unit);
      this.#fillSlots(unit);
      return then ? then(unit, result) : result;
    }, reads);
  }

  /** If this host starts anything. */
  #fillSlots(unit: UnitOfWork): void {
    if (unit.startsNothing) return;
    reclaimRuns(unit, this.#dispatchParts.follows);
    dispatch(unit, this.#dispatchParts);
  }

  #enqueue<T>(work: (unit: UnitOfWork) => T, reads: readonly StatedRead[]): Promise<T> {
    const result = this.#last.then(() => this.#run(work, reads));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #run<T>(work: (unit: UnitOfWork) => T, reads: readonly StatedRead[]): Promise<T> {
    let unit: UnitOfWork | undefined;
    let sleptMs = 0;
    let result: T;
    try {
      result = await this.#context.store.write(
        (tx) => {
          unit?.undo();
          unit = new UnitOfWork(tx, this.#context, this.#liveState, this.halted);
          renewLease(unit);
          sleptMs = this.sleepWatch.look();
          noteSleep(unit, sleptMs);
          const result = work(unit);
          markParked(unit);
          if (unit.events.length > 0) tx.addEvents(unit.events);
          return result;
        },
        reads,
        () => unit?.undo(),
      );
    } catch (error) {
      unit?.undo();
      throw error;
    }
    this.sleepWatch.actedOn(sleptMs);
    this.#committed(unit as unknown as UnitOfWork);
    return result;
  }
}
