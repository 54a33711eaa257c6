import * as vscode from 'vscode';
import { showError } from '../commands/showError.ts';
import type { UiDeps } from '../window/uiDeps.ts';
import { queueMoves } from './queueMoves.ts';
import type { TreeRow } from './treeRow.ts';

const MIME = 'application/vnd.code.tree.loopsupervisor.loops';

/**
 * Queued loops dropped on another one take its place: before it from below, after it from above (`queueMoves`). Dropped
 * on the group's header they go to the front; dropped on empty space they stay.
 */
export class LoopTreeDrag implements vscode.TreeDragAndDropController<TreeRow> {
  readonly #deps: UiDeps;
  readonly dragMimeTypes = [MIME];
  readonly dropMimeTypes = [MIME];

  constructor(deps: UiDeps) {
    this.#deps = deps;
  }

  handleDrag(rows: readonly TreeRow[], data: vscode.DataTransfer): void {
    const ids = rows.filter(isQueued).map(({ subject }) => subject.loopId);
    if (ids.length > 0) data.set(MIME, new vscode.DataTransferItem(ids));
  }

  async handleDrop(target: TreeRow | undefined, data: vscode.DataTransfer): Promise<void> {
    const ids: unknown = data.get(MIME)?.value;
    if (!target || !Array.isArray(ids)) return;
    try {
      await this.#move(ids as string[], target);
    } catch (error) {
      showError(this.#deps, error);
    }
  }

  async #move(ids: readonly string[], target: TreeRow): Promise<void> {
    const { subject } = target;
    const isGroup = subject.kind === 'group' && subject.group === 'queued';
    if (!isGroup && subject.kind !== 'loop') return;
    const supervisor = await this.#deps.host.ready();
    const queue = supervisor.status().queued.map(({ loopId }) => loopId);
    for (const [id, before] of queueMoves(queue, ids, subject.kind === 'loop' ? subject.loopId : undefined)) {
      await (typeof before === 'string' ? supervisor.moveBefore(id, before) : supervisor.moveToEnd(id));
    }
  }
}

function isQueued(
  row: TreeRow,
): row is TreeRow & { readonly subject: { readonly kind: 'loop'; readonly loopId: string } } {
  return row.subject.kind === 'loop' && row.context.startsWith('loop queued ');
}
