import * as vscode from 'vscode';
import { InvalidLoopError } from '../../core/model/errors.ts';
import { baseName } from '../text/format.ts';
import type { SelectedText } from './selectionPrompt.ts';

/** The selections of the active editor from top to bottom. `undefined`: nothing is selected, which was reported. */
export async function selections(): Promise<SelectedText[] | undefined> {
  const editor = vscode.window.activeTextEditor;
  const chosen = editor?.selections.filter((selection) => !selection.isEmpty) ?? [];
  if (!editor || chosen.length === 0) {
    const answer = await vscode.window.showInformationMessage(
      'Select some text in an editor first.',
      ...(editor ? ['Submit Current File…'] : ['Submit Prompt…']),
    );
    if (answer)
      await vscode.commands.executeCommand(editor ? 'loopSupervisor.submitFile' : 'loopSupervisor.submitPrompt');
    return undefined;
  }
  const { document } = editor;
  return chosen
    .toSorted((a, b) => a.start.compareTo(b.start))
    .map((selection) => ({
      text: document.getText(selection),
      path: vscode.workspace.asRelativePath(document.uri),
      firstLine: selection.start.line + 1,
      // A selection that ends at the start of a line does not include that line.
      lastLine:
        selection.end.line + (selection.end.character === 0 && selection.end.line > selection.start.line ? 0 : 1),
      language: document.languageId,
    }));
}

/** The text of a file for a prompt: from its editor if it is open, otherwise from disk. */
export async function textOfFile(uri: vscode.Uri): Promise<string> {
  if (uri.scheme === 'untitled') return (await vscode.workspace.openTextDocument(uri)).getText();
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
  if (open) return open.getText();
  const bytes = await vscode.workspace.fs.readFile(uri);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new InvalidLoopError('prompt', `cannot be read from ${baseName(uri.path)}: the file is not UTF-8 text`);
  }
}
