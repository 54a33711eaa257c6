import * as vscode from 'vscode';
import type { LoopTarget } from '../webviewHost/loopTarget.ts';

/**
 * Shows the folder of a loop: in the explorer of this window if it is part of its workspace, otherwise in a window of
 * its own.
 */
export async function openFolder(cwd: string): Promise<void> {
  const uri = vscode.Uri.file(cwd);
  if (vscode.workspace.getWorkspaceFolder(uri)) await vscode.commands.executeCommand('revealInExplorer', uri);
  else await vscode.commands.executeCommand('vscode.openFolder', uri, { forceNewWindow: true });
}

/** Shows the changes in the folder of a loop: its review if there is one, otherwise source control. */
export async function openChanges(cwd: string, target: LoopTarget): Promise<void> {
  const review = 'loopSupervisor.reviewChanges';
  if ((await vscode.commands.getCommands(true)).includes(review)) {
    await vscode.commands.executeCommand(review, target);
  } else if (vscode.workspace.getWorkspaceFolder(vscode.Uri.file(cwd))) {
    await vscode.commands.executeCommand('workbench.view.scm');
  } else await openFolder(cwd);
}
