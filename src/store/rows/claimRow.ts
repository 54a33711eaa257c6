/** How long (ms) a claim counts. By then the event is history. */
export const CLAIM_MS = 24 * 3_600_000;
