import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { isActive } from '../../core/model/loop.ts';
import { baseName } from '../text/format.ts';
import type { UiDeps } from '../window/uiDeps.ts';

const SAID = 'sharedFolder.said';
const USE = 'Use Work Trees';

/** Says once that two loops work in one folder, and how to keep them apart (R12.1). */
export function sharedFolderHint(deps: UiDeps, isDemo: (agent: string) => boolean): vscode.Disposable {
  const { host, context } = deps;
  return host.onEvent((event) => {
    if (event.type !== 'loop:started' || event.host !== host.current?.hostId) return;
    if (context.globalState.get(SAID)) return;
    const working = (host.current?.live(0) ?? []).flatMap(({ loop }) =>
      isActive(loop) && !loop.workTree && !isDemo(loop.agent) ? [loop] : [],
    );
    const started = working.find(({ loopId }) => loopId === event.loopId);
    if (started && working.some(({ seq, cwd }) => seq !== started.seq && cwd === started.cwd))
      void say(deps, started.cwd);
  });
}

async function say({ context }: UiDeps, folder: string): Promise<void> {
  if (!(await isInRepository(folder)) || context.globalState.get(SAID)) return;
  await context.globalState.update(SAID, true);
  const text = `Two loops are working in ${baseName(folder)} and may overwrite each other’s changes.`;
  if ((await vscode.window.showInformationMessage(text, USE)) !== USE) return;
  const settings = vscode.workspace.getConfiguration('loopSupervisor');
  await settings.update('isolation', 'worktree', vscode.ConfigurationTarget.Global);
}

async function isInRepository(folder: string): Promise<boolean> {
  for (let at = folder; ; at = dirname(at)) {
    const found = await access(join(at, '.git')).then(
      () => true,
      () => false,
    );
    if (found) return true;
    if (at === dirname(at)) return false;
  }
}
