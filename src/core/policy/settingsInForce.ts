import type {
  DifferingSetting,
  Doubts,
  KeptSetting,
  Reserves,
  Settings,
  SettingValue,
  StoredSettings,
  UnknownSetting,
} from '../model/settings.ts';

/** Which direction of a setting allows more: an unset one asks before it falls back to a default that does. */
type Looser = 'more' | 'more, or 0 for none' | 'less' | 'less for any' | readonly string[];

interface BoundRule {
  /** Where the value lies in `Settings`. */
  readonly path: string;
  /** Absent for settings that bound nothing: unset, they fall back to their default without a question. */
  readonly looser?: Looser;
  /** Nothing starts while no value of it is known. */
  readonly governs: boolean;
  /** It governs all machines of a shared store together: there the stored value holds (R16.6). */
  readonly isShared?: true;
}

const bound = (path: string, looser: Looser): BoundRule => ({ path, looser, governs: true });
const shared = (path: string, looser: Looser): BoundRule => ({ ...bound(path, looser), isShared: true });
const preference = (path: string): BoundRule => ({ path, governs: false });

/** Every setting of the core by its name without `loopSupervisor.`. */
export const SETTING_RULES: { readonly [name: string]: BoundRule } = {
  maxConcurrent: shared('maxConcurrent', 'more'),
  maxQueueDepth: shared('maxQueueDepth', 'more'),
  maxSubmitDepth: bound('maxSubmitDepth', 'more'),
  'restart.maxRestarts': bound('restart.maxRestarts', 'more'),
  'restart.windowSeconds': bound('restart.windowMs', 'less'),
  'restart.maxTotal': bound('restart.maxTotal', 'more'),
  'circuitBreaker.failureThreshold': shared('circuit.failureThreshold', 'more'),
  'circuitBreaker.cooldownSeconds': shared('circuit.cooldownMs', 'less'),
  'circuitBreaker.halfOpenMaxProbes': shared('circuit.halfOpenMaxProbes', 'more'),
  'budget.dailyLimitUsd': shared('budget.dailyLimit', 'more, or 0 for none'),
  'budget.warnAtPercent': shared('budget.warnAtPercent', 'more'),
  'budget.minAllowanceUsd': preference('budget.minAllowance'),
  'budget.onExceeded': shared('budget.onExceeded', ['finish']),
  loopTimeoutMinutes: bound('loopTimeoutMs', 'more, or 0 for none'),
  killGraceSeconds: bound('killGraceMs', 'more'),
  endGraceSeconds: bound('endGraceMs', 'more, or 0 for none'),
  firstOutputTimeoutMinutes: bound('firstOutputTimeoutMs', 'more, or 0 for none'),
  silenceTimeoutMinutes: bound('silenceTimeoutMs', 'more, or 0 for none'),
  partitionGraceMinutes: shared('partitionGraceMs', 'more'),
  unattendedGraceMinutes: bound('unattendedGraceMs', 'more, or 0 for none'),
  onSilence: bound('onSilence', ['warn']),
  onWindowClose: bound('onWindowClose', ['keep']),
  onLimitReset: bound('onLimitReset', ['resume']),
  staleAfterHours: bound('staleAfterMs', 'more, or 0 for none'),
  'output.maxLogMegabytes': bound('maxLogBytes', 'more'),
  'limits.memoryMegabytes': bound('limits.memory', 'more, or 0 for none'),
  'limits.totalMemoryMegabytes': bound('limits.totalMemory', 'more, or 0 for none'),
  accounts: bound('reserves', 'less for any'),
  // An allow rule that was removed must no longer hold.
  'permissions.allow': preference('permissions.allow'),
  'permissions.ask': preference('permissions.ask'),
  'permissions.deny': preference('permissions.deny'),
  askTimeoutMinutes: preference('askTimeoutMs'),
  askHoldsSlotMinutes: preference('askHoldsSlotMs'),
  'history.maxAgeDays': preference('retention.maxAgeMs'),
  'history.maxLogMegabytes': preference('retention.maxLogBytes'),
  'history.maxLoops': preference('retention.maxLoops'),
  'sweep.keep': preference('sweepKeep'),
  defaultAgent: preference('defaultAgent'),
  isolation: preference('isolation'),
  'worktree.setup': preference('workTree.setup'),
  'worktree.maxTotalGigabytes': preference('workTree.maxTotalBytes'),
  'worktree.maxAgeDays': preference('workTree.maxAgeMs'),
};

