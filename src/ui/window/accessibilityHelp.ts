import * as vscode from 'vscode';

const SCHEME = 'loop-supervisor-help';
/** The location of the help. */
export const HELP_URI = vscode.Uri.from({ scheme: SCHEME, path: '/Loop Supervisor Help' });

const TEXT = `Loop Supervisor by keyboard and screen reader

Alt+F1 in the view or in a page of Loop Supervisor opens this text (on Linux also Shift+Alt+F1).

The view Loops lists loops: prompts that coding agents work on.
Its groups are Needs You, Running, Queued, Parked, Waiting to restart, Waiting and Finished.
Loops of other windows are listed under the name of their folder.
Each row says its state, what it is doing, for how long and what it cost.

In the view
- Enter shows the output of a loop; the right arrow lists its attempts.
- Shift+F10 opens the menu of a row, with everything that you can do with it.
- Ctrl+Shift+Enter selects a row without opening it; Shift and the arrows then select more.
- Commands act on all selected rows. A key acts on the row with the focus, and on the selection if that row is in it.
- Delete (on a Mac Cmd+Backspace) cancels, F2 renames.
- Set Priority and Run Next in the menu of a queued loop move it.

Everywhere
- Ctrl+Alt+Enter (on a Mac Cmd+Alt+Enter) submits the selection of the editor.
- Every command is in the palette, F1, under Loop Supervisor, such as Submit Prompt and Show Dashboard.
- Keyboard Shortcuts assigns your own keys to them.
- Circuit and budget are items in the status bar, and the commands Show Circuit and Show Budget.

In output, details and dashboard
- Tab moves through everything that you can act on. Arrow keys move in the output, long tables and the timeline.
- End jumps to the latest output. Changes of a loop’s state are announced; what it writes is not.
- Timeline of the dashboard: arrow keys move from attempt to attempt, Enter opens the loop.
- The table of loops below it says the same in words.
`;

/**
 * Offers help for keyboard and screen reader users as a read-only document. VS Code's own accessibility help for views
 * is not open to extensions.
 */
export function provideAccessibilityHelp(): vscode.Disposable {
  return vscode.workspace.registerTextDocumentContentProvider(SCHEME, { provideTextDocumentContent: () => TEXT });
}
