/** How long (ms) another host may be waited for while a slot is kept for it. */
const PATIENCE_MS = 5_000;

/**
 * Since when others have been waited for, and whether that was long enough. Times that a clock went back from begin
 * anew.
 */
export class Patience<K> {
  readonly #now: () => number;
  readonly #since = new Map<K, number>();
  /** Those whose time was reported to be over. */
  readonly #reported = new Set<K>();

  /** `now`: the wall time, ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * These are all that are waited for: the time of each runs from now or earlier. Others that had not had theirs may
   * have been waited for by chance, for a moment.
   */
  waitFor(keys: Iterable<K>): void {
    const now = this.#now();
    const awaited = new Set(keys);
    for (const key of awaited) {
      const since = this.#since.get(key);
      if (since === undefined || since > now || this.isOver(key)) this.#begin(key, now);
    }
    for (const key of this.#since.keys()) if (!awaited.has(key) && !this.isOver(key)) this.forget(key);
  }

  isOver(key: K): boolean {
    const now = this.#now();
    return now - (this.#since.get(key) ?? now) >= PATIENCE_MS;
  }

  /** Since when (wall time, ms) it was waited for, if that is over. */
  overSince(key: K): number | undefined {
    return this.isOver(key) ? this.#since.get(key) : undefined;
  }

  /** All that are or were waited for, and since when (wall time, ms). */
  entries(): [key: K, since: number][] {
    return [...this.#since];
  }

  /** Stops waiting for it. Returns whether its time was reported to be over. */
  forget(key: K): boolean {
    this.#since.delete(key);
    return this.#reported.delete(key);
  }

  /** Whether the time of one more has run out: reported once. */
  hasRunOut(): boolean {
    const now = this.#now();
    let isNews = false;
    for (const [key, since] of this.entries()) {
      if (since > now) this.#begin(key, now);
      else if (this.isOver(key) && !this.#reported.has(key)) {
        this.#reported.add(key);
        isNews = true;
      }
    }
    return isNews;
  }

  #begin(key: K, since: number): void {
    this.#since.set(key, since);
    this.#reported.delete(key);
  }
}
