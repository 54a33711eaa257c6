import * as vscode from 'vscode';
import { isActive, type LiveLoop } from '../../core/model/loop.ts';
import type { Supervisor } from '../../core/supervisor.ts';
import { count, formatDuration } from '../text/format.ts';
import { oneLine, withoutLinks } from '../text/safeText.ts';
import type { UiDeps } from '../window/uiDeps.ts';
import { showError } from './showError.ts';

const UNDO = 'Undo';

/** Asks before a key press stops loops that run: their work so far would be lost. Returns whether to go on. */
export async function mayStopRunning(supervisor: Supervisor, ids: readonly string[]): Promise<boolean> {
  const running = liveOf(supervisor, ids).filter(isActive);
  const [first] = running;
  if (!first) return true;
  const what =
    running.length === 1
      ? `“${oneLine(first.title, 60) || first.loopId}”, which has run for ` +
        `${formatDuration(Date.now() - first.attempt.startedAt)}`
      : count(running.length, 'running loop');
  const answer = await vscode.window.showWarningMessage(
    `Stop ${what}?`,
    { modal: true, detail: 'Its processes are ended, and it is not restarted. Its output is kept.' },
    'Stop',
  );
  return answer === 'Stop';
}

/** Cancels loops; offers to put back those that were only waiting. Returns how many there were to cancel. */
export async function cancelLoops(
  deps: Pick<UiDeps, 'host' | 'log'>,
  supervisor: Supervisor,
  ids: readonly string[],
): Promise<number> {
  const waiting = liveOf(supervisor, ids).filter((loop) => !isActive(loop));
  const results = await Promise.allSettled(ids.map((id) => supervisor.cancel(id)));
  const cancelled = new Set(ids.filter((_, i) => fulfilled(results[i])));
  offerUndo(
    deps,
    supervisor,
    waiting.filter(({ loopId }) => cancelled.has(loopId)),
  );
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
  return cancelled.size;
}

function offerUndo(
  deps: Pick<UiDeps, 'host' | 'log'>,
  supervisor: Supervisor,
  loops: readonly { readonly loopId: string; readonly title: string }[],
): void {
  const [first] = loops;
  if (!first) return;
  const message =
    loops.length === 1
      ? `Cancelled “${oneLine(first.title, 60) || first.loopId}”.`
      : `Cancelled ${count(loops.length, 'waiting loop')}.`;
  void vscode.window.showInformationMessage(withoutLinks(message), UNDO).then(async (answer) => {
    if (answer !== UNDO) return;
    try {
      for (const { loopId } of loops) await supervisor.undoCancel(loopId);
    } catch (error) {
      showError(deps, error);
    }
  });
}

function liveOf(supervisor: Supervisor, ids: readonly string[]): LiveLoop[] {
  const wanted = new Set(ids);
  return supervisor.live().flatMap(({ loop }) => (wanted.has(loop.loopId) ? [loop] : []));
}

function fulfilled(result: PromiseSettledResult<boolean> | undefined): boolean {
  return result?.status === 'fulfilled' && result.value;
}
