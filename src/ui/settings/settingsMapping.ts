import { isCost, toNano, toUsd } from '../../core/model/money.ts';
import { DEFAULT_SETTINGS, type Doubt, type Doubts, type Reserves, type Settings } from '../../core/model/settings.ts';
import { ruleProblem } from '../../core/policy/permissionRules.ts';
import { contradictions, type SettingProblem } from './contradictions.ts';
import { CHOICE_SETTINGS, NUMBER_RULES, type NumberKey } from './settingRanges.ts';

/** On POSIX, or on Windows with a drive or a share. */
const ABSOLUTE = /^(?:\/|[A-Za-z]:[\\/]|\\\\)/;

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
    problems.push({ key, message: `${quote(value)} is not a list of absolute paths of folders. None is used.` });
    return [];
  };
  const remote = (key: string): string => {
    const value = get(key) ?? '';
    if (typeof value === 'string' && !/\s|^-/.test(value.trim())) return value.trim();
    problems.push({ key, message: `${quote(value)} is not the name of a remote. Nothing is pushed.` });
    return '';
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
    pushResultsTo: remote('pushResultsTo'),
    retention: {
      maxAgeMs: number('history.maxAgeDays', d.retention.maxAgeMs),
      maxLogBytes: number('history.maxLogMegabytes', d.retention.maxLogBytes),
      maxLoops: number('history.maxLoops', d.retention.maxLoops),
    },
  };
  return { settings, doubts, problems: [...problems, ...contradictions(settings)] };
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An account's reserve, percent; undefined if it is invalid. */
function reserveOf(account: unknown): number | undefined {
  if (!isObject(account)) return undefined;
  const percent = account['reservePercent'] ?? 0;
  return typeof percent === 'number' && percent >= 0 && percent <= 100 ? percent : undefined;
}

function quote(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.slice(0, 60);
}
