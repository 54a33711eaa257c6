import type { Disposable } from '../model/disposable.ts';

/**
 * Time as the core sees it. Everything that waits or asks for the time does it here, so that tests own time.
 * Implementations: the system clock, and the fake clock of the tests.
 */
export interface Clock {
  /** Wall time in ms since the epoch: for records and the calendar day. It may jump, forwards and back. */
  now(): number;
  /** The local calendar day of a wall time as `YYYY-MM-DD` (R6.1). */
  day(at: number): string;
  /** The wall time (ms) at which the local calendar day after that of `at` begins, daylight saving included. */
  nextDay(at: number): number;
  /** Calls `run` once after `ms` (0 to 2³¹−1) unless disposed before. It does not keep the process alive. */
  after(ms: number, run: () => void): Disposable;
}

/** No timer can be set for longer (ms): it would fire at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How long (ms) what failed for a reason that may pass waits before it is tried again. */
export const TRY_AGAIN_MS = 1_000;

/**
 * No timer of the core sleeps longer than this (ms): it wakes and recomputes, so that no clock jump is slept through
 * (R4.5).
 */
export const LONGEST_SLEEP_MS = 30_000;
