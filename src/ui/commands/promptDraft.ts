import type { CommandContext } from './commandTable.ts';
import { askText, type Place, type TextAnswer, type TextQuestion } from './prompts.ts';

/** Where a prompt that was typed and not submitted is kept, per workspace: it outlives a reload of the window. */
const KEY = 'submit.draft';

/** What was typed as a prompt last and has not been submitted; empty if there is nothing. */
export function promptDraft({ context }: CommandContext): string {
  return context.workspaceState.get<string>(KEY) ?? '';
}

/** This prompt was submitted, or is kept elsewhere. */
export function dropPromptDraft(ctx: CommandContext, prompt: string): void {
  if (promptDraft(ctx) === prompt) keep(ctx, '');
}

/** Asks for a prompt. What was typed is kept however the question is left, until it is submitted; `value` left out begins with it. */
export function askPrompt(
  ctx: CommandContext,
  question: Place & Pick<TextQuestion, 'value' | 'prompt' | 'buttons'>,
): Promise<TextAnswer> {
  return askText({
    value: promptDraft(ctx),
    ...question,
    placeholder: 'What is the agent to do?',
    validate: notEmpty,
    onClose: (typed) => keep(ctx, typed),
  });
}

/** What is wrong with a text that must not be empty; undefined when nothing is. */
export function notEmpty(value: string): string | undefined {
  return value.trim() === '' ? 'Enter some text.' : undefined;
}

function keep({ context }: CommandContext, text: string): void {
  void context.workspaceState.update(KEY, text.trim() === '' ? undefined : text);
}
