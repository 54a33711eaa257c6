/** A day and a time of day as a clock on the wall shows it. `month` counts from 1. */
export interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

/** What clocks show at `at` (ms) in an IANA time zone, or in this machine's when none is given. */
export function wallTime(at: number, zone?: string): WallTime {
  const parts = Object.fromEntries(
    format(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  );
  return {
    year: parts['year'] ?? 0,
    month: parts['month'] ?? 1,
    day: parts['day'] ?? 1,
    hour: (parts['hour'] ?? 0) % 24,
    minute: parts['minute'] ?? 0,
  };
}

/** When (ms) clocks show `time` in a zone; a day past the end of a month runs on into the next one. */
export function zonedTime({ year, month, day, hour, minute }: WallTime, zone?: string): number {
  const wanted = Date.UTC(year, month - 1, day, hour, minute);
  let at = wanted;
  // The first guess is off by the zone's offset; the second round settles it where the clocks change in between.
  for (let round = 0; round < 2; round++) {
    const shown = wallTime(at, zone);
    at += wanted - Date.UTC(shown.year, shown.month - 1, shown.day, shown.hour, shown.minute);
  }
  return at;
}

/** Whether the machine knows a time zone of that name. */
export function isZone(zone: string): boolean {
  try {
    format(zone);
    return true;
  } catch {
    return false;
  }
}

function format(zone: string | undefined): Intl.DateTimeFormat {
  const fields = {
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    hourCycle: 'h23',
    calendar: 'iso8601',
  } as const;
  return new Intl.DateTimeFormat('en-US', { ...fields, ...(zone !== undefined && { timeZone: zone }) });
}
