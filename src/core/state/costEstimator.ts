import type { NanoUsd } from '../model/money.ts';
import type { UnitOfWork } from './unitOfWork.ts';

/** What an agent's last loops have cost, as the estimate of a loop that has none (R6.2): asked of the store once until a finished loop may be another. */
export class CostEstimator {
  readonly #known = new Map<string, NanoUsd | undefined>();
  /** What `finishedChanges` was when they were taken. */
  #takenAt = 0;

  readonly of = (unit: UnitOfWork, agent: string): NanoUsd | undefined => {
    if (unit.liveState.finishedChanges !== this.#takenAt) {
      this.#takenAt = unit.liveState.finishedChanges;
      this.#known.clear();
    }
    if (!this.#known.has(agent)) this.#known.set(agent, unit.tx.medianCost(agent));
    return this.#known.get(agent);
  };
}
