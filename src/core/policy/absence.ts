import type { SeenOld } from '../ports/store.ts';

/** How often (ms) a running host records in the store that it is alive. */
export const ALIVE_EVERY_MS = 10 * 60_000;
/**
 * What was seen old is removed no sooner than this (ms) after: a clock that was wrong for a while deletes nothing
 * (R9.4).
 */
const SEEN_FOR_MS = 24 * 60 * 60_000;
/** The shortest time (ms) between two notes of what is old. */
const OBSERVED_EACH_MS = 50 * 60_000;

/** How long (ms) no host was alive, as far as is known: 0 if the clock gives no answer. */
export function absenceMs(seenAt: number | undefined, now: number): number {
  return seenAt === undefined ? 0 : Math.max(0, now - seenAt);
}

/**
 * Whether what was left alone for so long (ms) is held (R9.5): from `staleAfterMs` on, and never where that is 0.
 */
export function isStale(aloneMs: number, staleAfterMs: number): boolean {
  return staleAfterMs > 0 && aloneMs >= staleAfterMs;
}

/** Whether it is time for a host to record that it is alive, or the recorded time lies in the future. */
export function isAliveDue(seenAt: number | undefined, now: number): boolean {
  return seenAt === undefined || seenAt > now || now - seenAt >= ALIVE_EVERY_MS;
}

/**
 * Before which time what has finished may be removed at `now`: both old now and seen old for a day (R9.4). Undefined:
 * nothing may.
 */
export function removableBefore(seen: readonly SeenOld[], maxAgeMs: number, now: number): number | undefined {
  const proven = seen.filter(({ at }) => at <= now - SEEN_FOR_MS);
  return proven.length === 0 ? undefined : Math.min(now - maxAgeMs, Math.max(...proven.map(({ before }) => before)));
}

/**
 * The observations to keep: those of the last day, the newest of those before, and one of `now` unless the last one is
 * recent. Those from the future are dropped: the clock was wrong.
 */
export function observeOld(seen: readonly SeenOld[], maxAgeMs: number, now: number): readonly SeenOld[] {
  const past = seen.filter(({ at }) => at <= now).toSorted((a, b) => a.at - b.at);
  const firstRecent = past.findIndex(({ at }) => at > now - SEEN_FOR_MS);
  const kept = firstRecent < 0 ? past.slice(-1) : past.slice(Math.max(0, firstRecent - 1));
  const isDue = now - (kept.at(-1)?.at ?? Number.NEGATIVE_INFINITY) >= OBSERVED_EACH_MS;
  if (isDue) return [...kept, { at: now, before: now - maxAgeMs }];
  return kept.length === seen.length ? seen : kept;
}
