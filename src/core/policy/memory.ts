/** The share of its limit from which a loop is shown to be near it. */
const NEAR = 0.9;

/**
 * The one of `all` that holds the most, where they hold more than `limit` together (bytes; 0: no limit). Ending it
 * leaves the most to the others (R13.2).
 */
export function largestBeyond<T>(all: readonly T[], held: (one: T) => number, limit: number): T | undefined {
  const total = all.reduce((sum, one) => sum + held(one), 0);
  if (limit === 0 || total <= limit) return undefined;
  return all.reduce((largest, one) => (held(one) > held(largest) ? one : largest));
}

/** Whether a loop that holds `held` bytes is near its limit (bytes; 0: no limit). */
export function isNearLimit(held: number, limit: number): boolean {
  return limit > 0 && held >= NEAR * limit;
}
