import type { SupervisorContext } from '../state/context.ts';
import type { LiveState } from '../state/liveState.ts';
import type { LoopOwnership } from '../state/loopOwnership.ts';
import { UnitOfWork } from '../state/unitOfWork.ts';
import { dispatch } from '../steps/dispatch.ts';

/** Takes turns on the store one after another, in the order in which they were asked for. */
export class TransactionQueue {
  /** Nothing new is begun here: no attempt is started, and no run taken over. */
  halted = true;
  readonly #context: SupervisorContext;
  readonly #liveState: LiveState;
  readonly #ownership: LoopOwnership;
  readonly #committed: (unit: UnitOfWork) => void;
  #last: Promise<unknown> = Promise.resolve();

  /** `committed` does what follows from a turn, before the next one begins. */
  constructor(
    context: SupervisorContext,
    liveState: LiveState,
    ownership: LoopOwnership,
    committed: (unit: UnitOfWork) => void,
  ) {
    this.#context = context;
    this.#liveState = liveState;
    this.#ownership = ownership;
    this.#committed = committed;
  }

  /**
   * Runs `work` in one transaction; what it decides takes effect when that is committed. Rejects, and changes nothing, if it throws.
   * Where the turn comes upon news, it fills free slots too: nobody else will hear of them. So it does where it frees budget (R3.3).
   */
  take<T>(work: (unit: UnitOfWork) => T): Promise<T> {
    return this.#enqueue((unit) => {
      const result = work(unit);
      if (unit.hasNews || unit.freesBudget) this.#fillSlots(unit);
      return result;
    });
  }

  /** Like `take`, and fills free slots in the same transaction in any case (R3.3). */
  takeAndDispatch<T>(work: (unit: UnitOfWork) => T): Promise<T> {
    return this.dispatchWithin((unit, fillSlots) => {
      const result = work(unit);
      fillSlots();
      return result;
    });
  }

  /** Like `takeAndDispatch`, where `work` itself says when, since it looks at what has started. */
  dispatchWithin<T>(work: (unit: UnitOfWork, fillSlots: () => void) => T): Promise<T> {
    return this.#enqueue((unit) => work(unit, () => this.#fillSlots(unit)));
  }

  /** As far as this window starts anything. */
  #fillSlots(unit: UnitOfWork): void {
    if (!unit.startsNothing) dispatch(unit, this.#ownership);
  }

  #enqueue<T>(work: (unit: UnitOfWork) => T): Promise<T> {
    const result = this.#last.then(() => this.#run(work));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #run<T>(work: (unit: UnitOfWork) => T): Promise<T> {
    let unit: UnitOfWork | undefined;
    let result: T;
    try {
      result = await this.#context.store.write((tx) => {
        unit?.undo();
        unit = new UnitOfWork(tx, this.#context, this.#liveState, this.halted);
        return work(unit);
      });
    } catch (error) {
      unit?.undo();
      throw error;
    }
    this.#committed(unit as unknown as UnitOfWork);
    return result;
  }
}
