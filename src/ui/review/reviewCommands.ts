import * as vscode from 'vscode';
import type { Loop } from '../../core/model/loop.ts';
import type { FileChange } from '../../core/ports/workTrees.ts';
import type { Review, ReviewQuery } from '../../core/runtime/loopReviews.ts';
import type { CommandContext, CommandTable } from '../commands/commandTable.ts';
import { loopOf } from '../commands/target.ts';
import { count } from '../text/format.ts';
import { ALL_STATES } from '../text/loopStates.ts';
import { runPlace } from '../text/proofWords.ts';
import { oneLine } from '../text/safeText.ts';
import { panelTarget } from '../webviewHost/panelTarget.ts';
import { resumeArguments } from './resumeLine.ts';
import { snapshotUri } from './snapshotFiles.ts';
import { workHere } from './workHere.ts';

/** Commands that show what a loop has changed, and where it works (R12.4). */
export const reviewCommands: CommandTable = {
  /**
   * Opens VS Code's diff editor with all that a loop has changed, or over one round or attempt (`{round}`, `{attempt}`
   * as second argument). Returns how many files.
   */
  reviewChanges:
    (ctx) =>
    async (...args) => {
      const target = await panelTarget(ctx, args, { title: 'Review Changes', states: ALL_STATES });
      if (!target) return undefined;
      const { loopId, seq, attempt } = target;
      const query = { seq, ...(attempt !== undefined && { attempt }), ...queryIn(args[1]) };
      const loop = await (await ctx.host.ready()).find(loopId, seq);
      if (!loop) return undefined;
      // Snapshots of single runs are not fetched: that is refused with the reason.
      const isWhole = query.round === undefined && query.attempt === undefined;
      const workTrees = isWhole ? await workHere(ctx, loop) : await (await ctx.host.ready()).workTrees();
      const review = await workTrees.review(loopId, query);
      return showReview(review, await placeOf(ctx, review, query));
    },

  /** Opens the work tree of a loop in a window of its own. */
  openWorkTree:
    (ctx) =>
    async (...args) => {
      const loop = await found(ctx, args, 'Open Work Tree in New Window');
      if (!loop) return undefined;
      const path = loop.workTree?.made && (await (await workHere(ctx, loop)).pathOf(loop));
      if (path === undefined) {
        void vscode.window.showInformationMessage(`“${oneLine(loop.title, 60)}” has no work tree of its own now.`);
        return undefined;
      }
      await vscode.commands.executeCommand('vscode.openFolder', vscode.Uri.file(path), { forceNewWindow: true });
      return path;
    },

  /** Opens a terminal in the folder of a loop. */
  openTerminal:
    (ctx) =>
    async (...args) => {
      const loop = await found(ctx, args, 'Open in Terminal');
      if (!loop) return undefined;
      vscode.window.createTerminal({ name: oneLine(loop.title, 40), cwd: loop.cwd }).show();
      return loop.cwd;
    },

  /** Goes on with the session of a loop's agent in a terminal, in the loop's folder. Returns whether it can. */
  resumeInTerminal:
    (ctx) =>
    async (...args) => {
      const loop = await found(ctx, args, 'Resume in Terminal');
      if (!loop) return false;
      const agent = (await ctx.agentChecks.all()).find(({ name }) => name === loop.agent);
      const shellArgs = resumeArguments(agent?.resumeArgs, loop.sessionId);
      if (!agent || !shellArgs) {
        const why = agent?.resumeArgs ? 'it has no session' : `${agent?.title ?? loop.agent} cannot resume one`;
        const text = `“${oneLine(loop.title, 60)}” cannot be resumed in a terminal: ${why}.`;
        void vscode.window.showInformationMessage(text);
        return false;
      }
      // Without a shell: an agent's session id must never act as a command.
      const shell = { shellPath: agent.command, shellArgs: [...shellArgs] };
      vscode.window.createTerminal({ name: oneLine(loop.title, 40), cwd: loop.cwd, ...shell }).show();
      return true;
    },
};

/** The loop that a command was called on, as it now is. */
export async function found(ctx: CommandContext, args: readonly unknown[], title: string): Promise<Loop | undefined> {
  const loop = await loopOf(ctx, args, { title, states: ALL_STATES });
  return loop && (await ctx.host.ready()).find(loop.loopId, loop.seq);
}

function queryIn(value: unknown): Pick<ReviewQuery, 'round' | 'attempt'> {
  if (typeof value !== 'object' || value === null) return {};
  const { round, attempt } = value as ReviewQuery;
  return {
    ...(typeof round === 'number' && { round }),
    ...(typeof attempt === 'number' && { attempt }),
  };
}

/** Which part of a loop's work is shown, as the rest of a sentence: ` in round 2`. */
async function placeOf(ctx: CommandContext, { loopId, seq }: Review, { round, attempt }: ReviewQuery): Promise<string> {
  if (round !== undefined) return ` in round ${round}`;
  if (attempt === undefined) return '';
  const runs = (await (await ctx.host.ready()).get(loopId, seq))?.attempts ?? [];
  return ` in ${runPlace(runs.find(({ number }) => number === attempt) ?? { number: attempt })}`;
}

async function showReview(review: Review, part: string): Promise<number> {
  const { files, leftOut, isShared } = review;
  const title = oneLine(review.title, 60) || review.loopId;
  if (files.length === 0) void vscode.window.showInformationMessage(`“${title}” has changed no file${part}.`);
  else {
    const resources = files.map((file) => resourceOf(review, file));
    await vscode.commands.executeCommand('vscode.changes', `Changes of “${title}”${part}`, resources);
  }
  const notes = [
    ...(isShared ? ['Other loops ran in the same folder: the changes may be theirs together.'] : []),
    ...(leftOut.length > 0
      ? [`${count(leftOut.length, 'file')} too large to compare: ${leftOut.slice(0, 3).join(', ')}.`]
      : []),
  ];
  if (notes.length > 0) void vscode.window.showInformationMessage(notes.join(' '));
  return files.length;
}

/** One row of the diff editor: its name, and the file before and after. */
function resourceOf(
  { commonFolder, from, to }: Review,
  { path, from: earlier = path, kind }: FileChange,
): [vscode.Uri, vscode.Uri | undefined, vscode.Uri | undefined] {
  const before = kind === 'added' ? undefined : snapshotUri(commonFolder, from, earlier);
  const after = kind === 'deleted' ? undefined : snapshotUri(commonFolder, to, path);
  return [snapshotUri(commonFolder, to, path), before, after];
}
