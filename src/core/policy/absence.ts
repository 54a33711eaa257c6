import type { SeenOld } from '../ports/store.ts';

/** How often (ms) a host that works says so in the store. */
export const ALIVE_EVERY_MS = 10 * 60_000;
/** What was seen old is removed no sooner than this (ms) after: a clock that was wrong for a while deletes nothing (R9.4). */
const SEEN_FOR_MS = 24 * 60 * 60_000;

/** How long (ms) no host was alive, as far as is known: 0 where the clock says nothing of it. */
export function absenceMs(seenAt: number | undefined, now: number): number {
  return seenAt === undefined ? 0 : Math.max(0, now - seenAt);
}

/** Whether it is time for a host to say that it is alive, or the time that was said lies in the future. */
export function isAliveDue(seenAt: number | undefined, now: number): boolean {
  return seenAt === undefined || seenAt > now || now - seenAt >= ALIVE_EVERY_MS;
}

/** Before which time what has finished may be removed at `now`: both old now and seen old for a day (R9.4). Undefined: nothing may. */
export function removableBefore(seen: readonly SeenOld[], maxAgeMs: number, now: number): number | undefined {
  const proven = seen.filter(({ at }) => at <= now - SEEN_FOR_MS);
  return proven.length === 0 ? undefined : Math.min(now - maxAgeMs, Math.max(...proven.map(({ before }) => before)));
}

/** The observations to keep, with one of `now` where the last one is a day old. Those from the future are none: the clock was wrong. */
export function observeOld(seen: readonly SeenOld[], maxAgeMs: number, now: number): readonly SeenOld[] {
  const past = seen.filter(({ at }) => at <= now).toSorted((a, b) => a.at - b.at);
  const last = past.at(-1);
  const isDue = last === undefined || now - last.at >= SEEN_FOR_MS;
  if (!isDue) return past.length === seen.length ? seen : past;
  return [...past, { at: now, before: now - maxAgeMs }].slice(-2);
}
