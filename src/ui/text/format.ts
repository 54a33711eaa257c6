import { type NanoUsd, toUsd } from '../../core/model/money.ts';
import { groupedNumber, twoDecimals, twoDigits } from './groupedNumber.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MEBIBYTE = 1024 * 1024;

/** A length of time (ms) in at most two units: `0s`, `12s`, `3m 05s`, `1h 04m`, `2d 3h`. */
export function formatDuration(ms: number): string {
  const [big, small] = split(ms);
  if (!small) return `${big.n}${big.unit[0]}`;
  const rest = small.unit === 'hour' ? String(small.n) : String(small.n).padStart(2, '0');
  return `${big.n}${big.unit[0]} ${rest}${small.unit[0]}`;
}

/** The same for a screen reader: `3 minutes 5 seconds`. */
export function speakDuration(ms: number): string {
  const [big, small] = split(ms);
  return small?.n ? `${count(big.n, big.unit)} ${count(small.n, small.unit)}` : count(big.n, big.unit);
}

type Part = { readonly n: number; readonly unit: 'second' | 'minute' | 'hour' | 'day' };

function split(ms: number): [Part, Part?] {
  const t = Math.max(0, ms);
  const part = (unit: Part['unit'], size: number, within = Number.POSITIVE_INFINITY): Part => ({
    n: Math.floor((t % within) / size),
    unit,
  });
  if (t < MINUTE) return [part('second', SECOND)];
  if (t < HOUR) return [part('minute', MINUTE), part('second', SECOND, MINUTE)];
  if (t < DAY) return [part('hour', HOUR), part('minute', MINUTE, HOUR)];
  return [part('day', DAY), part('hour', HOUR, DAY)];
}

/** `1 loop`, `3 loops`, `1,200 loops`. */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${formatNumber(n)} ${n === 1 ? noun : plural}`;
}

/** `9,800`. */
export function formatNumber(n: number): string {
  return groupedNumber(n);
}

/** USD with two decimals; below a cent with two significant digits, so that small costs do not show as zero. */
export function formatUsd(usd: number): string {
  const size = Math.abs(usd);
  return `$${size === 0 || size >= 0.00995 ? twoDecimals(usd) : twoDigits(usd)}`;
}

/** What a cost is made of. */
export interface CostParts {
  readonly cost: NanoUsd;
  /** The part that no agent named. */
  readonly costEstimated: NanoUsd;
  /** The part of the estimate that is a guess (R6.6). */
  readonly costUnknown?: NanoUsd;
  /** Some of the work is in no amount. */
  readonly costAtLeast?: boolean;
}

/** A cost for people: `≈` marks a partial estimate, `≥` that some work is not in it. Empty if there is none. */
export function formatCost({ cost, costEstimated, costUnknown = 0, costAtLeast = false }: CostParts): string {
  // A run that worked is never shown as free (R6.6).
  if (cost === 0) return costAtLeast ? 'cost unknown' : '';
  const amount = formatUsd(toUsd(cost));
  if (costUnknown >= cost) return `cost unknown, ≈${amount}`;
  return `${costAtLeast ? '≥' : costEstimated > 0 ? '≈' : ''}${amount}`;
}

/** The same for a screen reader. */
export function speakCost({ cost, costEstimated, costUnknown = 0, costAtLeast = false }: CostParts): string {
  if (cost === 0) return costAtLeast ? 'cost unknown' : '';
  const amount = formatUsd(toUsd(cost));
  if (costUnknown >= cost) return `cost unknown, guessed as ${amount}`;
  return `cost ${costAtLeast ? 'at least ' : ''}${amount}${costEstimated > 0 ? ', estimated' : ''}`;
}

/** Usage of processes: `12 % CPU, 240 MB`. */
export function formatUsage({
  cpuPercent,
  memoryBytes,
}: {
  readonly cpuPercent?: number;
  readonly memoryBytes: number;
}): string {
  const memory =
    memoryBytes < 1000 * MEBIBYTE
      ? `${Math.round(memoryBytes / MEBIBYTE)} MB`
      : `${(memoryBytes / (1024 * MEBIBYTE)).toFixed(1)} GB`;
  return cpuPercent === undefined ? memory : `${Math.round(cpuPercent)} % CPU, ${memory}`;
}

/** A wall time (ms) for people: `15:40` today, `Tue 15:40` within six days, otherwise `2026-03-01 15:40`. */
export function formatClock(at: number, now: number): string {
  const date = new Date(at);
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  const today = new Date(now);
  if (date.toDateString() === today.toDateString()) return time;
  if (Math.abs(at - now) < 6 * DAY)
    return `${['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][date.getDay()]} ${time}`;
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${time}`;
}

function pad(n: number): string {
  return String(n).padStart(2, '0');
}

/** The last part of a path, of either platform. */
export function baseName(path: string): string {
  return path.split(/[\\/]/).findLast((part) => part !== '') ?? path;
}
