import * as vscode from 'vscode';
import type { LoopSpec } from '../../core/model/loop.ts';
import { toUsd } from '../../core/model/money.ts';
import type { SubmitResult } from '../../core/model/status.ts';
import { oneLine } from '../text/safeText.ts';
import type { CalledLoop } from './calledOn.ts';
import type { CommandContext, CommandTable } from './commandTable.ts';
import { selectedText, selections, textOfFile, writeInEditor } from './editorText.ts';
import { askPrompt, dropPromptDraft, notEmpty, promptDraft } from './promptDraft.ts';
import { askText } from './prompts.ts';
import { askRecentPrompt } from './recentPrompts.ts';
import { selectionPrompt } from './selectionPrompt.ts';
import { askOptions } from './submitOptions.ts';
import { submitByHand } from './submitting.ts';
import { loopOf, loopsOf } from './target.ts';

const TITLE_CHARS = 80;

/** Ways to submit. Each answers the `SubmitResult`, several of them as an array, and `undefined` when nothing was submitted. */
export const submitCommands: CommandTable = {
  /** Takes a prompt, or a whole `LoopSpec`, as argument; else it asks. */
  submitPrompt:
    (ctx) =>
    async (...args) => {
      const given = specOf(args[0]);
      if (given) return submitByHand(ctx, given);
      const prompt = await typedPrompt(ctx);
      return prompt === undefined ? undefined : submitByHand(ctx, { prompt });
    },

  /** The selected text, as it is. */
  submitSelection: (ctx) => async () => {
    const text = await selectedText();
    return text === undefined ? undefined : submitByHand(ctx, { prompt: text });
  },

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
              prompt: 'What is the agent to do with the selection?',
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

  /** Files of the explorer, or that of the editor, each as one prompt. */
  submitFile:
    (ctx) =>
    async (...args) => {
      const [first, all] = args;
      const uris =
        Array.isArray(all) && all.every((uri) => uri instanceof vscode.Uri) && all.length > 0
          ? all
          : first instanceof vscode.Uri
            ? [first]
            : [];
      const open = vscode.window.activeTextEditor?.document.uri;
      const targets =
        uris.length > 0
          ? uris
          : open
            ? [open]
            : ((await vscode.window.showOpenDialog({ canSelectMany: true, openLabel: 'Submit as Prompt' })) ?? []);
      const results: (SubmitResult | undefined)[] = [];
      for (const uri of targets) {
        const { text, ...title } = await textOfFile(uri);
        results.push(await submitByHand(ctx, { prompt: text, ...title, ...cwdOf(uri) }));
      }
      return results.length > 1 ? results : results[0];
    },

  /** Shows recent prompts: one that is chosen is submitted again, its pencil opens it for changes. */
  submitRecent: (ctx) => async () => {
    const recent = await askRecentPrompt(ctx);
    return recent && submitByHand(ctx, recent);
  },

  /** The same prompt, agent, folder and limits as a loop had, under a new id. */
  submitAgain:
    (ctx) =>
    async (...args) => {
      const loops = await loopsOf(ctx, args, { title: 'Submit Again', states: ['completed', 'failed', 'cancelled'] });
      const results: (SubmitResult | undefined)[] = [];
      for (const loop of loops) {
        const spec = await specOfLoop(ctx, loop);
        if (spec) results.push(await submitByHand(ctx, spec));
      }
      return results.length > 1 ? results : results[0];
    },

  /** Opens a loop's prompt in an editor, to be changed and submitted from there. */
  editPrompt:
    (ctx) =>
    async (...args) => {
      const loop = await loopOf(ctx, args, {
        title: 'Edit Prompt',
        states: ['completed', 'failed', 'cancelled', 'queued', 'running'],
      });
      const spec = loop && (await specOfLoop(ctx, loop));
      return spec && writeInEditor(spec.prompt);
    },

  /** Opens an empty editor for a prompt of several lines. */
  newPrompt: () => () => writeInEditor(''),
};

async function typedPrompt(ctx: CommandContext): Promise<string | undefined> {
  const editor = { iconPath: new vscode.ThemeIcon('edit'), tooltip: 'Write it in an Editor' };
  const prompt = 'The text for the agent. For several lines, use the pencil.';
  const answer = await askPrompt(ctx, { title: 'Submit Prompt', prompt, buttons: [editor] });
  if (answer === editor) {
    const typed = promptDraft(ctx);
    await writeInEditor(typed);
    dropPromptDraft(ctx, typed);
  }
  return typeof answer === 'string' ? answer : undefined;
}

/** A prompt or spec that was handed over by a caller. */
function specOf(value: unknown): LoopSpec | undefined {
  if (typeof value === 'string') return { prompt: value };
  if (typeof value === 'object' && value !== null && 'prompt' in value && typeof value.prompt === 'string')
    return value as LoopSpec;
  return undefined;
}

/** The workspace folder of a file; nothing where it has none, so that the usual choice is made. */
function cwdOf(uri: vscode.Uri): { cwd?: string } {
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  return folder ? { cwd: folder.uri.fsPath } : {};
}

async function specOfLoop(ctx: CommandContext, { loopId, seq }: CalledLoop): Promise<LoopSpec | undefined> {
  const detail = await (await ctx.host.ready()).get(loopId, seq);
  if (!detail) return undefined;
  const { agent, cwd, title, priority, estimate, estimateAssumed, maxCost, metadata } = detail.loop;
  return {
    prompt: detail.prompt,
    agent,
    cwd,
    title,
    priority,
    ...(estimateAssumed ? {} : { estimatedCostUsd: toUsd(estimate) }),
    ...(maxCost === undefined ? {} : { maxCostUsd: toUsd(maxCost) }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}
