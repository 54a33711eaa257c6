/** A time of day, as a clock on the wall shows it. */
export interface TimeOfDay {
  readonly hour: number;
  readonly minute: number;
}

/** A day of the calendar. `month` counts from 1. */
export interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** A zone by its IANA name, or a fixed offset from UTC in minutes; undefined is the zone of this machine. */
export type Zone = string | number | undefined;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * The first instant (ms) at or after `from` at which clocks in the zone show `time`. Where they jump over it, as in
 * spring, the instant of the jump stands for it (R14.4).
 */
export function firstShowing(time: TimeOfDay, from: number, zone: Zone): number {
  const { year, month, day } = dayOf(from, zone);
  // Clocks change by less than a day, and a day that is left out is one jump.
  for (let more = -1; more < 4; more++) {
    const instants = instantsOf({ year, month, day: day + more }, time, zone);
    const found = instants.find((at) => at >= from);
    if (found !== undefined) return found;
  }
  return from + DAY_MS;
}

/** The first instant (ms) at which clocks in the zone show that time of that day, or jump over it. */
export function instantOf(day: Day, time: TimeOfDay, zone: Zone): number {
  return instantsOf(day, time, zone)[0] ?? 0;
}

/** The day that the calendar shows in a zone at an instant (ms). */
export function dayOf(at: number, zone: Zone): Day {
  const shown = new Date(shownAt(at, zone));
  return { year: shown.getUTCFullYear(), month: shown.getUTCMonth() + 1, day: shown.getUTCDate() };
}

/** Whether the machine knows a time zone of that name. */
export function isZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** Whether a month has such a day. */
export function isDay({ year, month, day }: Day): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** All instants at which clocks show a time: one, two where they are set back, the jump where they skip it. */
function instantsOf({ year, month, day }: Day, { hour, minute }: TimeOfDay, zone: Zone): number[] {
  const wanted = Date.UTC(year, month - 1, day, hour, minute);
  if (typeof zone === 'number') return [wanted - zone * MINUTE_MS];
  // Whatever change there is lies within a day of it, so the zone's offsets are those of a day before and after.
  const offsets = [wanted - DAY_MS, wanted + DAY_MS].map((at) => shownAt(at, zone) - at);
  const instants = [...new Set(offsets.map((offset) => wanted - offset))].sort((a, b) => a - b);
  const shown = instants.filter((at) => shownAt(at, zone) === wanted);
  return shown.length > 0 ? shown : [jumpOver(wanted, instants[0] ?? wanted, instants.at(-1) ?? wanted, zone)];
}

/** The first whole minute between two instants at which clocks show more than `wanted`. */
function jumpOver(wanted: number, before: number, after: number, zone: Zone): number {
  let low = before - MINUTE_MS;
  let high = after;
  while (high - low > MINUTE_MS) {
    const middle = low + Math.floor((high - low) / 2 / MINUTE_MS) * MINUTE_MS;
    if (shownAt(middle, zone) > wanted) high = middle;
    else low = middle;
  }
  return high;
}

/** What clocks show at an instant (ms), to the minute, as the instant at which they show the same in UTC. */
function shownAt(at: number, zone: Zone): number {
  if (typeof zone === 'number') return at + zone * MINUTE_MS;
  if (zone === undefined) {
    const date = new Date(at);
    return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate(), date.getHours(), date.getMinutes());
  }
  const parts: { [type: string]: number } = {};
  for (const { type, value } of formatOf(zone).formatToParts(at)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour % 24, minute);
}

/** Formats are slow to make. They depend on nothing but the zone, and few zones are named. */
const FORMATS = new Map<string, Intl.DateTimeFormat>();
const MOST_FORMATS = 50;

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = FORMATS.get(zone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    hourCycle: 'h23',
    calendar: 'iso8601',
  });
  if (FORMATS.size >= MOST_FORMATS) FORMATS.clear();
  FORMATS.set(zone, format);
  return format;
}