/** The settings in force, and what is undecided about them. */
export interface SettingsInForce {
  readonly settings: Settings;
  /** Bounds of which no value is known: nothing starts (R6.9). */
  readonly unknown: readonly UnknownSetting[];
  /**
   * Bounds that are no longer set and whose default would allow more: the stored value holds until the user decides.
   */
  readonly kept: readonly KeptSetting[];
  /** Bounds whose shared value differs from what is set on this machine (R16.6). */
  readonly differing: readonly DifferingSetting[];
  /** What to store as the last good values. */
  readonly stored: StoredSettings;
  /** Those of them that are good values of this host alone until they are stored: the store has others, or none. */
  readonly unstored: StoredSettings;
}

/** What else the reading of settings needs. */
export interface ReadingFacts {
  /** Bounds that govern all machines have their stored value, whatever is set here (R16.6). */
  readonly sharesBounds?: boolean;
  /** Good values that this host has read, and that are not stored yet: newer than what is. */
  readonly unstored?: StoredSettings;
}

/**
 * Reads bounds strictly (R6.9): one that cannot be read, or that is missing from a file that does not parse, keeps its
 * last good value. One that was taken out of a file that parses keeps it too if its default allows more, until the user
 * decides.
 */
export function settingsInForce(
  read: Settings,
  doubts: Doubts,
  last: StoredSettings,
  { sharesBounds = false, unstored: pending = {} }: ReadingFacts = {},
): SettingsInForce {
  let settings = read;
  const unknown: UnknownSetting[] = [];
  const kept: KeptSetting[] = [];
  const differing: DifferingSetting[] = [];
  const stored: { [name: string]: SettingValue } = {};
  const unstored: { [name: string]: SettingValue } = {};
  for (const [name, rule] of Object.entries(SETTING_RULES)) {
    const own = valueAt(read, rule.path);
    const doubt = doubts[name];
    const inStore = fits(last[name], own) ? last[name] : undefined;
    if (sharesBounds && rule.isShared && inStore !== undefined) {
      if (!doubt && own !== inStore) differing.push({ setting: name, shared: inStore, own });
      settings = withValueAt(settings, rule.path, inStore);
      stored[name] = inStore;
      continue;
    }
    const before = fits(pending[name], own) ? pending[name] : inStore;
    const isKept =
      before !== undefined && doubt !== undefined && (doubt.kind !== 'unset' || allowsMore(own, before, rule.looser));
    if (doubt && doubt.kind !== 'unset' && before === undefined && rule.governs) {
      unknown.push({ setting: name, why: doubt.why });
      continue;
    }
    if (isKept && doubt.kind === 'unset') kept.push({ setting: name, value: before, fallback: own });
    const value = isKept ? before : own;
    if (isKept) settings = withValueAt(settings, rule.path, before);
    stored[name] = value;
    // An unset value is good only in place of another one.
    if ((!doubt || before !== undefined) && !isSameValue(value, inStore)) unstored[name] = value;
  }
  return { settings, unknown, kept, differing, stored, unstored };
}

/** Whether both hold the same values. */
export function isSameStored(one: StoredSettings, other: StoredSettings): boolean {
  const text = (value: StoredSettings) => JSON.stringify(Object.entries(value).sort());
  return text(one) === text(other);
}

/** An older or newer version may have stored another type. */
function fits(value: SettingValue | undefined, like: SettingValue): value is SettingValue {
  return value !== undefined && typeof value === typeof like && Array.isArray(value) === Array.isArray(like);
}

function isSameValue(one: SettingValue, other: SettingValue | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function allowsMore(value: SettingValue, before: SettingValue, looser: Looser | undefined): boolean {
  if (looser === undefined || value === before) return false;
  if (looser === 'less for any')
    return Object.entries(before as Reserves).some(
      ([account, percent]) => percent > ((value as Reserves)[account] ?? 0),
    );
  if (typeof looser === 'object') return looser.includes(String(value));
  if (typeof value !== 'number' || typeof before !== 'number') return false;
  if (looser === 'less') return value < before;
  const none = looser === 'more, or 0 for none';
  if (none && before === 0) return false;
  return value > before || (none && value === 0);
}

function valueAt(settings: Settings, path: string): SettingValue {
  let found: unknown = settings;
  for (const key of path.split('.')) found = (found as { [key: string]: unknown })[key];
  return found as SettingValue;
}

function withValueAt(settings: Settings, path: string, value: SettingValue): Settings {
  const [key = '', inner] = path.split('.');
  const group = (settings as unknown as { [key: string]: object })[key];
  return { ...settings, [key]: inner === undefined ? value : { ...group, [inner]: value } };
}
