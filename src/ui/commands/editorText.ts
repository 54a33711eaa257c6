import * as vscode from 'vscode';
import { InvalidLoopError } from '../../core/model/errors.ts';
import { baseName } from '../text/format.ts';
import type { SelectedText } from './selectionPrompt.ts';

/** Everything that is selected in the active editor, as it is; several selections are joined by a line end. `undefined`: the user was told that nothing is. */
export async function selectedText(): Promise<string | undefined> {
  const parts = await selections();
  return parts?.map(({ text }) => text).join('\n');
}

/** The selections of the active editor from top to bottom, with where they are. */
export async function selections(): Promise<SelectedText[] | undefined> {
  const editor = vscode.window.activeTextEditor;
  const chosen = editor?.selections.filter((selection) => !selection.isEmpty) ?? [];
  if (!editor || chosen.length === 0) {
    const answer = await vscode.window.showInformationMessage(
      'Select some text in an editor first.',
      ...(editor ? ['Submit the Whole File'] : ['Submit a Prompt']),
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
      // A selection that ends before the first character of a line does not hold that line.
      lastLine:
        selection.end.line + (selection.end.character === 0 && selection.end.line > selection.start.line ? 0 : 1),
      language: document.languageId,
    }));
}

/** The text of a file for a prompt: of the editor where it is open, of the disk else. One without a name of its own gives no title. */
export async function textOfFile(uri: vscode.Uri): Promise<{ readonly text: string; readonly title?: string }> {
  if (uri.scheme === 'untitled') return { text: (await vscode.workspace.openTextDocument(uri)).getText() };
  const title = baseName(uri.path);
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
  if (open) return { text: open.getText(), title };
  const bytes = await vscode.workspace.fs.readFile(uri);
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), title };
  } catch {
    throw new InvalidLoopError('prompt', `can not be read from ${title}: the file is not UTF-8 text`);
  }
}

/** Opens text in an editor from which it can be submitted. Answers its address. */
export async function writeInEditor(content: string): Promise<string> {
  const document = await vscode.workspace.openTextDocument({ language: 'markdown', content });
  await vscode.window.showTextDocument(document);
  void vscode.window
    .showInformationMessage(
      'Write your prompt here, then press “Submit File as Prompt” in the editor’s title bar.',
      'Submit Now',
    )
    .then((answer) => {
      if (answer) void vscode.commands.executeCommand('loopSupervisor.submitFile', document.uri);
    });
  return document.uri.toString();
}
