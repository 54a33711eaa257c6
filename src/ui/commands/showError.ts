import * as vscode from 'vscode';
import { isSupervisorError } from '../../core/model/errors.ts';
import type { UiDeps } from '../window/uiDeps.ts';
import { type ErrorAction, errorActions } from './errorActions.ts';

/**
 * Shows an error as a sentence, with the buttons that help. `again` does once more what failed, where a button can clear the way for it.
 * Does not wait for the user.
 */
export function showError(deps: Pick<UiDeps, 'host' | 'log'>, error: unknown, again?: () => unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  if (isSupervisorError(error)) deps.log.info(message);
  else deps.log.error(error instanceof Error ? error : message);
  const actions = errorActions(error, deps.host.state.kind);
  void vscode.window.showErrorMessage(message, ...actions.map(({ title }) => title)).then((answer) =>
    act(
      actions.find(({ title }) => title === answer),
      again,
    ),
  );
}

async function act(action: ErrorAction | undefined, again?: () => unknown): Promise<void> {
  if (!action) return;
  const answer = await vscode.commands.executeCommand(action.command, ...(action.args ?? []));
  if (action.thenAgain && answer !== undefined && answer !== false) await again?.();
}
