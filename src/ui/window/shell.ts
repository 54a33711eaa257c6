import * as vscode from 'vscode';
import { isActive } from '../../core/model/loop.ts';
import type { AgentChecks } from '../agentCheck/agentChecks.ts';
import { tickBoxes } from '../checks/tickBoxes.ts';
import { registerAllCommands } from '../commands/allCommands.ts';
import { QueuedPrompts } from '../commands/queuedPrompts.ts';
import { tellTrouble } from '../commands/readinessMessages.ts';
import { dashboardCommands, dashboardPanels } from '../dashboard/dashboardPanel.ts';
import { detailCommands, detailPanels } from '../detail/detailPanel.ts';
import { historyCommands } from '../history/historyCommands.ts';
import { HistoryFilter } from '../history/historyFilter.ts';
import { listCommands } from '../history/listCommands.ts';
import { ReadMarks } from '../history/readMarks.ts';
import { registerTools } from '../languageModelTools/registerTools.ts';
import { Notifications } from '../notifications/notifications.ts';
import { runNotifyCommand } from '../notifications/notifyCommand.ts';
import { sharedFolderHint } from '../review/sharedFolderHint.ts';
import { SNAPSHOT_SCHEME, SnapshotFiles } from '../review/snapshotFiles.ts';
import type { Config } from '../settings/config.ts';
import { watchSettings } from '../settings/settingsNotices.ts';
import { StatusBar } from '../statusBar/statusBar.ts';
import type { TextContext } from '../text/loopText.ts';
import { transcriptCommands } from '../transcript/transcriptCommands.ts';
import { transcriptPanels } from '../transcript/transcriptPanel.ts';
import { LoopTree } from '../tree/loopTree.ts';
import type { ViewDeps } from '../webviewHost/viewDeps.ts';
import { provideAccessibilityHelp } from './accessibilityHelp.ts';
import { BackgroundHost } from './background.ts';
import { keepContextKeys } from './contextKeys.ts';
import { keepAwakeWhileRunning } from './keepAwake.ts';
import { provideMcpServer } from './mcpProvider.ts';
import { Milestones } from './milestones.ts';
import { offerInTerminals } from './terminalCommand.ts';

/** Builds the whole user interface from what the composition root provides. */
export function createShell(deps: ViewDeps, config: Config, agentChecks: AgentChecks): vscode.Disposable {
  const { host, pulse, clock } = deps;
  const { globalState, workspaceState } = deps.context;
  const onError = (error: unknown) => deps.log.error('The list of finished loops could not be shown.', error as Error);
  const readMarks = new ReadMarks(globalState, clock.now(), onError);
  const filter = new HistoryFilter({
    now: clock.now,
    store: workspaceState,
    marks: readMarks,
    folders: () => (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath),
    onError,
  });
  const textContext = (): TextContext => ({
    defaultAgent: config.settings.defaultAgent,
    isDemo: (agent) => deps.profile(agent)?.isDemo ?? agent === 'sample',
  });
  const tree = new LoopTree(
    deps,
    pulse,
    clock,
    async () => {
      // Only running attempts are sampled; without any, the process table is not read.
      const attempts = (host.current?.live(0) ?? []).flatMap(({ loop }) => (isActive(loop) ? [loop.attempt] : []));
      return attempts.length === 0 ? new Map() : deps.usage(attempts);
    },
    filter,
    textContext,
    config,
  );
  const transcripts = transcriptPanels(deps);
  const details = detailPanels(deps);
  const dashboards = dashboardPanels(deps);
  const milestones = new Milestones(deps.context.globalState, config);
  const queuedPrompts = new QueuedPrompts(host);
  const commands = { ...deps, config, agentChecks, milestones, queuedPrompts, readMarks, tree };
  return vscode.Disposable.from(
    tree,
    milestones,
    queuedPrompts,
    filter,
    filter.onDidChange(pulse.ask),
    transcripts,
    details,
    dashboards,
    registerTools(deps),
    new StatusBar(deps, pulse),
    new Notifications(deps, config, {
      isVisible: (seq) => [transcripts, details].some((panels) => panels.isVisible(String(seq))),
    }),
    new BackgroundHost(deps, config),
    keepAwakeWhileRunning(deps, config),
    offerInTerminals(deps),
    provideMcpServer(deps),
    runNotifyCommand(deps, config) as vscode.Disposable,
    keepContextKeys(deps, pulse, config, filter),
    tellTrouble(deps),
    watchSettings(deps, config),
    tickBoxes(deps),
    provideAccessibilityHelp(),
    sharedFolderHint(deps, textContext().isDemo),
    vscode.workspace.registerFileSystemProvider(SNAPSHOT_SCHEME, new SnapshotFiles(host), { isReadonly: true }),
    registerAllCommands(
      commands,
      transcriptCommands(deps, transcripts),
      detailCommands(details),
      dashboardCommands(dashboards),
      historyCommands(filter),
      listCommands(filter, readMarks),
    ),
  );
}
