import type { Disposable } from '../../core/model/disposable.ts';
import type { Clock } from '../../core/ports/clock.ts';

/** Something to look at again and again. */
export interface Polled {
  poll(): void;
  /** Whether something is expected at any moment. */
  readonly isEager: boolean;
}

const POLL_MS = 200;
const EAGER_MS = 8;
/** After this long (ms) without what was expected, looks return to the usual pace. */
const EAGER_FOR_MS = 2_000;

/** One timer for all runs of a window, and none when there are no runs. */
export class Poller implements Disposable {
  readonly #clock: Clock;
  readonly #polled = new Map<Polled, number>();
  #timer: Disposable | undefined;
  #timerIsEager = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(polled: Polled): void {
    this.#polled.set(polled, performance.now());
    this.#schedule();
  }

  remove(polled: Polled): void {
    this.#polled.delete(polled);
  }

  dispose(): void {
    this.#polled.clear();
    this.#timer?.dispose();
  }

  #schedule(): void {
    const eager = this.#hasEager();
    if (this.#timer && (this.#timerIsEager || !eager)) return;
    this.#timer?.dispose();
    this.#timerIsEager = eager;
    this.#timer = this.#clock.after(eager ? EAGER_MS : POLL_MS, () => {
      this.#timer = undefined;
      for (const polled of [...this.#polled.keys()]) polled.poll();
      if (this.#polled.size > 0) this.#schedule();
    });
  }

  #hasEager(): boolean {
    const now = performance.now();
    for (const [polled, since] of this.#polled) if (polled.isEager && now - since < EAGER_FOR_MS) return true;
    return false;
  }
}
