import * as vscode from 'vscode';
import type { Loop } from '../../core/model/loop.ts';
import type { BringHomeWay, MergePreview } from '../../core/ports/workTrees.ts';
import type { HomePreview, HomeResult } from '../../core/runtime/workTreeActions.ts';
import type { CommandContext, CommandTable, Handler } from '../commands/commandTable.ts';
import { notEmpty } from '../commands/promptDraft.ts';
import { askText } from '../commands/prompts.ts';
import { loopOf } from '../commands/target.ts';
import { baseName, count } from '../text/format.ts';
import { FINAL_STATES } from '../text/loopStates.ts';
import { oneLine } from '../text/safeText.ts';
import { changesText } from './changesText.ts';
import { confirmLoss } from './confirmLoss.ts';
import { found } from './reviewCommands.ts';
import { workHere } from './workHere.ts';

const ABORT = 'Abort';
const PATHS_NAMED = 5;

/** A way to bring work home, in words. */
interface Way {
  readonly way: BringHomeWay;
  readonly title: string;
  /** The button that does it. */
  readonly verb: string;
  /** `Merged`, as a message begins. */
  readonly done: string;
  readonly detail: string;
}

const MERGE: Way = {
  way: 'merge',
  title: 'Merge',
  verb: 'Merge',
  done: 'Merged',
  detail: 'A merge commit with the title of the loop brings its branch in; then its work tree and branch are removed.',
};
const SQUASH: Way = {
  way: 'squash',
  title: 'Squash',
  verb: 'Squash',
  done: 'Squashed',
  detail: 'One commit with the title of the loop brings its work in; then its work tree and branch are removed.',
};
const APPLY: Way = {
  way: 'apply',
  title: 'Apply to Working Tree',
  verb: 'Apply',
  done: 'Applied',
  detail: 'Its work becomes uncommitted changes; then its work tree and branch are removed.',
};

/** Commands that bring home, or discard, what a loop did in its own work tree (R12.4, R12.5). */
export const bringHomeCommands: CommandTable = {
  mergeChanges: bring(MERGE),
  squashChanges: bring(SQUASH),
  applyChanges: bring(APPLY),

  /** Undoes a merge that stopped at conflicts. Returns whether it did. */
  abortMerge:
    (ctx) =>
    async (...args) => {
      const loop = await found(ctx, args, 'Abort Merge');
      return loop ? abort(ctx, loop) : false;
    },

  /** Commits the rest and removes the work tree; the branch stays. Returns the branch. */
  keepBranch:
    (ctx) =>
    async (...args) => {
      const loop = await found(ctx, args, 'Keep Branch');
      if (!loop) return undefined;
      const workTrees = await workHere(ctx, loop);
      const { ignored } = await workTrees.unsaved(loop);
      if (!(await confirmLoss(`Remove the work tree of “${nameOf(loop)}”?`, { ignored }, 'Remove'))) return undefined;
      const branch = await workTrees.keepBranch(loop);
      void vscode.window.showInformationMessage(`The work of “${nameOf(loop)}” is on branch ${branch}.`);
      return branch;
    },

  /** Removes work tree and branch, after asking. Returns whether it did. */
  discardWorkTree:
    (ctx) =>
    async (...args) => {
      const loop = await found(ctx, args, 'Discard');
      if (!loop) return false;
      const workTrees = await workHere(ctx, loop);
      const question = `Discard what “${nameOf(loop)}” did?`;
      if (!(await confirmLoss(question, await workTrees.unsaved(loop), 'Discard', true))) return false;
      await workTrees.discard(loop);
      return true;
    },

  /** Continues a finished loop with another prompt (R12.5). Returns the `SubmitResult`. */
  continueWith:
    (ctx) =>
    async (...args) => {
      const title = 'Continue with…';
      const loop = await loopOf(ctx, args, { title, states: FINAL_STATES });
      if (!loop) return undefined;
      const prompt =
        typeof args[1] === 'string'
          ? args[1]
          : await askText({
              title,
              prompt: 'What should the agent do next? It continues in its session and folder.',
              placeholder: 'Now add tests …',
              validate: notEmpty,
            });
      if (typeof prompt !== 'string') return undefined;
      return (await ctx.host.ready()).continueWith(loop.loopId, prompt);
    },

  /** Restores the files of a work tree to their state after a round (`round` as second argument; R11.8). */
  useRound:
    (ctx) =>
    async (...args) => {
      const loop = await found(ctx, args, 'Use Round');
      if (!loop) return undefined;
      const last = loop.rounds?.round ?? 0;
      const check = (value: string) =>
        /^[1-9]\d*$/.test(value) && Number(value) <= last ? undefined : `Enter a round from 1 to ${last}.`;
      const given =
        typeof args[1] === 'number'
          ? String(args[1])
          : await askText({ title: 'Use Round', prompt: 'The round whose files to restore.', validate: check });
      if (typeof given !== 'string') return undefined;
      await (await (await ctx.host.ready()).workTrees()).useRound(loop, Number(given));
      const text = `The work tree of “${nameOf(loop)}” has the files of round ${given}. What was there is kept.`;
      void vscode.window.showInformationMessage(text);
      return Number(given);
    },
};

