import { isCost, toNano, toUsd } from '../../core/model/money.ts';
import {
  DEFAULT_SETTINGS,
  type Doubt,
  type Doubts,
  type Reserves,
  type Settings,
  type SettingValue,
} from '../../core/model/settings.ts';
import { ISOLATIONS } from '../../core/model/workTree.ts';
import { backoffCeilingMs } from '../../core/policy/backoff.ts';
import { ruleProblem } from '../../core/policy/permissionRules.ts';
import { formatDuration } from '../text/format.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const MEBIBYTE = 1024 * 1024;
const GIBIBYTE = 1024 * MEBIBYTE;

/** On POSIX, or on Windows with a drive or a share. */
const ABSOLUTE = /^(?:\/|[A-Za-z]:[\\/]|\\\\)/;

/** A problem of a setting. `key` is its name without `loopSupervisor.`; `message` is a sentence. */
export interface SettingProblem {
  readonly key: string;
  readonly message: string;
}

/** How a number appears in the settings: its range, and the factor to the core's unit. */
interface NumberRule {
  readonly min: number;
  readonly max: number;
  readonly integer: boolean;
  readonly unit: number;
}

const whole = (min: number, max: number, unit = 1): NumberRule => ({ min, max, integer: true, unit });
const fraction = (min: number, max: number, unit: number): NumberRule => ({ min, max, integer: false, unit });

/** Ranges of all number settings. A test keeps package.json equal. */
export const NUMBER_RULES = {
  maxConcurrent: whole(1, 64),
  maxQueueDepth: whole(0, 100_000),
  maxSubmitDepth: whole(0, 10),
  'restart.maxRestarts': whole(0, 100),
  'restart.windowSeconds': whole(1, 86_400, SECOND),
  'restart.maxTotal': whole(0, 1_000),
  'circuitBreaker.failureThreshold': whole(1, 1000),
  'circuitBreaker.cooldownSeconds': whole(1, 86_400, SECOND),
  'circuitBreaker.halfOpenMaxProbes': whole(1, 64),
  'budget.dailyLimitUsd': fraction(0, 1_000_000, 1),
  'budget.warnAtPercent': whole(1, 100),
  'budget.minAllowanceUsd': fraction(0.01, 1_000_000, 1),
  loopTimeoutMinutes: fraction(0, 10_080, MINUTE),
  killGraceSeconds: fraction(0.1, 600, SECOND),
  endGraceSeconds: fraction(0, 3600, SECOND),
  firstOutputTimeoutMinutes: fraction(0, 1440, MINUTE),
  silenceTimeoutMinutes: fraction(0, 1440, MINUTE),
  unattendedGraceMinutes: fraction(0, 10_080, MINUTE),
  partitionGraceMinutes: fraction(1, 10_080, MINUTE),
  askTimeoutMinutes: fraction(0, 10_080, MINUTE),
  askHoldsSlotMinutes: fraction(0, 10_080, MINUTE),
  staleAfterHours: fraction(0, 8_760, 60 * MINUTE),
  'output.maxLogMegabytes': whole(1, 100_000, MEBIBYTE),
  'limits.memoryMegabytes': whole(0, 10_000_000, MEBIBYTE),
  'limits.totalMemoryMegabytes': whole(0, 10_000_000, MEBIBYTE),
  'history.maxAgeDays': whole(1, 3650, 24 * 60 * MINUTE),
  'history.maxLogMegabytes': whole(1, 1_000_000, MEBIBYTE),
  'history.maxLoops': whole(10, 100_000),
  'worktree.maxTotalGigabytes': fraction(0.1, 100_000, GIBIBYTE),
  'worktree.maxAgeDays': whole(1, 3650, 24 * 60 * MINUTE),
} as const satisfies Record<string, NumberRule>;

export type NumberKey = keyof typeof NUMBER_RULES;

/** Settings with a fixed set of values. */
export const CHOICE_SETTINGS = {
  'budget.onExceeded': ['finish', 'stop'],
  onSilence: ['warn', 'restart'],
  onWindowClose: ['keep', 'stop'],
  onLimitReset: ['resume', 'ask'],
  isolation: ISOLATIONS,
} as const;

