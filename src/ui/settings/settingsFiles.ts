import * as vscode from 'vscode';
import { isJsonWithComments } from './jsonWithComments.ts';
import type { FilesState } from './settingsMapping.ts';

/**
 * Checks the files with this window's machine-scoped settings: the user's, the profile's and, in a remote window, the
 * machine's. VS Code exposes none of their paths; they lie at fixed places relative to the extension's storage.
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
  // An empty file is valid and sets nothing.
  return found.every((text) => text.trim() === '' || isJsonWithComments(text)) ? 'parse' : 'broken';
}

async function read(file: vscode.Uri): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
  } catch {
    return undefined;
  }
}
