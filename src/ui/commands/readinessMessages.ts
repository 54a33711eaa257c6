import * as vscode from 'vscode';
import type { HostState } from '../window/hostState.ts';
import type { UiDeps } from '../window/uiDeps.ts';
import { notReadyActions } from './errorActions.ts';

/** Reports that the store cannot be opened or used, with buttons that help; once per problem. */
export function tellTrouble({ host, log }: Pick<UiDeps, 'host' | 'log'>): { dispose(): void } {
  let told = '';
  return host.onDidChangeState((state) => {
    const message = troubleOf(state);
    if (message === told || (state.kind === 'opening' && !state.trouble)) return;
    told = message;
    if (message === '') return;
    log.error(message);
    const actions = notReadyActions('broken');
    void vscode.window.showErrorMessage(message, ...actions.map(({ title }) => title)).then((answer) => {
      const action = actions.find(({ title }) => title === answer);
      if (action) void vscode.commands.executeCommand(action.command, ...(action.args ?? []));
    });
  });
}

function troubleOf(state: HostState): string {
  if (state.kind === 'broken') return state.error.message;
  return state.kind === 'ready' || state.kind === 'opening' ? (state.trouble?.message ?? '') : '';
}
