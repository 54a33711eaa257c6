import * as vscode from 'vscode';
import type { LoopSpec } from '../../core/model/loopSpec.ts';
import { toUsd } from '../../core/model/money.ts';
import type { SubmitResult } from '../../core/model/status.ts';
import { checkRequestOf } from '../../core/policy/checkSpec.ts';
import { baseName, count } from '../text/format.ts';
import { FINAL_STATES } from '../text/loopStates.ts';
import { oneLine } from '../text/safeText.ts';
import type { CalledLoop } from './calledOn.ts';
import type { CommandContext, CommandTable, Handler } from './commandTable.ts';
import { selections, textOfFile } from './editorText.ts';
import { askPrompt, dropPromptDraft, notEmpty, promptDraft } from './promptDraft.ts';
import { optionsOfEditor, writeInEditor } from './promptEditor.ts';
import { askText } from './prompts.ts';
import { askRecentPrompt } from './recentPrompts.ts';
import { plainSelectionPrompt, selectionPrompt } from './selectionPrompt.ts';
import { askOptions } from './submitOptions.ts';
import { submitByHand } from './submitting.ts';
import { loopsOf } from './target.ts';

const TITLE_CHARS = 80;

/** Agents that the editor's menu names: one entry each, of which the one for the default agent shows. */
const NAMED_AGENTS = ['Claude', 'Codex', 'Gemini', 'Opencode', 'Copilot', 'Pi', 'Qwen', 'Kilo', 'Sample'] as const;

const submitSelection =
  (ctx: CommandContext): Handler =>
  async () => {
    const parts = await selections();
    if (!parts) return undefined;
    return submitByHand(ctx, { prompt: plainSelectionPrompt(parts, ctx.config.selectionContext) });
  };

/** Ways to submit. Each returns the `SubmitResult`, several as an array, and `undefined` if nothing was submitted. */
export const submitCommands: CommandTable = {
  /** Takes a prompt, or a whole `LoopSpec`, as argument; otherwise it asks. */
  submitPrompt:
    (ctx) =>
    async (...args) => {
      const given = specOf(args[0]);
      if (given) return submitByHand(ctx, given);
      const prompt = await typedPrompt(ctx);
      return prompt === undefined ? undefined : submitByHand(ctx, { prompt });
    },

  /** The selected text, followed by where it is. */
  submitSelection,
  ...Object.fromEntries(NAMED_AGENTS.map((agent) => [`submitSelectionTo${agent}`, submitSelection])),

  /** The selected text as a block under an instruction, with its path and lines. */
  submitSelectionWithInstruction:
    (ctx) =>
    async (...args) => {
      const parts = await selections();
      if (!parts) return undefined;
      const instruction =
        typeof args[0] === 'string'
          ? args[0]
          : await askText({
              title: 'Submit Selection with Instruction',
              prompt: 'What should the agent do with the selection?',
              placeholder: 'Explain, fix, test, document …',
              validate: notEmpty,
            });
      if (typeof instruction !== 'string') return undefined;
      return submitByHand(ctx, {
        prompt: selectionPrompt(instruction, parts),
        title: oneLine(instruction, TITLE_CHARS),
      });
    },

  submitWithOptions:
    (ctx) =>
    async (...args) => {
      const spec = await askOptions(ctx, specOf(args[0]));
      return spec && submitByHand(ctx, spec);
    },

  /** The whole file of the active editor, after asking; without an editor, files that the user chooses. */
  submitFile: (ctx) => async () => {
    const open = vscode.window.activeTextEditor?.document;
    if (!open) {
      const chosen = await vscode.window.showOpenDialog({ canSelectMany: true, openLabel: 'Submit as Prompt' });
      return submitFiles(ctx, chosen ?? []);
    }
    const answer = await vscode.window.showInformationMessage(
      `Submit all of ${baseName(open.uri.path)} as a prompt?`,
      {
        modal: true,
        detail:
          `${count(open.lineCount, 'line')} go to ` +
          `${ctx.config.hasDefaultAgent ? ctx.settings().defaultAgent : 'the agent that you choose next'}.`,
      },
      'Submit',
    );
    return answer === 'Submit' ? submitFiles(ctx, [open.uri]) : undefined;
  },

  /**
   * Files of the explorer, or that of the editor whose button was pressed: each one a prompt. Several are submitted
   * after asking.
   */
  submitFiles:
    (ctx) =>
    async (...args) => {
      const [first, all] = args;
      const several = Array.isArray(all) ? all.filter((uri) => uri instanceof vscode.Uri) : [];
      const uris = several.length > 0 ? several : first instanceof vscode.Uri ? [first] : [];
      if (uris.length > 1) {
        const answer = await vscode.window.showInformationMessage(
          `Submit ${count(uris.length, 'file')} as prompts?`,
          { modal: true, detail: `Each file becomes a loop of its own: ${count(uris.length, 'loop')} in all.` },
          'Submit',
        );
        if (answer !== 'Submit') return undefined;
      }
      return submitFiles(ctx, uris);
    },

  /** Lists recent prompts: the chosen one is submitted again, its pencil opens it for changes. */
  submitRecent: (ctx) => async () => {
    const recent = await askRecentPrompt(ctx);
    return recent && submitByHand(ctx, recent);
  },

  /** Submits the prompt, agent, folder and limits of a loop again, under a new id. */
  submitAgain:
    (ctx) =>
    async (...args) => {
      const loops = await loopsOf(ctx, args, { title: 'Submit Again', states: FINAL_STATES });
      const results: (SubmitResult | undefined)[] = [];
      for (const loop of loops) {
        const spec = await specOfLoop(ctx, loop);
        if (spec) results.push(await submitByHand(ctx, spec));
      }
      return results.length > 1 ? results : results[0];
    },

  /** Opens an empty editor for a prompt of several lines. */
  newPrompt: (ctx) => () => writeInEditor(ctx, ''),
};

