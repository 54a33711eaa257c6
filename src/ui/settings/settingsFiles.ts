import * as vscode from 'vscode';
import { isJsonWithComments } from './jsonWithComments.ts';
import type { FilesState } from './settingsMapping.ts';

/**
 * Looks at the files that hold this window's settings of machine scope: the user's, the profile's, and in a remote window the machine's.
 * The editor names none of them; they lie in fixed places around the extension's own storage.
 */
export async function lookAtSettingsFiles(storage: vscode.Uri): Promise<FilesState> {
  const profile = vscode.Uri.joinPath(storage, '..', '..');
  const files = [
    vscode.Uri.joinPath(profile, 'settings.json'),
    vscode.Uri.joinPath(profile, '..', '..', 'settings.json'),
    vscode.Uri.joinPath(profile, '..', 'Machine', 'settings.json'),
  ];
  const texts = await Promise.all(files.map(read));
  const found = texts.filter((text) => text !== undefined);
  if (found.length === 0) return 'unknown';
  // An empty file sets nothing, and is no half of anything.
  return found.every((text) => text.trim() === '' || isJsonWithComments(text)) ? 'parse' : 'broken';
}

async function read(file: vscode.Uri): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
  } catch {
    return undefined;
  }
}
