import { toUsd } from '../../core/model/money.ts';
import type { Reserves, SettingValue } from '../../core/model/settings.ts';
import { NUMBER_RULES, type NumberRule } from './settingRanges.ts';

/** A stored value for people: `$20` for an amount of money. */
export function settingText(key: string, value: SettingValue): string {
  if (Array.isArray(value)) return value.join(', ');
  if (isReserves(value)) return Object.entries(value).map(reserveText).join(', ') || 'none';
  if (key === 'budget.dailyLimitUsd' && value === 0) return 'no limit';
  if (isMoney(key)) return `$${toUsd(Number(value))}`;
  return String(settingValue(key, value));
}

function reserveText([account, percent]: [string, unknown]): string {
  return `${percent} % for ${account}`;
}

/** Converts a stored value to the unit of its setting. */
export function settingValue(key: string, value: SettingValue): unknown {
  if (isReserves(value))
    return Object.fromEntries(Object.entries(value).map(([name, percent]) => [name, { reservePercent: percent }]));
  if (isMoney(key)) return toUsd(Number(value));
  const rule = (NUMBER_RULES as { readonly [key: string]: NumberRule })[key];
  return rule && typeof value === 'number' ? value / rule.unit : value;
}

function isMoney(key: string): boolean {
  return key.endsWith('Usd');
}

function isReserves(value: SettingValue): value is Reserves {
  return typeof value === 'object' && !Array.isArray(value);
}
