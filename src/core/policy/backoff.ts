const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
/** The longest pause (ms) of a loop during an outage of its provider. */
const LONGEST_OUTAGE_PAUSE_MS = 15 * 60_000;

/** The longest wait before the `n`-th restart in a row (n from 1): 1 s, doubled each time, at most 60 s (R5.2). */
export function backoffCeilingMs(n: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, n - 1));
}

/**
 * The wait in ms before the `n`-th restart (R5.2): between half of the ceiling and all of it, so that loops that failed
 * together do not come back together. `random` returns a number from 0 up to 1.
 */
export function backoffMs(n: number, random: () => number): number {
  return Math.round(backoffCeilingMs(n) * (0.5 + random() / 2));
}

/**
 * The pause in ms after an outage of the provider let a loop do nothing (R5.7): 1 s, doubled with each failure of its
 * account in a row (`failures`, from 1), at most 15 minutes; the second half of it is random.
 */
export function outagePauseMs(failures: number, random: () => number): number {
  const ceiling = Math.min(LONGEST_OUTAGE_PAUSE_MS, FIRST_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(ceiling * (0.5 + random() / 2));
}