/** Everything that is needed to submit a loop once more. */
export async function specOfLoop(
  ctx: Pick<CommandContext, 'host'>,
  { loopId, seq }: CalledLoop,
): Promise<LoopSpec | undefined> {
  const detail = await (await ctx.host.ready()).get(loopId, seq);
  if (!detail) return undefined;
  const { agent, cwd, title, priority, estimate, estimateAssumed, maxCost, metadata, check, commands } = detail.loop;
  return {
    prompt: detail.prompt,
    agent,
    // Its folder is one of the machine that ran it.
    ...(detail.machine === undefined ? { cwd } : { machine: detail.loop.machine ?? detail.machine }),
    title,
    priority,
    ...(estimateAssumed ? {} : { estimatedCostUsd: toUsd(estimate) }),
    ...(maxCost === undefined ? {} : { maxCostUsd: toUsd(maxCost) }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(commands === undefined ? {} : { commands }),
    ...(check && { check: checkRequestOf(check) }),
  };
}

async function submitFiles(ctx: CommandContext, uris: readonly vscode.Uri[]) {
  const results: (SubmitResult | undefined)[] = [];
  for (const uri of uris) {
    const prompt = await textOfFile(uri);
    results.push(
      await submitByHand(ctx, { prompt, ...titleFrom(prompt), ...cwdOf(uri), ...optionsOfEditor(ctx, uri) }),
    );
  }
  return results.length > 1 ? results : results[0];
}

async function typedPrompt(ctx: CommandContext): Promise<string | undefined> {
  const editor = { iconPath: new vscode.ThemeIcon('edit'), tooltip: 'Write It in an Editor' };
  const prompt = 'The text for the agent. For several lines, use the pencil.';
  const answer = await askPrompt(ctx, { title: 'Submit Prompt', prompt, buttons: [editor] });
  if (answer === editor) {
    const typed = promptDraft(ctx);
    await writeInEditor(ctx, typed);
    dropPromptDraft(ctx, typed);
  }
  return typeof answer === 'string' ? answer : undefined;
}

/** The prompt or spec passed by a caller. */
function specOf(value: unknown): LoopSpec | undefined {
  if (typeof value === 'string') return { prompt: value };
  if (typeof value === 'object' && value !== null && 'prompt' in value && typeof value.prompt === 'string')
    return value as LoopSpec;
  return undefined;
}

/** The first line of a file, without the marks of a Markdown heading: files are often called alike. */
function titleFrom(text: string): { title?: string } {
  const line = text.split('\n').find((one) => one.replace(/^[\s#>*-]+/, '').trim() !== '') ?? '';
  const title = line.replace(/^\s*#{1,6}\s+/, '').trim();
  return title === '' ? {} : { title };
}

/** The workspace folder of a file; undefined if it has none, so that the default applies. */
function cwdOf(uri: vscode.Uri): { cwd?: string } {
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  return folder ? { cwd: folder.uri.fsPath } : {};
}
