import * as vscode from 'vscode';
import type { ViewDeps } from '../panel/viewDeps.ts';
import { inlineCode } from '../safeText.ts';
import { killInput, TOOLS } from './toolAnswers.ts';

const KILL = 'loopSupervisor_killProcess';

/** Lets language models in the editor look at the supervisor, and kill with the user's leave. */
export function registerTools(deps: ViewDeps): vscode.Disposable {
  const { lm } = vscode;
  return vscode.Disposable.from(
    ...Object.entries(TOOLS).map(([name, tool]) =>
      lm.registerTool<unknown>(name, {
        prepareInvocation: ({ input }) => (name === KILL ? confirmation(deps, input) : {}),
        invoke: async ({ input }) => {
          const supervisor = await deps.host.ready();
          const answer = await tool.answer({ supervisor, usage: (attempts) => deps.usage(attempts), now: deps.clock.now }, input);
          return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(JSON.stringify(answer))]);
        },
      }),
    ),
  );
}

function confirmation(deps: ViewDeps, input: unknown): vscode.PreparedToolInvocation {
  const { loopId, signal } = killInput(input);
  const title = deps.host.current?.get(loopId)?.loop.title;
  const what = title === undefined ? inlineCode(loopId) : `${inlineCode(title, 80)} (${inlineCode(loopId)})`;
  return {
    invocationMessage: `Killing loop ${loopId}`,
    confirmationMessages: {
      title: 'Kill an agent run',
      message: new vscode.MarkdownString(`Send ${signal} to all processes of the loop ${what}? It is stopped for good and not restarted.`),
    },
  };
}
