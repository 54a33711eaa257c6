import type { SupervisorContext } from '../state/context.ts';

/** A store that cannot be written must not block a stop for longer than this (ms, R7.2). */
const STOP_ANYWAY_MS = 1_000;

/** What `work` resolves with; undefined if that takes too long (it continues by itself) or fails, which is logged. */
export function withStoreTimeout<T>(
  { clock, log }: SupervisorContext,
  work: Promise<T>,
  what: string,
): Promise<T | undefined> {
  const watched = work.catch((error: unknown) => {
    log(`${what} could not be recorded.`, error);
    return undefined;
  });
  return new Promise((resolve) => {
    const timer = clock.after(STOP_ANYWAY_MS, () => resolve(undefined));
    watched.then((value) => {
      timer.dispose();
      resolve(value);
    });
  });
}
