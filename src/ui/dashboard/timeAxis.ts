const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Round durations (ms). */
export const STEPS = [
  SECOND,
  5 * SECOND,
  15 * SECOND,
  30 * SECOND,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
  30 * DAY,
];

/** Distances between the grid lines of durations (ms): short ones get more than a line at zero. */
export const DURATION_STEPS = [SECOND, 2 * SECOND, ...STEPS.slice(1)];

export interface Tick {
  /** Wall time, ms. */
  readonly at: number;
  readonly label: string;
}

/**
 * Equal time steps that span `from` to `to` (wall times, ms), at most `max + 1` of them, each beginning at a round
 * local time.
 */
export function timeSteps(from: number, to: number, max: number): readonly Tick[] {
  const size = stepFor(from, to, max);
  const starts = size >= DAY ? daysFrom(from, to, size) : timesFrom(startOf(from, size), to, size);
  const several = new Date(starts[0] ?? from).toDateString() !== new Date(to).toDateString();
  return starts.map((at) => ({ at, label: stepLabel(at, size, several) }));
}

function stepFor(from: number, to: number, max: number): number {
  return STEPS.find((one) => (to - from) / one <= max) ?? Math.ceil((to - from) / max / DAY) * DAY;
}

/** The last round time that is not after `at`. */
function startOf(at: number, size: number): number {
  const offset = new Date(at).getTimezoneOffset() * MINUTE;
  return Math.floor((at - offset) / size) * size + offset;
}

function timesFrom(first: number, to: number, size: number): number[] {
  return Array.from({ length: Math.floor((to - first) / size) + 1 }, (_, n) => first + n * size);
}

/** Calendar days: one can have 23 or 25 hours. */
function daysFrom(from: number, to: number, size: number): number[] {
  const starts: number[] = [];
  const date = new Date(from);
  for (date.setHours(0, 0, 0, 0); date.getTime() <= to; date.setDate(date.getDate() + Math.round(size / DAY)))
    starts.push(date.getTime());
  return starts;
}

/** A label that sets a step apart from its neighbours: its day, its time, or both if the steps span several days. */
function stepLabel(at: number, size: number, several: boolean): string {
  const date = new Date(at);
  if (size >= DAY) return dayLabel(date);
  const seconds = size < MINUTE ? `:${pad(date.getSeconds())}` : '';
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}${seconds}`;
  return several ? `${dayLabel(date)} ${time}` : time;
}

/** Round local times between `from` and `to` (wall times, ms), at most `max` of them. */
export function ticks(from: number, to: number, max: number): Tick[] {
  const step = STEPS.find((one) => (to - from) / one <= max) ?? (to - from) / Math.max(1, max);
  const list: Tick[] = [];
  if (step >= DAY) {
    // Calendar days: one can have 23 or 25 hours.
    const date = new Date(from);
    date.setHours(0, 0, 0, 0);
    for (; date.getTime() <= to && list.length <= max; date.setDate(date.getDate() + Math.round(step / DAY))) {
      if (date.getTime() >= from) list.push({ at: date.getTime(), label: dayLabel(date) });
    }
    return list;
  }
  const offset = new Date(from).getTimezoneOffset() * MINUTE;
  for (let at = Math.ceil((from - offset) / step) * step + offset; at <= to; at += step) {
    const date = new Date(at);
    const seconds = step < MINUTE ? `:${pad(date.getSeconds())}` : '';
    const time = `${pad(date.getHours())}:${pad(date.getMinutes())}${seconds}`;
    list.push({ at, label: time === '00:00' ? dayLabel(date) : time });
  }
  return list;
}

function dayLabel(date: Date): string {
  return `${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

function pad(n: number): string {
  return String(n).padStart(2, '0');
}
