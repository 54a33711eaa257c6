import * as vscode from 'vscode';
import type { DifferingSetting, KeptSetting, UnknownSetting } from '../../core/model/settings.ts';
import type { UiDeps } from '../window/uiDeps.ts';
import { type Config, openSettings, SECTION } from './config.ts';
import { settingText, settingValue } from './settingText.ts';

/**
 * Reports that nothing starts while a bound cannot be read, and asks about bounds removed from the settings (R6.9) and
 * about those that differ from a shared store's (R16.6). Only the focused window asks: its user is editing.
 */
export function watchSettings({ host, log }: UiDeps, config: Config): vscode.Disposable {
  const shown = new Set<string>();
  const once = (key: string, show: () => Thenable<void>) => {
    if (shown.has(key)) return;
    shown.add(key);
    show().then(undefined, (error: unknown) =>
      log.error('The answer about a setting could not be applied.', error as Error),
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
    for (const differing of supervisor.differingSettings) {
      const { setting, shared, own } = differing;
      const key = `${setting}: ${settingText(setting, own)} here, ${settingText(setting, shared)} shared`;
      current.add(key);
      once(key, () => askDiffering(differing));
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
    const text = settingText(setting, value);
    const what = `${SECTION}.${setting} is no longer set. ${text} stays in force until you decide.`;
    const answer = await vscode.window.showWarningMessage(what, keep, drop);
    if (answer === keep) await config.set(setting, settingValue(setting, value));
    if (answer === drop) await (await host.ready()).dropKeptSetting(setting);
  }

  async function askDiffering({ setting, shared, own }: DifferingSetting): Promise<void> {
    const [mine, theirs] = [settingText(setting, own), settingText(setting, shared)];
    const [forAll, here] = [`Use ${mine} for All`, `Set ${theirs} Here`];
    const holds = `The shared store has ${theirs}, which holds on all machines.`;
    const what = `${SECTION}.${setting} is ${mine} on this machine. ${holds}`;
    const answer = await vscode.window.showInformationMessage(what, forAll, here);
    if (answer === forAll) await (await host.ready()).shareOwnSetting(setting);
    if (answer === here) await config.set(setting, settingValue(setting, shared));
  }

  return vscode.Disposable.from(
    host.onDidChange(look) as vscode.Disposable,
    vscode.window.onDidChangeWindowState(look),
  );
}
