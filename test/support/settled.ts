import type { FakeClock } from './fakeClock.ts';

/** What a call resolves with, as time goes on. */
export async function settled<T>(clock: FakeClock, call: Promise<T>): Promise<T> {
  let isSettled = false;
  call.then(
    () => (isSettled = true),
    () => (isSettled = true),
  );
  while (!isSettled) await clock.advance(100);
  return call;
}