/** Whether the settings files parse. `unknown`: not found or not readable. */
export type FilesState = 'parse' | 'broken' | 'unknown';

/** The settings as read. */
export interface MappedSettings {
  /** Values in doubt hold the default here, which does not apply if a last good value is known (R6.9). */
  readonly settings: Settings;
  /** Settings without a usable value, and why. */
  readonly doubts: Doubts;
  readonly problems: readonly SettingProblem[];
}

/**
 * Reads the settings strictly (R6.9): a value out of range or of the wrong type is a doubt and a problem, never
 * silently its default. Contradictory settings are problems too. `get` reads a setting by its name without
 * `loopSupervisor.` and returns undefined if it is unset. `files`: whether the settings files parse.
 */
export function mapSettings(get: (key: string) => unknown, files: FilesState = 'parse'): MappedSettings {
  const problems: SettingProblem[] = [];
  const doubts: { [key: string]: Doubt } = {};
  const d = DEFAULT_SETTINGS;
  const notSet = (key: string) => {
    const why = `loopSupervisor.${key} is not known: a settings file does not parse. Correct settings.json.`;
    doubts[key] = files === 'broken' ? { kind: 'unclear', why } : { kind: 'unset' };
  };
  const unreadable = (key: string, what: string) => {
    doubts[key] = { kind: 'unreadable', why: `loopSupervisor.${key} cannot be read: ${what}. Correct the setting.` };
    problems.push({ key, message: `${what}. The last value that could be read stays in force.` });
  };
  const number = (key: NumberKey, fallback: number): number => {
    const { min, max, integer, unit } = NUMBER_RULES[key];
    const value = get(key);
    if (value === undefined) notSet(key);
    else if (typeof value === 'number' && value >= min && value <= max && (!integer || Number.isInteger(value)))
      return integer && unit === 1 ? value : value * unit;
    else unreadable(key, `${quote(value)} is not ${integer ? 'a whole number' : 'a number'} from ${min} to ${max}`);
    return fallback;
  };
  const choice = <K extends keyof typeof CHOICE_SETTINGS>(
    key: K,
    fallback: (typeof CHOICE_SETTINGS)[K][number],
  ): (typeof CHOICE_SETTINGS)[K][number] => {
    const value = get(key);
    const known = (CHOICE_SETTINGS[key] as readonly string[]).find((word) => word === value);
    if (known !== undefined) return known as (typeof CHOICE_SETTINGS)[K][number];
    if (value === undefined) notSet(key);
    else unreadable(key, `${quote(value)} is not one of ${CHOICE_SETTINGS[key].join(', ')}`);
    return fallback;
  };
  const names = (key: string, fallback: readonly string[]): readonly string[] => {
    const value = get(key);
    if (Array.isArray(value) && value.every((name) => typeof name === 'string' && name.trim() !== ''))
      return value.map((name: string) => name.trim());
    if (value === undefined) notSet(key);
    else unreadable(key, `${quote(value)} is not a list of program names`);
    return fallback;
  };
  const reserves = (): Reserves => {
    const accounts = get('accounts');
    if (accounts === undefined) notSet('accounts');
    if (accounts === undefined) return {};
    const found = isObject(accounts) ? Object.entries(accounts) : undefined;
    if (!found) unreadable('accounts', `${quote(accounts)} is not an object of accounts by name`);
    const read = (found ?? []).map(([account, value]) => [account, reserveOf(value)] as const);
    const wrong = read.find(([, percent]) => percent === undefined)?.[0];
    if (wrong === undefined) return Object.fromEntries(read) as Reserves;
    unreadable('accounts', `what ${quote(wrong)} keeps is not a number from 0 to 100`);
    return {};
  };
  const rules = (key: string): readonly string[] => {
    const value = get(key);
    const wrong = Array.isArray(value) ? value.find((rule) => ruleProblem(String(rule)) !== undefined) : undefined;
    if (Array.isArray(value) && wrong === undefined) return value.map(String);
    if (value === undefined) notSet(key);
    else if (wrong === undefined) unreadable(key, `${quote(value)} is not a list of rules`);
    else unreadable(key, `${quote(wrong)} ${ruleProblem(String(wrong))}`);
    return [];
  };
  const text = (key: string, fallback: string): string => {
    const value = get(key);
    if (typeof value === 'string' && value !== '') return value;
    if (value === undefined || value === '') notSet(key);
    else unreadable(key, `${quote(value)} is not a name`);
    return fallback;
  };
  const folders = (key: string): readonly string[] => {
    const value = get(key) ?? [];
    if (Array.isArray(value) && value.every((path) => typeof path === 'string' && ABSOLUTE.test(path.trim())))
      return value.map((path: string) => path.trim());
    problems.push({ key, message: `${quote(value)} is not a list of absolute paths of folders. None counts.` });
    return [];
  };
  const commandLine = (key: string): string => {
    const value = get(key);
    if (typeof value === 'string') return value.trim();
    if (value === undefined) notSet(key);
    else unreadable(key, `${quote(value)} is not a command line`);
    return '';
  };
  const limit = number('budget.dailyLimitUsd', 0);
  const settings: Settings = {
    maxConcurrent: number('maxConcurrent', d.maxConcurrent),
    maxQueueDepth: number('maxQueueDepth', d.maxQueueDepth),
    maxSubmitDepth: number('maxSubmitDepth', d.maxSubmitDepth),
    restart: {
      maxRestarts: number('restart.maxRestarts', d.restart.maxRestarts),
      windowMs: number('restart.windowSeconds', d.restart.windowMs),
      maxTotal: number('restart.maxTotal', d.restart.maxTotal),
    },
    circuit: {
      failureThreshold: number('circuitBreaker.failureThreshold', d.circuit.failureThreshold),
      cooldownMs: number('circuitBreaker.cooldownSeconds', d.circuit.cooldownMs),
      halfOpenMaxProbes: number('circuitBreaker.halfOpenMaxProbes', d.circuit.halfOpenMaxProbes),
    },
    budget: {
      dailyLimit: isCost(limit) ? toNano(limit) : 0,
      warnAtPercent: number('budget.warnAtPercent', d.budget.warnAtPercent),
      onExceeded: choice('budget.onExceeded', d.budget.onExceeded),
      minAllowance: toNano(number('budget.minAllowanceUsd', toUsd(d.budget.minAllowance))),
    },
    loopTimeoutMs: number('loopTimeoutMinutes', d.loopTimeoutMs),
    killGraceMs: number('killGraceSeconds', d.killGraceMs),
    endGraceMs: number('endGraceSeconds', d.endGraceMs),
    sweepKeep: names('sweep.keep', d.sweepKeep),
    maxLogBytes: number('output.maxLogMegabytes', d.maxLogBytes),
    limits: {
      memory: number('limits.memoryMegabytes', d.limits.memory),
      totalMemory: number('limits.totalMemoryMegabytes', d.limits.totalMemory),
    },
    firstOutputTimeoutMs: number('firstOutputTimeoutMinutes', d.firstOutputTimeoutMs),
    silenceTimeoutMs: number('silenceTimeoutMinutes', d.silenceTimeoutMs),
    onSilence: choice('onSilence', d.onSilence),
    permissions: {
      allow: rules('permissions.allow'),
      ask: rules('permissions.ask'),
      deny: rules('permissions.deny'),
    },
    askTimeoutMs: number('askTimeoutMinutes', d.askTimeoutMs),
    askHoldsSlotMs: number('askHoldsSlotMinutes', d.askHoldsSlotMs),
    reserves: reserves(),
    onWindowClose: choice('onWindowClose', d.onWindowClose),
    onLimitReset: choice('onLimitReset', d.onLimitReset),
    staleAfterMs: number('staleAfterHours', d.staleAfterMs),
    unattendedGraceMs: number('unattendedGraceMinutes', d.unattendedGraceMs),
    partitionGraceMs: number('partitionGraceMinutes', d.partitionGraceMs),
    defaultAgent: text('defaultAgent', d.defaultAgent),
    isolation: choice('isolation', d.isolation),
    workTree: {
      setup: commandLine('worktree.setup'),
      maxTotalBytes: number('worktree.maxTotalGigabytes', d.workTree.maxTotalBytes),
      maxAgeMs: number('worktree.maxAgeDays', d.workTree.maxAgeMs),
    },
    repositories: folders('repositories'),
    retention: {
      maxAgeMs: number('history.maxAgeDays', d.retention.maxAgeMs),
      maxLogBytes: number('history.maxLogMegabytes', d.retention.maxLogBytes),
      maxLoops: number('history.maxLoops', d.retention.maxLoops),
    },
  };
  return { settings, doubts, problems: [...problems, ...nonsense(settings)] };
}

