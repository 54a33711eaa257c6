import type { Disposable } from '../../core/model/disposable.ts';
import type { Clock } from '../../core/ports/clock.ts';

/** No pause is longer (ms), so that a jump of the clock during a run does not put the next one off for ever. */
const LONGEST_PAUSE_MS = 2000;

/**
 * Turns a storm of calls into few: the first runs in a moment, later ones together after a pause. However many come, they take a
 * small part of the thread: the pause is at least `minPauseMs`, and 20 times as long as the last run took (up to 2 s).
 */
export class Coalescer implements Disposable {
  readonly #run: () => void;
  readonly #minPauseMs: number;
  readonly #clock: Pick<Clock, 'now' | 'after'>;
  #timer: Disposable | undefined;
  /** Whether the timer that runs is the pause after a run. */
  #pausing = false;
  #asked = false;
  #disposed = false;

  constructor(run: () => void, minPauseMs: number, clock: Pick<Clock, 'now' | 'after'>) {
    this.#run = run;
    this.#minPauseMs = minPauseMs;
    this.#clock = clock;
  }

  /** Asks for a run. Never runs within the call. */
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
