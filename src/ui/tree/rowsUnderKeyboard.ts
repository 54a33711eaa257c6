import * as vscode from 'vscode';
import type { TreeRow } from './treeRow.ts';

/**
 * The rows that a key pressed in the view is for: the focused row, with everything selected if it is one of them. VS Code tells extensions only what is
 * selected, and the arrow keys move the focus without selecting. Toggling the focused row in the selection shows which one it is; toggling it
 * again puts the selection back.
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

/** The one row that only one of the two selections holds. */
function rowThatDiffers(before: readonly TreeRow[], after: readonly TreeRow[]): TreeRow | undefined {
  return after.find((row) => !has(before, row)) ?? before.find((row) => !has(after, row));
}

function has(rows: readonly TreeRow[], { id }: TreeRow): boolean {
  return rows.some((row) => row.id === id);
}

function toggleFocused(): Thenable<unknown> {
  return vscode.commands.executeCommand('list.toggleSelection');
}
