import * as vscode from 'vscode';
import { agentReportText } from '../agentReportText.ts';
import { AgentReportView } from '../agentReportView.ts';
import type { CommandTable } from './commandTable.ts';

/** What concerns the extension as a whole. */
export const windowCommands: CommandTable = {
  /** Opens the supervisor again after its store could not be opened. Answers whether it is ready. */
  reopenStore: (ctx) => async () => {
    await ctx.host.open();
    return ctx.host.status().ready;
  },

  /** Shows the folder of database and logs in the file manager. Answers its path. */
  openStorageFolder: (ctx) => async () => {
    const uri = ctx.context.globalStorageUri;
    // A server has no file manager on this side: its folder opens in a window of its own.
    await vscode.commands.executeCommand(
      vscode.env.remoteName || vscode.env.uiKind === vscode.UIKind.Web ? 'vscode.openFolder' : 'revealFileInOS',
      uri,
      { forceNewWindow: true },
    );
    return uri.fsPath;
  },

  showLog: (ctx) => () => ctx.log.show(),

  openWalkthrough: (ctx) => () => vscode.commands.executeCommand('workbench.action.openWalkthrough', `${ctx.context.extension.id}#start`),

  /** Looks at all agents and shows a report. Answers it as values. */
  checkAgents: (ctx) => {
    const view = new AgentReportView();
    ctx.context.subscriptions.push(view);
    return async () => {
      const reports = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: 'Checking agents…' }, () =>
        ctx.agentChecks.check(),
      );
      await view.show(agentReportText(reports, ctx.settings().defaultAgent, new Date()));
      return reports;
    };
  },
};
