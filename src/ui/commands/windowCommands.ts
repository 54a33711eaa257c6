import * as vscode from 'vscode';
import { openSettings } from '../settings/config.ts';
import { HELP_PAGE } from '../window/accessibilityHelp.ts';
import type { CommandTable } from './commandTable.ts';

/** What concerns the extension as a whole, and is there before the supervisor is ready. */
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

  /** Takes the name of a setting without `loopSupervisor.`; without one it shows all. */
  openSettings:
    () =>
    (...args) =>
      openSettings(typeof args[0] === 'string' ? args[0] : undefined),

  accessibilityHelp: () => async () => {
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(HELP_PAGE));
  },

  showLog: (ctx) => () => ctx.log.show(),

  openWalkthrough: (ctx) => () =>
    vscode.commands.executeCommand('workbench.action.openWalkthrough', `${ctx.context.extension.id}#start`),
};
