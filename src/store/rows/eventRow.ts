import * as z from 'zod/mini';
import type { SupervisorEvent } from '../../core/model/event.ts';
import { json } from './codecs.ts';

/** Texts of events are cut to so many characters: other hosts show them, and the loop has the whole. */
const TEXT_MAX = 2_000;

const events = json(z.array(z.looseObject({ type: z.string(), at: z.int(), host: z.string() })));

/** How the events of a transaction are stored: null if there are none. */
export function eventsText(given: readonly SupervisorEvent[]): string | null {
  if (given.length === 0) return null;
  const whole = JSON.stringify(given);
  // Nothing in it is longer than the whole.
  if (whole.length <= TEXT_MAX) return whole;
  return JSON.stringify(given, (_, value: unknown) => (typeof value === 'string' ? value.slice(0, TEXT_MAX) : value));
}

/** The events of a row. One that cannot be read counts as none: only notices depend on it. */
export function eventsOf(stored: unknown): readonly SupervisorEvent[] {
  if (stored === null || stored === undefined) return [];
  const read = z.safeParse(events, stored);
  return read.success ? (read.data as unknown as readonly SupervisorEvent[]) : [];
}
