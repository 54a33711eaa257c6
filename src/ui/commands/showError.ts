import * as vscode from 'vscode';
import { type ErrorCode, isSupervisorError } from '../../core/model/errors.ts';
import type { LoopSpec } from '../../core/model/loopSpec.ts';
import type { UiDeps } from '../window/uiDeps.ts';
import { type ErrorAction, errorActions, errorText } from './errorActions.ts';

/** Submits again what was refused, as it was but for that. */
type SubmitAgain = (changes: Pick<LoopSpec, 'whenBlocked'>) => unknown;

/**
 * Shows an error as a sentence, with the buttons that help. `submitAgain` submits what was refused anew: a button can
 * clear the way for it, or have it queued. Does not wait for the user. A refusal is a warning: unlike an error it goes
 * away by itself, and what it says may soon be out of date.
 */
export function showError(deps: Pick<UiDeps, 'host' | 'log'>, error: unknown, submitAgain?: SubmitAgain): void {
  const message = errorText(error, Date.now());
  if (isSupervisorError(error)) deps.log.info(message);
  else deps.log.error(error instanceof Error ? error : message);
  const actions = errorActions(error, deps.host.state.kind, submitAgain !== undefined);
  const show = isRefusal(error) ? vscode.window.showWarningMessage : vscode.window.showErrorMessage;
  void show(message, ...actions.map(({ title }) => title)).then((answer) =>
    act(
      actions.find(({ title }) => title === answer),
      submitAgain,
    ),
  );
}

function isRefusal(error: unknown): boolean {
  return isSupervisorError(error) && REFUSALS.includes(error.code);
}

const REFUSALS: readonly ErrorCode[] = ['circuit-open', 'budget-exceeded', 'queue-full', 'duplicate-loop'];

async function act(action: ErrorAction | undefined, submitAgain?: SubmitAgain): Promise<void> {
  if (!action) return;
  if ('queues' in action) {
    await submitAgain?.({ whenBlocked: 'queue' });
    return;
  }
  const answer = await vscode.commands.executeCommand(action.command, ...(action.args ?? []));
  if (action.thenAgain && answer !== undefined && answer !== false) await submitAgain?.({});
}
