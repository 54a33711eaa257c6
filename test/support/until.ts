import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Only what hangs takes this long (ms), on the slowest and busiest machine too: a test waits for what it waits for, and
 * no wait has a limit of its own that is shorter. Who works on a test may want to know sooner, on a quiet machine.
 */
export const HANGS_MS = Number(process.env['LOOP_TEST_HANGS_MS'] ?? 180_000);
const PAUSE_MS = 25;
/** Between two looks at what takes long (ms): each look takes time from what is waited for. */
const LONGEST_PAUSE_MS = 50;
/** What can be lost, as a click on what is drawn anew, is begun anew after this long (ms) at first. */
const FIRST_PATIENCE_MS = 10_000;

/**
 * Waits until `probe` returns something truthy without throwing, and returns that. What hangs is an error that names
 * what was waited for and what was seen last. A probe of several steps gives each so long (ms) as it is told: if one
 * takes longer, the next try has twice the time, or the slowest machine would begin anew for ever.
 */
export async function until<T>(
  what: string,
  probe: (patienceMs: number) => T | Promise<T>,
  hangsMs = HANGS_MS,
): Promise<Exclude<T, false | 0 | '' | null | undefined>> {
  const from = performance.now();
  const deadline = from + hangsMs;
  let patienceMs = FIRST_PATIENCE_MS;
  for (;;) {
    const begun = performance.now();
    let last: unknown;
    try {
      const value = await probe(patienceMs);
      if (value) return value as Exclude<T, false | 0 | '' | null | undefined>;
      last = value;
    } catch (error) {
      last = error;
      if (performance.now() - begun >= patienceMs) patienceMs *= 2;
    }
    if (performance.now() > deadline)
      throw new Error(`Waited ${hangsMs / 1_000} s for ${what}. Seen last: ${show(last)}`, { cause: last });
    await sleep(Math.min(LONGEST_PAUSE_MS, PAUSE_MS + (performance.now() - from) / 50));
  }
}

/**
 * Checks again and again for so long (ms) that nothing changes: for what must not happen. Fails as soon as `probe`
 * throws.
 */
export async function stays(probe: () => unknown, forMs: number): Promise<void> {
  for (const end = performance.now() + forMs; performance.now() < end; await sleep(PAUSE_MS)) await probe();
}

function show(value: unknown): string {
  return value instanceof Error ? value.message : (JSON.stringify(value)?.slice(0, 2000) ?? String(value));
}
