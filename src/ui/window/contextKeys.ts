import * as vscode from 'vscode';
import type { HistoryFilter } from '../history/historyFilter.ts';
import type { Config } from '../settings/config.ts';
import type { Pulse } from './pulse.ts';
import type { UiDeps } from './uiDeps.ts';

/** Maintains the context keys used by menus and the welcome view. */
export function keepContextKeys(
  { host }: Pick<UiDeps, 'host'>,
  pulse: Pulse,
  config: Config,
  filter: HistoryFilter,
): vscode.Disposable {
  const known = new Map<string, unknown>();
  const set = (key: string, value: unknown) => {
    if (known.get(key) === value) return;
    known.set(key, value);
    void vscode.commands.executeCommand('setContext', `loopSupervisor.${key}`, value);
  };
  const setAll = (status = host.status()) => {
    set('state', host.state.kind);
    set('paused', status.paused);
    set('circuit', status.circuitState);
    set('live', status.concurrencyUsed + status.queued.length + status.backingOff.length + status.waiting.length > 0);
  };
  const setAgent = () => set('agent', config.hasDefaultAgent ? config.settings.defaultAgent : '');
  const setList = () => set('cancelledHidden', filter.options.hideCancelled);
  setAll();
  setAgent();
  setList();
  return vscode.Disposable.from(pulse.onBeat(setAll), config.onDidChange(setAgent), filter.onDidChange(setList));
}
