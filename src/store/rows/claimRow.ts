/** A claim counts for so long (ms). What it is about is over by then. */
export const CLAIM_MS = 24 * 3_600_000;
