/** After how many missed beats a guardian is woken: a stopped process still looks alive. */
const LATE_BEATS = 3;
/** One that has missed so many more although it was woken does not work. */
const DEAD_BEATS = 12;
/** A longer gap (ms) than this between two looks means that we ourselves were held up. */
const LONGEST_GAP_MS = 1_000;

/** What a look at the heartbeat says. `late`: wake it. `dead`: it does not work although it was woken. */
export type Pulse = 'beats' | 'late' | 'dead';

/**
 * Watches the heartbeat of one guardian. Only the time in which we ourselves looked counts, so a suspended machine or a
 * window that was held up mistakes nobody for stopped.
 */
export class Heartbeat {
  readonly #beatMs: number;
  #lastBeat: number | undefined;
  #lookedAt: number;
  #missedMs = 0;

  /** `beatMs`: how often it beats. `now`: a monotonic time, ms. */
  constructor(beatMs: number, now: number) {
    this.#beatMs = beatMs;
    this.#lookedAt = now;
  }

  /** `beat`: the time of the last beat, as the file system has it; undefined when it could not be seen. */
  look(beat: number | undefined, now: number): Pulse {
    const gap = Math.min(Math.max(0, now - this.#lookedAt), LONGEST_GAP_MS);
    this.#lookedAt = now;
    // A beat that cannot be seen is not a missed one.
    if (beat === undefined || beat !== this.#lastBeat) this.#missedMs = 0;
    else this.#missedMs += gap;
    this.#lastBeat = beat ?? this.#lastBeat;
    if (this.#missedMs < LATE_BEATS * this.#beatMs) return 'beats';
    return this.#missedMs < (LATE_BEATS + DEAD_BEATS) * this.#beatMs ? 'late' : 'dead';
  }
}
