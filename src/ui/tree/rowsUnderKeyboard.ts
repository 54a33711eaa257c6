import * as vscode from 'vscode';
import type { TreeRow } from './treeRow.ts';

/**
 * The rows that a key pressed in the view applies to: the focused row, or the whole selection if it is part of it. VS
 * Code exposes the selection only, and the arrow keys move the focus without selecting. So the focused row is found by
 * toggling its selection, which is then toggled back.
 */
export async function rowsUnderKeyboard(selection: () => readonly TreeRow[]): Promise<readonly TreeRow[]> {
  const before = selection();
  await toggleFocused();
  const after = selection();
  await toggleFocused();
  const focused = rowThatDiffers(before, after);
  if (!focused) return before;
  return has(before, focused) ? [focused, ...before.filter(({ id }) => id !== focused.id)] : [focused];
}

/** The row that is in only one of the two selections. */
function rowThatDiffers(before: readonly TreeRow[], after: readonly TreeRow[]): TreeRow | undefined {
  return after.find((row) => !has(before, row)) ?? before.find((row) => !has(after, row));
}

function has(rows: readonly TreeRow[], { id }: TreeRow): boolean {
  return rows.some((row) => row.id === id);
}

function toggleFocused(): Thenable<unknown> {
  return vscode.commands.executeCommand('list.toggleSelection');
}
