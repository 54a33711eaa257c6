import * as vscode from 'vscode';
import type { LoopSpec } from '../../core/model/loopSpec.ts';
import type { CommandContext } from './commandTable.ts';

/** Options of prompts being written in an editor, by the URI of the document. */
const KEY = 'submit.editors';
/** Untitled documents come and go: only the newest are remembered. */
const KEPT = 20;

type Options = Omit<LoopSpec, 'prompt' | 'loopId'>;

/** Opens text in an editor from which it can be submitted, with these options. Returns the document's address. */
export async function writeInEditor(ctx: CommandContext, content: string, options: Options = {}): Promise<string> {
  const document = await vscode.workspace.openTextDocument({ language: 'markdown', content });
  await vscode.window.showTextDocument(document);
  const address = document.uri.toString();
  if (Object.keys(options).length > 0) {
    const others = Object.entries(kept(ctx)).filter(([other]) => other !== address);
    await ctx.context.workspaceState.update(KEY, Object.fromEntries([...others, [address, options]].slice(-KEPT)));
  }
  void vscode.window
    .showInformationMessage(
      'Write your prompt here, then press “Submit as Prompt” in the editor’s title bar.',
      'Submit Now',
    )
    .then((answer) => {
      if (answer) void vscode.commands.executeCommand('loopSupervisor.submitFiles', document.uri);
    });
  return address;
}

/** The options for the prompt in this document. */
export function optionsOfEditor(ctx: CommandContext, uri: vscode.Uri): Options {
  return kept(ctx)[uri.toString()] ?? {};
}

function kept({ context }: CommandContext): { readonly [address: string]: Options } {
  return context.workspaceState.get(KEY) ?? {};
}
