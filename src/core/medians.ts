import type { NanoUsd } from './money.ts';
import type { Turn } from './turn.ts';

/** What an agent's last loops have cost, as the estimate of a loop that has none (R6.2): asked of the store once until a finished loop may be another. */
export class Medians {
  readonly #known = new Map<string, NanoUsd | undefined>();
  /** What `finishedChanges` was when they were taken. */
  #takenAt = 0;

  readonly of = (turn: Turn, agent: string): NanoUsd | undefined => {
    if (turn.mirror.finishedChanges !== this.#takenAt) {
      this.#takenAt = turn.mirror.finishedChanges;
      this.#known.clear();
    }
    if (!this.#known.has(agent)) this.#known.set(agent, turn.tx.medianCost(agent));
    return this.#known.get(agent);
  };
}
