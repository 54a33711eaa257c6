import type { Settings, StoredSettings } from '../model/settings.ts';
import { allowsMore } from '../policy/budget.ts';
import { useStoredSettings } from '../state/context.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { wakeForBudget } from './wake.ts';
import { watchRunning } from './watchMoney.ts';

/** Stores what this host has read as the last good values (R6.9), and acts on a daily limit that has changed. */
export function applySettings(unit: UnitOfWork, before: Settings): void {
  storeSettings(unit);
  if (allowsMore(unit.context.settings.budget.dailyLimit, before.budget.dailyLimit))
    wakeForBudget(unit, 'the daily limit was raised');
  watchRunning(unit);
}

/** Stores what this host has read as the last good values (R6.9). */
export function storeSettings(unit: UnitOfWork): void {
  unit.putSettings(useStoredSettings(unit.context, unit.control.settings));
}

/** Makes what this machine's settings say of a bound the value of all machines (R16.6). Returns whether it differed. */
export function shareOwnSetting(unit: UnitOfWork, name: string): boolean {
  const before = unit.context.settings;
  const differing = unit.context.differingSettings.find(({ setting }) => setting === name);
  if (!differing) return false;
  unit.putSettings({ ...lastGoodSettings(unit), [name]: differing.own });
  applySettings(unit, before);
  return true;
}

/** Lets a setting go that was taken out of the settings: its default holds. Returns whether it had been kept. */
export function dropKeptSetting(unit: UnitOfWork, name: string): boolean {
  const before = unit.context.settings;
  const kept = unit.context.keptSettings.find(({ setting }) => setting === name);
  if (!kept) return false;
  unit.putSettings({ ...lastGoodSettings(unit), [name]: kept.fallback });
  applySettings(unit, before);
  return true;
}

function lastGoodSettings({ control, context }: UnitOfWork): StoredSettings {
  return { ...control.settings, ...context.unstoredSettings };
}
