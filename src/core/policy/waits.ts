/**
 * No agent's usage window is as long as this (ms), nor is any other wait. A time that is further off was misread, or
 * the clock has gone back since: it is not waited for (R4.5).
 */
const LONGEST_WAIT_MS = 35 * 24 * 60 * 60_000;

/** A wait from a beginning to an end: wall times, ms. */
export interface Span {
  readonly since: number;
  readonly until: number;
}

/** Whether a wait until that wall time (ms) still lasts at `now`. */
export function isPending(until: number, now: number): boolean {
  return until > now && until - now <= LONGEST_WAIT_MS;
}

/**
 * A wait whose beginning lies in the future begins now and lasts as long as was planned: the clock has gone back
 * (R4.5).
 */
export function clampedSpan<T extends Span>(span: T, now: number): T {
  return span.since <= now ? span : { ...span, since: now, until: now + Math.max(0, span.until - span.since) };
}
