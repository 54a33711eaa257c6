import { delimiter } from 'node:path';
import type * as vscode from 'vscode';
import type { HeadlessParts } from './background.ts';
import type { UiDeps } from './uiDeps.ts';

interface TerminalDeps extends UiDeps {
  headless(): Promise<Pick<HeadlessParts, 'writeShim'>>;
}

/** Puts `loops` on the PATH of integrated terminals, once the workspace is trusted; no file of the user is touched. */
export function offerInTerminals({ host, context, headless, log }: TerminalDeps): vscode.Disposable {
  const offered = host.onDidChangeState(({ kind }) => {
    if (kind !== 'ready') return;
    offered.dispose();
    offer().catch((error: unknown) => log.error('loops could not be put on the PATH of terminals.', error as Error));
  });
  const offer = async () => {
    const folder = (await headless()).writeShim();
    const variables = context.environmentVariableCollection;
    variables.description = 'The command `loops`, for the loops of this window.';
    variables.prepend('PATH', `${folder}${delimiter}`);
  };
  return offered;
}
