import * as vscode from 'vscode';
import { resolveLink } from '../transcript/resolveLink.ts';

/** Opens a file that an agent has named, at its line and column (from 1), or says why it can not. */
export async function openFile(path: string, cwd: string, line?: number, column?: number): Promise<void> {
  const at =
    line === undefined ? undefined : new vscode.Position(Math.max(0, line - 1), Math.max(0, (column ?? 1) - 1));
  try {
    const target = vscode.Uri.file(await resolveLink(path, cwd));
    // The editor of the platform decides how to show it: a picture is not text.
    await vscode.commands.executeCommand('vscode.open', target, {
      preview: true,
      ...(at && { selection: new vscode.Range(at, at) }),
    });
  } catch (error) {
    void vscode.window.showWarningMessage(error instanceof Error ? error.message : String(error));
  }
}
