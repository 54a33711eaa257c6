/**
 * Money in integers of 10⁻⁹ USD (R6.1). A plain number is exact up to 9 million USD,
 * and sums of integers do not drift as sums of fractions do.
 */
export type NanoUsd = number;

const NANO = 1e9;
const LARGEST_USD = Number.MAX_SAFE_INTEGER / NANO;

/**
 * Whether `value` is a cost that may be added: a finite number of USD, 0 or more, and small enough to stay exact
 * (R6.6).
 */
export function isCost(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= LARGEST_USD;
}

/** USD to 10⁻⁹ USD, rounded to the nearest. The value must satisfy `isCost`. */
export function toNano(usd: number): NanoUsd {
  return Math.round(usd * NANO);
}

/** 10⁻⁹ USD to USD. */
export function toUsd(nano: NanoUsd): number {
  return nano / NANO;
}
