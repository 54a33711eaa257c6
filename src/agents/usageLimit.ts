import { isZone, wallTime, zonedTime } from './zonedTime.ts';

/** That a usage window is used up, read from a message; `until` (ms) is its reset where the message names it. */
export interface UsageLimit {
  readonly until?: number;
}

// What agents say when a window of their subscription or quota is used up. Too many requests a minute are no such thing: agents wait
// for these themselves.
const LIMITS = [
  /\b(?:hit|reached|exceeded|exhausted)\s+(?:your|the|its|\w+['’]s)\s+(?:[\w-]+\s+){0,3}(?:limit|quota|allowance)\b(?!.*\bper minute\b)/i,
  /\b(?:usage|session|weekly|daily|monthly|(?:5|five)[- ]hour|opus|sonnet)\s+limit\s+(?:has been\s+|was\s+)?(?:reached|exceeded)\b/i,
  /\bout of (?:extra )?usage\b/i,
  /\bquota\s+(?:has been\s+|was\s+)?(?:exceeded|exhausted)\b/i,
  /\bquota will reset\b/i,
  /\busage_limit_reached\b/i,
] as const;

// A rate limit is about requests a minute, a context limit about one request, and an account without credit does not reset by itself.
const NO_LIMITS =
  /\brate[ -]limit|\b(?:context|token|turn|retry|output|length)\s+(?:length\s+|window\s+)?limit\b|\bplan and billing\b|insufficient_quota/i;

/** Messages are read so far: what comes later is a dump of something. */
const READ = 2_000;

/**
 * Reads a message of an agent's own error (never other output) as the end of a usage window; undefined when it is none.
 * `now` (ms) is what relative times and times of day count from.
 */
export function usageLimitIn(message: string, now: number): UsageLimit | undefined {
  const read = message.slice(0, READ);
  if (NO_LIMITS.test(read) || !LIMITS.some((limit) => limit.test(read))) return undefined;
  const until = resetTime(read, now);
  return until === undefined ? {} : { until };
}

/** The time (ms) that a message names for a reset: an epoch, a duration or a time of day, in that order. */
export function resetTime(message: string, now: number): number | undefined {
  return epoch(message) ?? duration(message, now) ?? timeOfDay(message, now);
}

/** An epoch that may be in seconds or in ms, as ms. */
export function epochMs(value: number): number {
  return value > 1e11 ? value : value * 1000;
}

function epoch(message: string): number | undefined {
  const digits = /\|\s*(\d{10,13})\b|"resets_?at"\s*:\s*(\d{10,13})\b/i.exec(message);
  return digits ? epochMs(Number(digits[1] ?? digits[2])) : undefined;
}

const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

// "in 2 days 17 hours 14 minutes", "after 3h20m10s", "in 32.5s".
function duration(message: string, now: number): number | undefined {
  const start = /\b(?:in|after)\s+(?=\d)/gi;
  for (const { index, 0: word } of message.matchAll(start)) {
    const part = /\s*(?:,|and)?\s*(\d+(?:\.\d+)?)\s*(ms\b|d|h|m|s)[a-z]*/iy;
    part.lastIndex = index + word.length;
    let total = 0;
    for (let found = part.exec(message); found; found = part.exec(message)) {
      total += Number(found[1]) * UNITS[(found[2] ?? 's').toLowerCase() as keyof typeof UNITS];
    }
    if (total > 0) return now + Math.ceil(total);
  }
  return undefined;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const TIME_OF_DAY = new RegExp(
  [
    /\b(?:resets?|again|until)\s+(?:(?:at|on)\s+)?/, // what comes before a time of reset
    /(?:(?<month>[a-z]{3,9})\.?\s+(?<day>\d{1,2})(?:st|nd|rd|th)?(?:,?\s+(?<year>\d{4}))?,?\s+(?:at\s+)?)?/,
    /(?<hour>\d{1,2})(?::(?<minute>\d{2}))?\s*(?<half>[ap]\.?m\b)?/,
    /(?:\s*\((?<zone>[\w/+-]+)\))?/,
  ]
    .map(({ source }) => source)
    .join(''),
  'i',
);

// "resets 2pm (Asia/Shanghai)", "try again at 6:49 AM", "try again at Nov 25th, 2026 6:49 AM": the next such time.
function timeOfDay(message: string, now: number): number | undefined {
  const { month, day, year, hour, minute, half, zone } = TIME_OF_DAY.exec(message)?.groups ?? {};
  if (hour === undefined || (minute === undefined && half === undefined)) return undefined;
  const inZone = zone !== undefined && isZone(zone) ? zone : undefined;
  const today = wallTime(now, inZone);
  const clock = {
    hour: half ? (Number(hour) % 12) + (/^p/i.test(half) ? 12 : 0) : Number(hour),
    minute: Number(minute ?? 0),
  };
  const monthNumber = month === undefined ? 0 : MONTHS.indexOf(month.slice(0, 3).toLowerCase()) + 1;
  if (month === undefined || monthNumber === 0) {
    const at = zonedTime({ ...today, ...clock }, inZone);
    return at > now ? at : zonedTime({ ...today, day: today.day + 1, ...clock }, inZone);
  }
  const date = { month: monthNumber, day: Number(day), ...clock };
  const at = zonedTime({ year: Number(year ?? today.year), ...date }, inZone);
  // Without a year, a date long past is one of next year: on New Year's Eve "Jan 1" is meant.
  return year === undefined && now - at > 180 * UNITS.d ? zonedTime({ year: today.year + 1, ...date }, inZone) : at;
}
