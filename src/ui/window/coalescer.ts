import type { Disposable } from '../../core/model/disposable.ts';
import type { Clock } from '../../core/ports/clock.ts';

/** Longest pause (ms), so that a clock jump during a run cannot postpone the next one for long. */
const LONGEST_PAUSE_MS = 2000;

/**
 * Coalesces bursts of calls: the first runs soon, later ones together after a pause. The pause is at least `minPauseMs`
 * and 20 times the duration of the last run (up to 2 s), so that runs take only a small share of the thread.
 */
export class Coalescer implements Disposable {
  readonly #run: () => void;
  readonly #minPauseMs: number;
  readonly #clock: Pick<Clock, 'now' | 'after'>;
  #timer: Disposable | undefined;
  /** Whether the pending timer is the pause after a run. */
  #pausing = false;
  #asked = false;
  #disposed = false;

  constructor(run: () => void, minPauseMs: number, clock: Pick<Clock, 'now' | 'after'>) {
    this.#run = run;
    this.#minPauseMs = minPauseMs;
    this.#clock = clock;
  }

  /** Requests a run, which never happens within this call. */
  readonly ask = (): void => {
    if (this.#disposed) return;
    if (this.#timer) this.#asked ||= this.#pausing;
    else this.#after(0, false, () => this.#runNow());
  };

  dispose(): void {
    this.#disposed = true;
    this.#timer?.dispose();
    this.#timer = undefined;
  }

  #runNow(): void {
    this.#asked = false;
    const begun = this.#clock.now();
    try {
      this.#run();
    } finally {
      const took = Math.max(0, this.#clock.now() - begun);
      if (!this.#disposed) {
        this.#after(Math.max(this.#minPauseMs, Math.min(took * 20, LONGEST_PAUSE_MS)), true, () => {
          if (this.#asked) this.#runNow();
        });
      }
    }
  }

  #after(ms: number, pausing: boolean, run: () => void): void {
    this.#pausing = pausing;
    this.#timer = this.#clock.after(ms, () => {
      this.#timer = undefined;
      run();
    });
  }
}
