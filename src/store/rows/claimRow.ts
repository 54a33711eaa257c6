/** How long (ms) a claim counts. What it is about is over by then. */
export const CLAIM_MS = 24 * 3_600_000;
