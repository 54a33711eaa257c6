import * as vscode from 'vscode';
import { inlineCode } from '../text/safeText.ts';
import type { ViewDeps } from '../webviewHost/viewDeps.ts';

const KILL = 'loopSupervisor_killProcess';
const SUBMIT = 'loopSupervisor_submitLoop';

/** Registers tools with which chat models read the supervisor's state and, once the user confirms, kill loops. */
export function registerTools(deps: ViewDeps): vscode.Disposable {
  const { lm } = vscode;
  const declared = deps.context.extension.packageJSON.contributes.languageModelTools as readonly {
    readonly name: string;
  }[];
  return vscode.Disposable.from(
    ...declared.map(({ name }) =>
      lm.registerTool<unknown>(name, {
        prepareInvocation: ({ input }) =>
          name === KILL ? confirmation(deps, input) : name === SUBMIT ? submitConfirmation(input) : {},
        invoke: async ({ input }) => {
          const [supervisor, { tools }] = await Promise.all([deps.host.ready(), deps.pages()]);
          const answer = await tools[name]?.answer(
            {
              supervisor,
              usage: (attempts) => deps.usage(attempts),
              now: deps.clock.now,
              submit: (spec) => supervisor.submit(spec),
            },
            input,
          );
          return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(JSON.stringify(answer))]);
        },
      }),
    ),
  );
}

async function confirmation(deps: ViewDeps, input: unknown): Promise<vscode.PreparedToolInvocation> {
  const { loopId, signal } = (await deps.pages()).killInput(input);
  const title = (await deps.host.current?.find(loopId))?.title;
  const what = title === undefined ? inlineCode(loopId) : `${inlineCode(title, 80)} (${inlineCode(loopId)})`;
  return {
    invocationMessage: `Killing loop ${loopId}`,
    confirmationMessages: {
      title: 'Kill an agent run',
      message: new vscode.MarkdownString(
        `Send ${signal} to all processes of the loop ${what}? It is stopped for good.`,
      ),
    },
  };
}

function submitConfirmation(input: unknown): vscode.PreparedToolInvocation {
  const { prompt, agent } = (input ?? {}) as { readonly prompt?: unknown; readonly agent?: unknown };
  const by = typeof agent === 'string' ? ` by ${inlineCode(agent, 40)}` : '';
  return {
    invocationMessage: 'Submitting a loop',
    confirmationMessages: {
      title: 'Submit a loop',
      message: new vscode.MarkdownString(`Run this prompt as a loop${by}? ${inlineCode(String(prompt ?? ''), 300)}`),
    },
  };
}
