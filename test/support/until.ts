import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until `probe` answers something truthy without throwing, and hands that on. After `timeoutMs` it throws, naming what was waited for and what
 * was seen last.
 */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  timeoutMs = 20_000,
): Promise<Exclude<T, false | 0 | '' | null | undefined>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let last: unknown;
    try {
      const value = await probe();
      if (value) return value as Exclude<T, false | 0 | '' | null | undefined>;
      last = value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline)
      throw new Error(`Waited ${timeoutMs} ms for ${what}. Seen last: ${show(last)}`, { cause: last });
    await sleep(25);
  }
}

function show(value: unknown): string {
  return value instanceof Error ? value.message : (JSON.stringify(value)?.slice(0, 2000) ?? String(value));
}
