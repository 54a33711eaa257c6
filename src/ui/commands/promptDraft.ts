import type { CommandContext } from './commandTable.ts';
import { askText, type Place, type TextAnswer, type TextQuestion } from './prompts.ts';

/** Keeps a prompt that was typed and not submitted, per workspace: it outlives a reload of the window. */
const KEY = 'submit.draft';

/** The prompt that was typed last and not submitted; empty if there is none. */
export function promptDraft({ context }: CommandContext): string {
  return context.workspaceState.get<string>(KEY) ?? '';
}

/** Forgets this prompt: it was submitted, or is kept elsewhere. */
export function dropPromptDraft(ctx: CommandContext, prompt: string): void {
  if (promptDraft(ctx) === prompt) keep(ctx, '');
}

/**
 * Asks for a prompt. Whatever was typed is kept until it is submitted, however the question is left; without `value`
 * the question begins with it.
 */
export function askPrompt(
  ctx: CommandContext,
  question: Place & Pick<TextQuestion, 'value' | 'prompt' | 'buttons'>,
): Promise<TextAnswer> {
  return askText({
    value: promptDraft(ctx),
    ...question,
    placeholder: 'What should the agent do?',
    validate: notEmpty,
    onClose: (typed) => keep(ctx, typed),
  });
}

/** The problem with an empty text; undefined if it is not empty. */
export function notEmpty(value: string): string | undefined {
  return value.trim() === '' ? 'Enter some text.' : undefined;
}

function keep({ context }: CommandContext, text: string): void {
  void context.workspaceState.update(KEY, text.trim() === '' ? undefined : text);
}
