import * as vscode from 'vscode';

const SCHEME = 'loop-supervisor-help';
/** The location of the help. */
export const HELP_PAGE = vscode.Uri.from({ scheme: SCHEME, path: '/Loop Supervisor Help' });

const TEXT = `Loop Supervisor by keyboard and screen reader

Alt+F1 in the view or in a page of Loop Supervisor opens this text (on Linux also Shift+Alt+F1).

The view Loops lists loops: prompts that coding agents work on.
Its groups are Running, Queued, Parked, Waiting to restart, Waiting and Finished.
Loops of other windows are listed under the name of their folder.
Each row says its state, what it is doing, for how long and what it cost.

In the view
- Enter shows the output of a loop; the right arrow lists its attempts.
- Shift+F10 opens the menu of a row: all that can be done with it is there.
- Ctrl+Shift+Enter selects a row without opening it; Shift and the arrows then select more.
- Commands act on all that are selected.
- Delete (on a Mac Cmd+Backspace) cancels the selected loops.
- A queued loop is moved with Set Priority and Run Next in its menu.

Everywhere
- Ctrl+Alt+Enter (on a Mac Cmd+Alt+Enter) submits the selection of the editor.
- Every command is in the palette, F1, under Loop Supervisor, such as Submit Prompt and Show Dashboard.
- Keyboard Shortcuts gives them keys of your own.
- Circuit and budget are items in the status bar, and the commands Show Circuit and Show Budget.

In output, details and dashboard
- Tab goes through all that can be acted on. The output itself, long tables and the timeline take the arrow keys.
- End leads to the latest output. Changes of a loop’s state are announced, what it writes is not.
- Timeline of the dashboard: arrow keys go from attempt to attempt, Enter opens the loop.
- The table of loops below it says the same in words.
`;

/**
 * Offers help for keyboard and screen reader users as a read-only document. VS Code's own accessibility help for views
 * is not open to extensions.
 */
export function provideAccessibilityHelp(): vscode.Disposable {
  return vscode.workspace.registerTextDocumentContentProvider(SCHEME, { provideTextDocumentContent: () => TEXT });
}
