/** How long (ms) a run that cannot be seen keeps its slot (R3.1). */
const UNSEEN_FOR_MS = 10 * 60_000;
/** The first and the longest pause (ms) between looks that fail. */
const PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
/** How long (ms) a run must be out of sight before that is worth mentioning. */
const SHOWN_AFTER_MS = 5_000;

export interface SightOptions {
  /** How long (ms) to go on looking for a run that cannot be seen. */
  readonly unseenForMs: number | undefined;
  /** Called when looks begin to fail, with the reason. */
  readonly onLost: (why: string) => void;
  /** They have failed for a while; `undefined` when the run was seen again. */
  readonly onUnseen: (why: string | undefined) => void;
}

/**
 * Whether a run can be seen (R3.1): looks that fail are made again, a little later each time, until the run is given
 * up.
 */
export class Sight {
  readonly #options: SightOptions;
  /** Since when (time of `performance.now`) no look could show whether the run goes on. */
  #unseenSince: number | undefined;
  #told: string | undefined;
  #pause = PAUSE_MS;
  #lookAgainAt = 0;

  constructor(options: SightOptions) {
    this.#options = options;
  }

  /** Whether it is time for a look. */
  isDue(now: number): boolean {
    return now >= this.#lookAgainAt;
  }

  /** A look failed. Returns false once the run has been out of sight for so long that it is given up. */
  fails(why: string, now: number): boolean {
    const { onLost, onUnseen, unseenForMs = UNSEEN_FOR_MS } = this.#options;
    if (this.#unseenSince === undefined) {
      this.#unseenSince = now;
      onLost(why);
    }
    if (why !== this.#told && now - this.#unseenSince >= SHOWN_AFTER_MS) {
      this.#told = why;
      onUnseen(why);
    }
    if (now - this.#unseenSince >= unseenForMs) return false;
    this.#lookAgainAt = now + this.#pause;
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
    return true;
  }

  /** A look has seen the run. */
  succeeds(): void {
    this.#unseenSince = undefined;
    this.#pause = PAUSE_MS;
    this.#lookAgainAt = 0;
    if (this.#told === undefined) return;
    this.#told = undefined;
    this.#options.onUnseen(undefined);
  }
}
