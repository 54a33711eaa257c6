/** What a fuzz run found: empty `found` is what is wanted. */
export interface FuzzResult {
  readonly cases: number;
  /** A sentence for each thing that went wrong; the first with the smallest case that shows it. */
  readonly found: readonly string[];
}

/** How much to try. The same seed tries the same cases. */
export interface FuzzOptions {
  readonly cases: number;
  readonly seed: number;
}
