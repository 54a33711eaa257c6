import type { Disposable } from '../model/disposable.ts';
import type { Clock } from '../ports/clock.ts';

/** One timer: setting it replaces its earlier time. Once disposed it cannot be set again. */
export class Timer implements Disposable {
  readonly #clock: Clock;
  #pending: Disposable | undefined;
  #disposed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `run` once after `ms` (0 to 2³¹−1). */
  set(ms: number, run: () => void): void {
    this.#pending?.dispose();
    if (!this.#disposed) this.#pending = this.#clock.after(ms, run);
  }

  /** Takes the time back that was set, if any. */
  clear(): void {
    this.#pending?.dispose();
    this.#pending = undefined;
  }

  dispose(): void {
    this.#disposed = true;
    this.#pending?.dispose();
  }
}
