import type { Status } from '../../src/core/model/status.ts';

/**
 * Tells whether what must come to its end still does. It may take as long as it takes on a slow machine: it stands
 * still where its number has not fallen for a long time.
 */
export class ComingToRest {
  readonly #patienceMs: number;
  #fewest = Number.POSITIVE_INFINITY;
  #since = performance.now();

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** `left`: how many have not come to their end. */
  standsStill(left: number): boolean {
    if (left < this.#fewest) {
      this.#fewest = left;
      this.#since = performance.now();
    }
    return performance.now() - this.#since > this.#patienceMs;
  }
}

/** How many loops have not come to their end. */
export function liveOf({ running, preparing, queued, backingOff, waiting }: Status): number {
  return running.length + preparing.length + queued.length + backingOff.length + waiting.length;
}

/** What is held, by the names by which a user tries it at once. */
export function heldNames({ holds }: Status): string[] {
  return holds.map(({ of }) => ('name' in of ? of.name : of.kind));
}
