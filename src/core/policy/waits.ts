/**
 * No agent's usage window is as long as this (ms), nor is any other wait. A time that is further off was misread, or the clock has gone back
 * since: it is not waited for (R4.5).
 */
const LONGEST_WAIT_MS = 35 * 24 * 60 * 60_000;

/** Whether a wait until that wall time (ms) still lasts at `now`. */
export function isPending(until: number, now: number): boolean {
  return until > now && until - now <= LONGEST_WAIT_MS;
}
