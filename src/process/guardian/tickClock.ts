/** Longest time (ms) between two ticks. */
export const TICK_MS = 1_000;

/**
 * A clock that stands still while the machine is suspended or this process is stopped: it adds up the time between ticks, and a gap that is longer than
 * was asked for by more than a tick counts as what was asked for. Spans are in ms.
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

  /** Takes note of the time; answers what has passed since the last tick. */
  tick(): number {
    const now = this.#now();
    const gap = Math.max(0, now - this.#last);
    const counted = gap > this.#planned + TICK_MS ? this.#planned : gap;
    this.#last = now;
    this.#elapsed += counted;
    return counted;
  }

  /** How long to wait for the next tick, when something is due after `ms`; never more than `TICK_MS`. */
  plan(ms: number): number {
    this.#planned = Math.max(1, Math.min(TICK_MS, Math.ceil(ms)));
    return this.#planned;
  }
}
