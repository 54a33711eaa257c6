import { clausesIn } from './resetClause.ts';

/** That a usage window is used up; `until` (ms) is its reset, where the message names a time that is wholly clear. */
export interface UsageLimit {
  readonly until?: number;
}

// What agents say when a window of their subscription or quota is used up. Too many requests a minute do not count:
// agents wait for those themselves.
const LIMITS = [
  new RegExp(
    String.raw`\b(?:hit|reached|exceeded|exhausted)\s+(?:your|the|its|\w+['’]s)\s+` +
      String.raw`(?:[\w-]+\s+){0,3}(?:limit|quota|allowance)\b(?!.*\bper minute\b)`,
    'i',
  ),
  new RegExp(
    String.raw`\b(?:usage|session|weekly|daily|monthly|(?:5|five)[- ]hour|opus|sonnet)\s+limit\s+` +
      String.raw`(?:has been\s+|was\s+)?(?:reached|exceeded)\b`,
    'i',
  ),
  /\bout of (?:extra )?usage\b/i,
  /\bquota\s+(?:has been\s+|was\s+)?(?:exceeded|exhausted)\b/i,
  /\bquota will reset\b/i,
  /\busage_limit_reached\b/i,
] as const;

// A rate limit is about requests a minute, a context limit about one request, and an account without credit does not
// reset by itself.
const NO_LIMITS = new RegExp(
  [
    /\brate[ -]limit/,
    /\b(?:context|token|turn|retry|output|length)\s+(?:length\s+|window\s+)?limit\b/,
    /\bplan and billing\b|insufficient_quota/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'i',
);

/** How many characters of a message are read: the rest is a dump of something. */
const READ = 2_000;

/** A reset (ms) less far back than this has just passed: clocks differ, and messages take time. */
const JUST_PASSED_MS = 10 * 60_000;

/** No usage window is longer than a year (ms): anything further ahead was misread. */
const LONGEST_MS = 370 * 86_400_000;

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

/**
 * The time (ms) that a message names for a reset: an epoch or a timestamp, or the latest of its clauses. Undefined
 * where one of them is only half understood: then all of it is a guess. A time that has just passed means now.
 */
export function resetTime(message: string, now: number): number | undefined {
  const epoch = epochIn(message);
  if (epoch !== undefined) return plausible(epoch, now);
  let latest: number | undefined;
  for (const clause of clausesIn(message, now, now - JUST_PASSED_MS)) {
    if (clause === 'unclear') return undefined;
    latest = Math.max(latest ?? 0, clause);
  }
  return latest === undefined ? undefined : plausible(latest, now);
}

/** An epoch that an agent gives in seconds or in ms, as ms; undefined when it can be no reset. */
export function resetAt(value: number, now: number): number | undefined {
  return value > 0 ? plausible(value > 1e11 ? value : value * 1000, now) : undefined;
}

function plausible(at: number, now: number): number | undefined {
  if (!(at > now - JUST_PASSED_MS && at <= now + LONGEST_MS)) return undefined;
  return Math.max(at, now);
}

function epochIn(message: string): number | undefined {
  const digits = /\|\s*(\d{10}|\d{13})\b|"resets_?at"\s*:\s*(\d{10}|\d{13})\b/i.exec(message);
  if (digits) {
    const value = Number(digits[1] ?? digits[2]);
    return value > 1e11 ? value : value * 1000;
  }
  const written = /\b20\d\d-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)/.exec(message)?.[0];
  return written === undefined ? undefined : Date.parse(written);
}
