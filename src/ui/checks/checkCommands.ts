import * as vscode from 'vscode';
import { isAtRoundBound } from '../../core/model/needs.ts';
import type { SubmitResult } from '../../core/model/status.ts';
import type { CommandContext, CommandTable } from '../commands/commandTable.ts';
import { continueLoops } from '../commands/continueLoops.ts';
import { selections } from '../commands/editorText.ts';
import { askPrompt } from '../commands/promptDraft.ts';
import { BACK } from '../commands/prompts.ts';
import { plainSelectionPrompt } from '../commands/selectionPrompt.ts';
import { folderForSubmit, submitByHand } from '../commands/submitting.ts';
import { loopOf, loopsOf } from '../commands/target.ts';
import { count } from '../text/format.ts';
import { ALL_STATES } from '../text/loopStates.ts';
import { oneLine } from '../text/safeText.ts';
import { askCheck } from './askCheck.ts';
import { type Piece, piecesOf } from './listItems.ts';

/** Commands of loops that prove their work (R11). */
export const checkCommands: CommandTable = {
  /** Submits the selection, or a typed prompt, with a check. Returns the `SubmitResult`. */
  submitWithCheck:
    (ctx) =>
    async (...args) => {
      const title = 'Submit with Check';
      const given = typeof args[0] === 'string' ? args[0] : undefined;
      const prompt = given ?? (await selectedPrompt(ctx)) ?? (await typedPrompt(ctx, title));
      if (prompt === undefined) return undefined;
      const folder = await folderForSubmit(ctx);
      if (folder === BACK) return undefined;
      const check = await askCheck(ctx, { title }, folder);
      if (check === undefined || check === BACK) return undefined;
      return submitByHand(ctx, { prompt, check, ...(folder !== undefined && { cwd: folder }) });
    },

  /** Submits every list item or paragraph of the selection as a loop of its own. Returns the results. */
  submitEach: (ctx) => async () => {
    const parts = await selections();
    if (!parts) return undefined;
    const pieces = parts.flatMap(({ text }) => piecesOf(text));
    if (pieces.length === 0) {
      void vscode.window.showInformationMessage('The selection has no open list item and no paragraph.');
      return undefined;
    }
    const choices = ['Submit', 'Submit with Check…'];
    const detail = pieces.map(({ text }) => `· ${oneLine(text, 80)}`).slice(0, 12);
    const more = pieces.length > detail.length ? [`… and ${pieces.length - detail.length} more`] : [];
    const answer = await vscode.window.showInformationMessage(
      `Submit ${count(pieces.length, 'loop')}?`,
      { modal: true, detail: [...detail, ...more].join('\n') },
      ...choices,
    );
    if (answer === undefined) return undefined;
    const folder = await folderForSubmit(ctx);
    if (folder === BACK) return undefined;
    const check = answer === choices[1] ? await askCheck(ctx, { title: 'Submit Each' }, folder) : undefined;
    if (check === BACK || (answer === choices[1] && check === undefined)) return undefined;
    const file = vscode.window.activeTextEditor?.document.uri.toString();
    const results: SubmitResult[] = [];
    for (const piece of pieces) {
      const common = { ...(folder !== undefined && { cwd: folder }), ...(check && { check }) };
      const result = await submitByHand(ctx, { prompt: piece.text, ...common, ...boxOf(piece, file) });
      // After one refusal the rest would be refused as well: it stays in the file.
      if (!result) break;
      results.push(result);
    }
    return results;
  },

  /** Lets loops go on that wait for more rounds or money. A number as second argument is the new cost limit in USD. */
  continueRounds:
    (ctx) =>
    (...args) =>
      continueLoops(ctx, args),

  /** Completes such a loop as it is (R11.3). */
  acceptAsIs:
    (ctx) =>
    async (...args) => {
      const supervisor = await ctx.host.ready();
      const loops = await loopsOf(ctx, args, {
        title: 'Accept as It Is',
        states: ['waiting'],
        live: ({ loop }) => isAtRoundBound(loop),
      });
      for (const { loopId } of loops) await supervisor.acceptAsIs(loopId);
      return loops.length;
    },

  /** Runs a loop's check alone in its folder, in a terminal, whatever state the loop is in (R11.6). */
  runCheckNow:
    (ctx) =>
    async (...args) => {
      const called = await loopOf(ctx, args, { title: 'Run Check Now', states: ALL_STATES });
      const detail = called && (await (await ctx.host.ready()).get(called.loopId, called.seq));
      if (!detail) return false;
      const { loop } = detail;
      const check = loop.check ?? (await askCheck(ctx, { title: 'Run Check Now' }, loop.cwd));
      if (check === undefined || check === BACK) return false;
      const terminal = vscode.window.createTerminal({ name: `Check: ${oneLine(loop.title, 40)}`, cwd: loop.cwd });
      terminal.show();
      terminal.sendText(check.command);
      return true;
    },
};

async function selectedPrompt(ctx: CommandContext): Promise<string | undefined> {
  const editor = vscode.window.activeTextEditor;
  if (!editor || editor.selections.every((selection) => selection.isEmpty)) return undefined;
  const parts = await selections();
  return parts && plainSelectionPrompt(parts, ctx.config.selectionContext);
}

async function typedPrompt(ctx: CommandContext, title: string): Promise<string | undefined> {
  const answer = await askPrompt(ctx, { title, prompt: 'The text for the agent.' });
  return typeof answer === 'string' ? answer : undefined;
}

/** What is needed to tick a box once its loop has completed. */
function boxOf({ box }: Piece, file: string | undefined) {
  return box === undefined || file === undefined ? {} : { metadata: { box: { file, line: box } } };
}