/** Settings that are valid alone but contradict each other. */
export function nonsense(s: Settings): SettingProblem[] {
  const problems: SettingProblem[] = [];
  const say = (key: string, message: string) => problems.push({ key, message });
  let waits = 0;
  for (let n = 1; n <= s.restart.maxRestarts; n++) waits += backoffCeilingMs(n) / 2;
  if (waits >= s.restart.windowMs) {
    say(
      'restart.maxRestarts',
      `${s.restart.maxRestarts} restarts wait at least ${formatDuration(waits)} together, which does not fit restart.windowSeconds (${formatDuration(s.restart.windowMs)}): a loop that always fails would be restarted for ever. Lower maxRestarts or widen the window.`,
    );
  }
  if (s.circuit.halfOpenMaxProbes > s.maxConcurrent) {
    say(
      'circuitBreaker.halfOpenMaxProbes',
      `${s.circuit.halfOpenMaxProbes} probes cannot run at once, as maxConcurrent is ${s.maxConcurrent}.`,
    );
  }
  if (s.loopTimeoutMs > 0 && s.firstOutputTimeoutMs >= s.loopTimeoutMs) {
    say(
      'firstOutputTimeoutMinutes',
      `This has no effect: loopTimeoutMinutes (${formatDuration(s.loopTimeoutMs)}) stops the loop first. Set it lower, or to 0.`,
    );
  }
  if (s.loopTimeoutMs > 0 && s.silenceTimeoutMs >= s.loopTimeoutMs) {
    say(
      'silenceTimeoutMinutes',
      `This has no effect: loopTimeoutMinutes (${formatDuration(s.loopTimeoutMs)}) stops the loop first. Set it lower, or to 0.`,
    );
  }
  if (s.limits.totalMemory > 0 && s.limits.memory > s.limits.totalMemory) {
    say(
      'limits.memoryMegabytes',
      'This has no effect: it is more than limits.totalMemoryMegabytes, which holds for all loops together. Lower it, or raise the other.',
    );
  }
  if (s.maxLogBytes > s.retention.maxLogBytes) {
    say(
      'history.maxLogMegabytes',
      'It is less than output.maxLogMegabytes: the log of a single loop may not be kept. Raise it, or lower the other.',
    );
  }
  return problems;
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What an account keeps, percent; undefined where that makes no sense. */
function reserveOf(account: unknown): number | undefined {
  if (!isObject(account)) return undefined;
  const percent = account['reservePercent'] ?? 0;
  return typeof percent === 'number' && percent >= 0 && percent <= 100 ? percent : undefined;
}

function quote(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.slice(0, 60);
}

/** A stored value for people: `$20` for an amount of money. */
export function settingText(key: string, value: SettingValue): string {
  if (Array.isArray(value)) return value.join(', ');
  if (isObject(value)) return Object.entries(value).map(reserveText).join(', ') || 'none';
  if (key === 'budget.dailyLimitUsd' && value === 0) return 'no limit';
  if (isMoney(key)) return `$${toUsd(Number(value))}`;
  return String(settingValue(key, value));
}

function reserveText([account, percent]: [string, unknown]): string {
  return `${percent} % for ${account}`;
}

/** Converts a stored value to the unit of its setting. */
export function settingValue(key: string, value: SettingValue): unknown {
  if (isObject(value))
    return Object.fromEntries(Object.entries(value).map(([name, percent]) => [name, { reservePercent: percent }]));
  if (isMoney(key)) return toUsd(Number(value));
  const rule = (NUMBER_RULES as { readonly [key: string]: NumberRule })[key];
  return rule && typeof value === 'number' ? value / rule.unit : value;
}

function isMoney(key: string): boolean {
  return key.endsWith('Usd');
}
