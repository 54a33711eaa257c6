import type { SupervisorContext } from './context.ts';
import { dispatch } from './dispatch.ts';
import type { Homes } from './homes.ts';
import type { LiveMirror } from './mirror.ts';
import { Turn } from './turn.ts';

/** Takes turns on the store one after another, in the order in which they were asked for. */
export class Turns {
  /** Nothing new is begun here: no attempt is started, and no run taken over. */
  halted = true;
  readonly #context: SupervisorContext;
  readonly #mirror: LiveMirror;
  readonly #homes: Homes;
  readonly #committed: (turn: Turn) => void;
  #last: Promise<unknown> = Promise.resolve();

  /** `committed` does what follows from a turn, before the next one begins. */
  constructor(context: SupervisorContext, mirror: LiveMirror, homes: Homes, committed: (turn: Turn) => void) {
    this.#context = context;
    this.#mirror = mirror;
    this.#homes = homes;
    this.#committed = committed;
  }

  /**
   * Runs `work` in one transaction; what it decides takes effect when that is committed. Rejects, and changes nothing, if it throws.
   * Where the turn comes upon news, it fills free slots too: nobody else will hear of them. So it does where it frees budget (R3.3).
   */
  take<T>(work: (turn: Turn) => T): Promise<T> {
    return this.#enqueue((turn) => {
      const result = work(turn);
      if (turn.hasNews || turn.freesBudget) this.#fillSlots(turn);
      return result;
    });
  }

  /** Like `take`, and fills free slots in the same transaction in any case (R3.3). */
  takeAndDispatch<T>(work: (turn: Turn) => T): Promise<T> {
    return this.dispatchWithin((turn, fillSlots) => {
      const result = work(turn);
      fillSlots();
      return result;
    });
  }

  /** Like `takeAndDispatch`, where `work` itself says when, since it looks at what has started. */
  dispatchWithin<T>(work: (turn: Turn, fillSlots: () => void) => T): Promise<T> {
    return this.#enqueue((turn) => work(turn, () => this.#fillSlots(turn)));
  }

  /** As far as this window starts anything. */
  #fillSlots(turn: Turn): void {
    if (!turn.startsNothing) dispatch(turn, this.#homes);
  }

  #enqueue<T>(work: (turn: Turn) => T): Promise<T> {
    const result = this.#last.then(() => this.#run(work));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #run<T>(work: (turn: Turn) => T): Promise<T> {
    let turn: Turn | undefined;
    let result: T;
    try {
      result = await this.#context.store.write((tx) => {
        turn?.undo();
        turn = new Turn(tx, this.#context, this.#mirror, this.halted);
        return work(turn);
      });
    } catch (error) {
      turn?.undo();
      throw error;
    }
    this.#committed(turn as unknown as Turn);
    return result;
  }
}
