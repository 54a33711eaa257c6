import * as vscode from 'vscode';
import { resolveLink } from '../transcript/resolveLink.ts';

/** Opens a file named by an agent at a line and column (from 1), or reports why it cannot. */
export async function openFile(path: string, cwd: string, line?: number, column?: number): Promise<void> {
  const at =
    line === undefined ? undefined : new vscode.Position(Math.max(0, line - 1), Math.max(0, (column ?? 1) - 1));
  try {
    const target = vscode.Uri.file(await resolveLink(path, cwd));
    // VS Code picks the editor: the file may be a picture.
    await vscode.commands.executeCommand('vscode.open', target, {
      preview: true,
      ...(at && { selection: new vscode.Range(at, at) }),
    });
  } catch (error) {
    void vscode.window.showWarningMessage(error instanceof Error ? error.message : String(error));
  }
}
