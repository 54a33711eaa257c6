/** Longest time (ms) between two ticks. */
export const TICK_MS = 1_000;
/** A tick later than this (ms) was delayed by suspend or by a SIGSTOP; a shorter delay is a busy machine. */
const LATEST_MS = 30_000;

/**
 * A clock that stands still while the machine is suspended: it adds up the time between ticks. A late tick counts in
 * full, since deadlines must hold on a busy machine (R7.6); one that is later than any load explains counts as planned.
 * Spans are in ms.
 */
export class TickClock {
  #elapsed = 0;
  #last: number;
  #planned = TICK_MS;
  readonly #now: () => number;

  /** `now`: a monotonic time, ms. */
  constructor(now: () => number) {
    this.#now = now;
    this.#last = now();
  }

  /** Time that has passed, as of the last tick. */
  get elapsed(): number {
    return this.#elapsed;
  }

  /** Takes note of the time; returns what has passed since the last tick. */
  tick(): number {
    const now = this.#now();
    const gap = Math.max(0, now - this.#last);
    const counted = gap > this.#planned + LATEST_MS ? this.#planned : gap;
    this.#last = now;
    this.#elapsed += counted;
    return counted;
  }

  /** How long to wait for the next tick when something is due after `ms`; never more than `TICK_MS`. */
  plan(ms: number): number {
    this.#planned = Math.max(1, Math.min(TICK_MS, Math.ceil(ms)));
    return this.#planned;
  }
}
