import { type Day, dayOf, firstShowing, instantOf, isDay, isZone, type TimeOfDay, type Zone } from './wallClock.ts';

/** What a clause says: an instant (ms), or that it names a time which was not wholly understood. */
type Clause = number | 'unclear';

// The words before a time of reset, and those that may stand within it.
const BEGINNING = /\b(?:resets?|reset\s+will\s+be|(?:try|retry|available)\s+again|until|retry)\b/gi;
const BETWEEN = /^(?:on|at|by|in|after|the|and|,)$/;

/** A longer clause (characters) was not written for people. */
const LONGEST_CLAUSE = 120;

/**
 * What a message says of a reset, clause by clause, such as `resets Nov 27, 1pm (Europe/Berlin)` or `try again in 2
 * days 5 minutes`. A clause goes on to the end of its sentence, and each of its words has to be understood; one without
 * a digit, such as `try again later`, names no time. `now` (ms) is what durations and days count from, `earliest` the
 * first instant that a time of day can mean.
 */
export function clausesIn(message: string, now: number, earliest: number): Clause[] {
  const found: Clause[] = [];
  for (const { index, 0: beginning } of message.matchAll(BEGINNING)) {
    const text = plainly(message.slice(index + beginning.length, index + beginning.length + LONGEST_CLAUSE));
    const [clause = ''] = text.split(CLAUSE_END, 1);
    if (!/\d/.test(clause)) continue;
    found.push((clause.length < LONGEST_CLAUSE && read(wordsOf(clause), now, earliest)) || 'unclear');
  }
  return found;
}

/** Where the sentence ends or moves on from the time. */
const CLAUSE_END = /[.!?;](?=\s|$)|[·∙|"\n\]}]|\s[-–—]\s|,?\s+(?:or(?!\s+so\b)|to|unless|if|when)\s/;

/** Without the full stops of abbreviations. */
function plainly(text: string): string {
  return text
    .toLowerCase()
    .replace(/\b([ap])\.\s?m\b\.?/g, '$1m')
    .replace(/\b([a-z]{3,4})\.(?=\s\d)/g, '$1');
}

function wordsOf(clause: string): string[] {
  return clause.match(/\([^()]*\)|\d+(?:\.\d+)?|[\p{L}_/]+(?:[+-]\d+(?::\d+)?)?|\S/gu) ?? [];
}

function read(words: readonly string[], now: number, earliest: number): number | undefined {
  const parts = words.filter((word) => !BETWEEN.test(word));
  const lasting = duration(parts);
  return lasting === undefined ? timeOf(parts, now, earliest) : now + lasting;
}

const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(?:ms|msecs?|milliseconds?)$/, 1],
  [/^(?:s|secs?|seconds?)$/, 1000],
  [/^(?:m|mins?|minutes?)$/, 60_000],
  [/^(?:h|hrs?|hours?)$/, 3_600_000],
  [/^(?:d|days?)$/, 86_400_000],
  [/^(?:w|weeks?)$/, 604_800_000],
];

