import type { Settings } from '../model/settings.ts';

/** What a failure means for the restarts of its loop. */
export interface RestartVerdict {
  /** Whether the loop may be restarted; if not it has failed for good (R5.1). */
  readonly allowed: boolean;
  /** The restarts to keep: with the new one if allowed. Wall times in ms, oldest first. */
  readonly restarts: readonly number[];
}

/**
 * Adds one restart at `now` if the intensity allows, as OTP's `add_restart` does (R5.1): at most `maxRestarts` within a
 * sliding window of `windowMs`. Times in the future (the clock went back) become now (R4.5), so that they leave the
 * window in time.
 */
export function addRestart(restarts: readonly number[], settings: Settings['restart'], now: number): RestartVerdict {
  const inWindow = restarts.map((at) => Math.min(at, now)).filter((at) => now - at <= settings.windowMs);
  if (inWindow.length >= settings.maxRestarts) return { allowed: false, restarts: inWindow };
  return { allowed: true, restarts: [...inWindow, now] };
}
