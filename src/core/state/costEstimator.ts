import type { NanoUsd } from '../model/money.ts';
import type { StoreTransaction } from '../ports/store.ts';

/** What an agent's last loops have cost (R6.2): asked of the store once, until a finished loop may be another. */
export class CostEstimator {
  readonly #known = new Map<string, NanoUsd | undefined>();
  /** What `finishedChanges` was when they were read. */
  #readAt = 0;

  /** The median; undefined with too few loops that worked. `finishedChanges` is the live state's. */
  medianOf(agent: string, tx: Pick<StoreTransaction, 'medianCost'>, finishedChanges: number): NanoUsd | undefined {
    if (finishedChanges !== this.#readAt) {
      this.#readAt = finishedChanges;
      this.#known.clear();
    }
    if (!this.#known.has(agent)) this.#known.set(agent, tx.medianCost(agent));
    return this.#known.get(agent);
  }
}