/** How long `2 days 17 hours` or `3h20m10s` lasts, ms; undefined when it is anything else. */
function duration(words: readonly string[]): number | undefined {
  if (words.length === 0 || words.length % 2 === 1) return undefined;
  let total = 0;
  for (let at = 0; at < words.length; at += 2) {
    const unit = UNITS.find(([name]) => name.test(words[at + 1] ?? ''))?.[1];
    const count = Number(words[at]);
    if (unit === undefined || !Number.isFinite(count)) return undefined;
    total += count * unit;
  }
  return Math.ceil(total);
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** The parts of a point in time that were found. */
interface TimeParts {
  time?: TimeOfDay;
  zone?: { readonly name: Zone };
  month?: number;
  day?: number;
  year?: number;
  weekday?: number;
  /** Days from today. */
  ahead?: number;
}

/** The instant (ms) that these words name; undefined when one of them is not understood, or fits nothing. */
function timeOf(words: readonly string[], now: number, earliest: number): number | undefined {
  const parts: TimeParts = {};
  for (let at = 0; at < words.length; ) {
    const used = takeTime(words, at, parts) || takeDay(words, at, parts) || takeZone(words, at, parts);
    if (used === 0) return undefined;
    at += used;
  }
  return parts.time === undefined ? undefined : instantFrom(parts, parts.time, now, earliest);
}

/** `3pm`, `11:30 a.m.`, `18:49`: how many words it takes. A bare number is none. */
function takeTime(words: readonly string[], at: number, parts: TimeParts): number {
  const [hour = '', colon, minute = ''] = words.slice(at, at + 3);
  if (parts.time || !/^\d{1,2}$/.test(hour)) return 0;
  const withMinute = colon === ':' && /^\d{2}$/.test(minute);
  const after = at + (withMinute ? 3 : 1);
  const half = /^([ap])\.?m\.?$/.exec(words[after] ?? '')?.[1];
  if (!withMinute && half === undefined) return 0;
  const shown = { hour: Number(hour), minute: withMinute ? Number(minute) : 0 };
  if (shown.minute > 59 || (half ? shown.hour < 1 || shown.hour > 12 : shown.hour > 23)) return 0;
  parts.time = half ? { ...shown, hour: (shown.hour % 12) + (half === 'p' ? 12 : 0) } : shown;
  return after - at + (half ? 1 : 0);
}

/** `Nov 25th 2026`, `25 November`, `2026-11-25`, `Monday`, `tomorrow`: how many words it takes. */
function takeDay(words: readonly string[], at: number, parts: TimeParts): number {
  const word = words[at] ?? '';
  const next = words[at + 1] ?? '';
  const named = parts.month !== undefined || parts.weekday !== undefined || parts.ahead !== undefined;
  if (word === 'today' || word === 'tomorrow') {
    if (named) return 0;
    parts.ahead = word === 'today' ? 0 : 1;
    return 1;
  }
  const weekday = nameIn(WEEKDAYS, word);
  if (weekday >= 0 && parts.weekday === undefined && parts.ahead === undefined) {
    parts.weekday = weekday;
    return 1;
  }
  if (parts.month !== undefined) {
    if (parts.year !== undefined || !/^20\d\d$/.test(word)) return 0;
    parts.year = Number(word);
    return 1;
  }
  const iso = /^(20\d\d) - (\d\d) - (\d\d)$/.exec(words.slice(at, at + 5).join(' '));
  if (iso) {
    parts.year = Number(iso[1]);
    return setDay(parts, Number(iso[2]), Number(iso[3]), 5);
  }
  const [month, day] = nameIn(MONTHS, word) >= 0 ? [word, next] : [next, word];
  if (nameIn(MONTHS, month) < 0 || !/^\d{1,2}$/.test(day)) return 0;
  const ordinal = month === word && /^(?:st|nd|rd|th)$/.test(words[at + 2] ?? '') ? 1 : 0;
  return setDay(parts, nameIn(MONTHS, month) + 1, Number(day), 2 + ordinal);
}

function setDay(parts: TimeParts, month: number, day: number, used: number): number {
  parts.month = month;
  parts.day = day;
  return used;
}

/** A name, whole or cut to at least three letters: `Sept`, `Thu.`. */
function nameIn(names: readonly string[], word: string): number {
  return /^[a-z]{3,9}$/.test(word) ? names.findIndex((name) => FULL[name]?.startsWith(word)) : -1;
}

const FULL: { readonly [short: string]: string } = Object.fromEntries(
  [
    'january february march april may june july august september october november december',
    'sunday monday tuesday wednesday thursday friday saturday',
  ]
    .flatMap((names) => names.split(' '))
    .map((name) => [name.slice(0, 3), name]),
);

/** Names that mean one offset everywhere, in minutes. Others, such as CST, mean several. */
const OFFSETS: { readonly [name: string]: number } = {
  ...{ utc: 0, gmt: 0, z: 0, pst: -480, pdt: -420, mst: -420, mdt: -360, est: -300, edt: -240 },
  ...{ cet: 60, cest: 120, eest: 180, jst: 540 },
};

/** `(Europe/Berlin)`, `UTC`, `GMT+2`, `PDT`: how many words it takes. */
function takeZone(words: readonly string[], at: number, parts: TimeParts): number {
  const word = words[at] ?? '';
  const name = /^\((.*)\)$/.exec(word)?.[1]?.trim() ?? word;
  if (parts.zone) return 0;
  const offset = Object.hasOwn(OFFSETS, name) ? OFFSETS[name] : offsetIn(name);
  if (offset !== undefined) parts.zone = { name: offset };
  else if (name.includes('/') && isZone(name)) parts.zone = { name };
  return parts.zone ? 1 : 0;
}

function offsetIn(name: string): number | undefined {
  const [, sign, hours, minutes] = /^(?:utc|gmt)([+-])(\d{1,2})(?::(\d{2}))?$/.exec(name) ?? [];
  if (sign === undefined || Number(hours) > 14 || Number(minutes ?? 0) > 59) return undefined;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes ?? 0));
}

/** The first instant at or after `earliest` that fits all parts; undefined when nothing can. */
function instantFrom(parts: TimeParts, time: TimeOfDay, now: number, earliest: number): number | undefined {
  const zone = parts.zone?.name;
  const today = dayOf(now, zone);
  if (parts.month !== undefined) return onDate(parts, time, earliest, zone);
  if (parts.ahead !== undefined) return instantOf({ ...today, day: today.day + parts.ahead }, time, zone);
  if (parts.weekday === undefined) return firstShowing(time, earliest, zone);
  const ahead = (parts.weekday - new Date(Date.UTC(today.year, today.month - 1, today.day)).getUTCDay() + 7) % 7;
  const at = instantOf({ ...today, day: today.day + ahead }, time, zone);
  return at >= earliest ? at : instantOf({ ...today, day: today.day + ahead + 7 }, time, zone);
}

/** No usage window is longer than a month: a date without a year that is further ahead (ms) has passed. */
const LONGEST_WITHOUT_YEAR_MS = 62 * 86_400_000;

/**
 * On a date. One without a year is the next such date, so that "Jan 1" is tomorrow on New Year's Eve; yesterday's is
 * none of next year.
 */
function onDate({ month = 1, day = 1, year, weekday }: TimeParts, time: TimeOfDay, earliest: number, zone: Zone) {
  const thisYear = dayOf(earliest, zone).year;
  const years = year === undefined ? [thisYear, thisYear + 1] : [year];
  const dates: Day[] = years.map((each) => ({ year: each, month, day })).filter(isDay);
  const fits = dates.filter(
    (date) => weekday === undefined || new Date(Date.UTC(date.year, date.month - 1, date.day)).getUTCDay() === weekday,
  );
  const at = fits.map((date) => instantOf(date, time, zone)).find((instant) => instant >= earliest);
  if (at === undefined || (year === undefined && at > earliest + LONGEST_WITHOUT_YEAR_MS)) return undefined;
  return at;
}
