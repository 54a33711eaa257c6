import * as vscode from 'vscode';
import type { AgentChecks } from './agentChecks.ts';
import { registerAllCommands } from './commands/allCommands.ts';
import type { Config } from './config.ts';
import { keepContextKeys } from './contextKeys.ts';
import { LoopTree } from './loopTree.ts';
import { Notifications } from './notifications.ts';
import type { ViewDeps } from './panel/viewDeps.ts';
import { tellTrouble } from './readinessMessages.ts';
import { StatusBar } from './statusBar.ts';
import { transcriptCommands } from './transcript/transcriptCommands.ts';
import { transcriptPanels } from './transcript/transcriptPanel.ts';

/** Everything that the user sees, on what the composition root has made. */
export function createShell(deps: ViewDeps, config: Config, agentChecks: AgentChecks): vscode.Disposable {
  const { host, pulse, clock } = deps;
  const tree = new LoopTree(deps, pulse, clock, async () => {
    // Only attempts that run are sampled; the walk through the process table is spared when there is none.
    const attempts = (host.current?.live(0) ?? []).flatMap(({ loop }) => (loop.state === 'running' ? [loop.attempt] : []));
    return attempts.length === 0 ? new Map() : deps.usage(attempts);
  });
  const transcripts = transcriptPanels(deps);
  const commands = { ...deps, config, agentChecks, tree };
  return vscode.Disposable.from(
    tree,
    transcripts,
    new StatusBar(deps, pulse),
    new Notifications(deps, config),
    keepContextKeys(deps, pulse),
    tellTrouble(deps),
    registerAllCommands(commands, transcriptCommands(deps, transcripts)),
  );
}
