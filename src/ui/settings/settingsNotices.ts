import * as vscode from 'vscode';
import type { KeptSetting, UnknownSetting } from '../../core/model/settings.ts';
import type { UiDeps } from '../window/uiDeps.ts';
import { type Config, openSettings, SECTION } from './config.ts';
import { settingText, settingValue } from './settingsMapping.ts';

/**
 * Reports that nothing starts while a bound cannot be read, and asks about bounds removed from the settings (R6.9).
 * Only the focused window asks: its user is editing.
 */
export function watchSettings({ host, log }: UiDeps, config: Config): vscode.Disposable {
  const shown = new Set<string>();
  const once = (key: string, show: () => Thenable<void>) => {
    if (shown.has(key)) return;
    shown.add(key);
    show().then(undefined, (error: unknown) =>
      log.error('The answer about a setting could not be carried out.', error as Error),
    );
  };
  const look = () => {
    const supervisor = host.current;
    if (!supervisor || !vscode.window.state.focused) return;
    const { unknownSettings } = supervisor.status(0);
    const current = new Set<string>();
    for (const unknown of unknownSettings) {
      current.add(unknown.why);
      once(unknown.why, () => sayUnknown(unknown));
    }
    for (const kept of supervisor.keptSettings) {
      const key = `${kept.setting}=${settingText(kept.setting, kept.value)}`;
      current.add(key);
      once(key, () => askKept(kept));
    }
    for (const key of shown) if (!current.has(key)) shown.delete(key);
  };

  async function sayUnknown({ setting, why }: UnknownSetting): Promise<void> {
    const open = 'Open Settings';
    if ((await vscode.window.showErrorMessage(`Nothing starts. ${why}`, open)) === open) await openSettings(setting);
  }

  async function askKept({ setting, value, fallback }: KeptSetting): Promise<void> {
    const keep = `Keep ${settingText(setting, value)}`;
    const isLimit = setting === 'budget.dailyLimitUsd';
    const drop = isLimit ? 'Remove Limit' : `Use Default (${settingText(setting, fallback)})`;
    const what = `${SECTION}.${setting} is no longer set. ${settingText(setting, value)} stays in force until you decide.`;
    const answer = await vscode.window.showWarningMessage(what, keep, drop);
    if (answer === keep) await config.set(setting, settingValue(setting, value));
    if (answer === drop) await (await host.ready()).dropKeptSetting(setting);
  }

  return vscode.Disposable.from(
    host.onDidChange(look) as vscode.Disposable,
    vscode.window.onDidChangeWindowState(look),
  );
}
