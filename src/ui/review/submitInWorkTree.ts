import * as vscode from 'vscode';
import type { CommandContext, CommandTable } from '../commands/commandTable.ts';
import { selections } from '../commands/editorText.ts';
import { askPrompt } from '../commands/promptDraft.ts';
import { askItem, BACK } from '../commands/prompts.ts';
import { plainSelectionPrompt } from '../commands/selectionPrompt.ts';
import { folderForSubmit, submitByHand } from '../commands/submitting.ts';

const TITLE = 'Submit in Its Own Work Tree';

const FROM = [
  {
    label: '$(git-commit) From the Last Commit',
    description: 'The loop does not see your uncommitted changes',
    carryChanges: false,
  },
  {
    label: '$(diff) With My Uncommitted Changes',
    description: 'They are copied; your folder stays as it is',
    carryChanges: true,
  },
];

/** Loops that work beside the user and each other (R12.1). */
export const submitInWorkTreeCommands: CommandTable = {
  /** Submits the selection, or a typed prompt, to a Git work tree of its own. Returns the `SubmitResult`. */
  submitInWorkTree:
    (ctx) =>
    async (...args) => {
      const given = typeof args[0] === 'string' ? args[0] : undefined;
      const prompt = given ?? (await promptOf(ctx, TITLE));
      if (prompt === undefined) return undefined;
      const folder = await folderForSubmit(ctx);
      if (folder === BACK) return undefined;
      const from = await askItem({ title: TITLE, placeholder: 'What the loop starts from', items: FROM });
      if (from === undefined || from === BACK) return undefined;
      const { carryChanges } = from;
      const where = { isolation: 'worktree', carryChanges, ...(folder !== undefined && { cwd: folder }) } as const;
      return submitByHand(ctx, { prompt, ...where });
    },
};

/** The selection, or a typed prompt; undefined where there is none. */
export async function promptOf(ctx: CommandContext, title: string): Promise<string | undefined> {
  const editor = vscode.window.activeTextEditor;
  if (editor?.selections.some((selection) => !selection.isEmpty)) {
    const parts = await selections();
    if (parts) return plainSelectionPrompt(parts, ctx.config.selectionContext);
  }
  const answer = await askPrompt(ctx, { title, prompt: 'The text for the agent.' });
  return typeof answer === 'string' ? answer : undefined;
}
