import * as vscode from 'vscode';
import { openSettings } from '../settings/config.ts';
import { HELP_URI } from '../window/accessibilityHelp.ts';
import type { CommandTable } from './commandTable.ts';

/** Commands on the extension as a whole; available before the supervisor is ready. */
export const windowCommands: CommandTable = {
  /** Opens the supervisor again after a failure. Returns whether it is ready. */
  reopenStore: (ctx) => async () => {
    await ctx.host.open();
    return ctx.host.status().ready;
  },

  /** Shows the folder with database and logs in the file manager. Returns its path. */
  openStorageFolder: (ctx) => async () => {
    const uri = ctx.context.globalStorageUri;
    // A remote folder has no file manager here: open it in a new window.
    await vscode.commands.executeCommand(
      vscode.env.remoteName || vscode.env.uiKind === vscode.UIKind.Web ? 'vscode.openFolder' : 'revealFileInOS',
      uri,
      { forceNewWindow: true },
    );
    return uri.fsPath;
  },

  /** Opens one setting (its name without `loopSupervisor.`), or all. */
  openSettings:
    () =>
    (...args) =>
      openSettings(typeof args[0] === 'string' ? args[0] : undefined),

  accessibilityHelp: () => async () => {
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(HELP_URI));
  },

  /** Puts `loops` on the user's PATH, for terminals outside of VS Code. Returns its path. */
  installLoopsCommand: (ctx) => async () => {
    const { path, isOnPath } = (await ctx.headless()).installShim();
    const rest = isOnPath ? 'Type `loops --help` in a terminal.' : 'Add its folder to the PATH of your shell.';
    void vscode.window.showInformationMessage(`The command loops was installed as ${path}. ${rest}`);
    return path;
  },

  showLog: (ctx) => () => ctx.log.show(),

  openWalkthrough: (ctx) => () =>
    vscode.commands.executeCommand('workbench.action.openWalkthrough', `${ctx.context.extension.id}#start`),
};
