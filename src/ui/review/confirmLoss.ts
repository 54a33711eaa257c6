import * as vscode from 'vscode';
import type { UnsavedWork } from '../../core/ports/workTrees.ts';
import { count } from '../text/format.ts';

const NAMED = 5;

/** What would be lost, line by line; empty if nothing would. */
export function lossText({ uncommitted = [], ignored = [], commits = 0 }: Partial<UnsavedWork>): string {
  return [
    ...(commits > 0 ? [`${count(commits, 'commit')} that no other branch has`] : []),
    ...(uncommitted.length > 0 ? [`${count(uncommitted.length, 'uncommitted file')}: ${named(uncommitted)}`] : []),
    ...(ignored.length > 0
      ? [`${count(ignored.length, 'ignored file or folder', 'ignored files or folders')}: ${named(ignored)}`]
      : []),
  ].join('\n');
}

/**
 * Asks before removing work that exists nowhere else (R12.6). Without any it does not ask, unless `always`. Returns
 * whether to go on.
 */
export async function confirmLoss(
  question: string,
  lost: Partial<UnsavedWork>,
  button: string,
  always = false,
): Promise<boolean> {
  const text = lossText(lost);
  if (text === '' && !always) return true;
  const detail = text === '' ? 'All of it exists elsewhere too.' : `This exists nowhere else:\n${text}`;
  return (await vscode.window.showWarningMessage(question, { modal: true, detail }, button)) === button;
}

function named(paths: readonly string[]): string {
  const more = paths.length - NAMED;
  return `${paths.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