/** Brings a loop's work home after a preview. Returns the result. */
function bring(way: Way): (ctx: CommandContext) => Handler {
  return (ctx) =>
    async (...args) => {
      const loop = await found(ctx, args, way.title);
      if (!loop) return undefined;
      const workTrees = await workHere(ctx, loop);
      const preview = await workTrees.preview(loop, way.way);
      if (!(await mayBring(loop, way, preview))) return undefined;
      return tell(ctx, loop, way, preview, await workTrees.bringHome(loop, way.way));
    };
}

/** Previews what bringing it home would run into, and asks. */
async function mayBring(loop: Loop, way: Way, preview: HomePreview): Promise<boolean> {
  const { meets } = preview;
  const name = nameOf(loop);
  if (meets.kind === 'blocked') {
    void vscode.window.showWarningMessage(`“${name}” was not brought home: ${meets.message}`);
    return false;
  }
  if (meets.kind === 'nothing') {
    const discard = 'Discard Work Tree';
    const text = `${placeOf(preview)} has all of “${name}” already: there is nothing to bring home.`;
    void vscode.window.showInformationMessage(text, discard).then((answer) => {
      if (answer === discard) void vscode.commands.executeCommand('loopSupervisor.discardWorkTree', loop);
    });
    return false;
  }
  const isConflict = meets.kind === 'conflicts';
  const button = isConflict ? `${way.verb} with Conflicts` : way.verb;
  const question = isConflict
    ? `Bringing “${name}” into ${placeOf(preview)} will conflict in ${count(meets.paths.length, 'file')}.`
    : `${way.verb} “${name}” into ${placeOf(preview)}?`;
  const answer = await vscode.window.showWarningMessage(
    question,
    { modal: true, detail: detailOf(loop, way, meets) },
    button,
  );
  return answer === button;
}

function detailOf(loop: Loop, way: Way, meets: MergePreview): string {
  const changes = changesText(loop.changes);
  const lines = [...(changes ? [changes] : [])];
  if (meets.kind === 'conflicts') {
    lines.push(named(meets.paths), `The conflicts are yours to resolve in this window; ${ABORT} undoes the merge.`);
  } else lines.push(way.detail);
  if (meets.kind === 'unknown') lines.push(meets.message);
  return lines.join('\n\n');
}

async function tell(
  ctx: CommandContext,
  loop: Loop,
  way: Way,
  preview: HomePreview,
  { result, isRemoved, ignored }: HomeResult,
): Promise<HomeResult['result']> {
  const name = nameOf(loop);
  switch (result.kind) {
    case 'done':
      void vscode.window.showInformationMessage(`${way.done} “${name}” into ${placeOf(preview)}.`);
      if (!isRemoved) void askForIgnored(ctx, loop, ignored);
      break;
    case 'nothing':
      void vscode.window.showInformationMessage(`“${name}” has nothing to bring home.`);
      break;
    case 'refused':
      void vscode.window.showErrorMessage(`“${name}” was not brought home: ${result.message}`);
      break;
    case 'conflicts':
      tellConflicts(ctx, loop, result.paths);
  }
  return result;
}

function tellConflicts(ctx: CommandContext, loop: Loop, paths: readonly string[]): void {
  const open = 'Open Source Control';
  const text = `“${nameOf(loop)}” conflicts in ${named(paths)}. Resolve and commit, or ${ABORT}. Its work tree stays.`;
  void vscode.window.showWarningMessage(text, open, ABORT).then((answer) => {
    if (answer === open) void vscode.commands.executeCommand('workbench.view.scm');
    if (answer === ABORT) void abort(ctx, loop);
  });
}

async function abort(ctx: CommandContext, loop: Loop): Promise<boolean> {
  try {
    await (await (await ctx.host.ready()).workTrees()).abort(loop);
    void vscode.window.showInformationMessage(`The merge of “${nameOf(loop)}” was aborted. Nothing is lost.`);
    return true;
  } catch (error) {
    void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
    return false;
  }
}

/**
 * Its work is home. Whatever else is in the work tree exists nowhere else, so it is not removed without asking (R12.6).
 */
async function askForIgnored(ctx: CommandContext, loop: Loop, ignored: readonly string[]): Promise<void> {
  const workTrees = await (await ctx.host.ready()).workTrees();
  const question = `Remove the work tree of “${nameOf(loop)}”? Its work is brought home.`;
  if (await confirmLoss(question, { ignored }, 'Remove')) await workTrees.discard(loop, 'merged');
}

function placeOf({ target, root }: HomePreview): string {
  return target ?? baseName(root);
}

function named(paths: readonly string[]): string {
  const more = paths.length - PATHS_NAMED;
  return `${paths.slice(0, PATHS_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function nameOf({ title, loopId }: Loop): string {
  return oneLine(title, 60) || loopId;
}
