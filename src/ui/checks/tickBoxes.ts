import * as vscode from 'vscode';
import type { SupervisorEvent } from '../../core/model/event.ts';
import { claimEvents } from '../window/eventClaims.ts';
import type { UiDeps } from '../window/uiDeps.ts';
import { ticked } from './listItems.ts';

/**
 * Ticks the box of a list item whose loop has completed, if its line still stands in the file as it was and only once
 * (R11.6).
 */
export function tickBoxes({ host, log }: UiDeps): vscode.Disposable {
  // One at a time: a tick that is not saved yet must not look like an edit of the user's.
  let ticks = Promise.resolve();
  const listener = host.onEvent((event) => {
    if (event.type !== 'loop:completed') return;
    ticks = ticks
      .then(() => tick(event))
      .catch((error: unknown) => log.warn(`A box could not be ticked: ${String(error)}`));
  });

  async function tick(event: Extract<SupervisorEvent, { type: 'loop:completed' }>): Promise<void> {
    const metadata = (await host.current?.get(event.loopId))?.loop.metadata;
    const box = metadata?.['box'];
    if (typeof box !== 'object' || box === null || Array.isArray(box)) return;
    const { file, line } = box;
    if (typeof file !== 'string' || typeof line !== 'string') return;
    const uri = vscode.Uri.parse(file);
    // A window that has the file's folder open does it; the others leave it alone.
    if (!vscode.workspace.getWorkspaceFolder(uri)) return;
    if ((await claimEvents(host, 'box', [event])).length === 0) return;
    const document = await vscode.workspace.openTextDocument(uri);
    const places = Array.from({ length: document.lineCount }, (_, n) => n).filter(
      (n) => document.lineAt(n).text === line,
    );
    const [place] = places;
    if (places.length !== 1 || place === undefined) return;
    const wasDirty = document.isDirty;
    const edit = new vscode.WorkspaceEdit();
    edit.replace(uri, document.lineAt(place).range, ticked(line));
    if ((await vscode.workspace.applyEdit(edit)) && !wasDirty) await document.save();
  }

  return listener;
}
