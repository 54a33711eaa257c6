import { ALL_STATES, FINAL_STATES } from '../text/loopStates.ts';
import { oneLine } from '../text/safeText.ts';
import type { CalledLoop } from './calledOn.ts';
import { askAgent } from './chooseAgent.ts';
import type { CommandContext, CommandTable } from './commandTable.ts';
import { editLoop } from './editLoop.ts';
import { writeInEditor } from './promptEditor.ts';
import { askText, BACK } from './prompts.ts';
import { specOfLoop } from './submitCommands.ts';
import { submitByHand } from './submitting.ts';
import { loopOf } from './target.ts';

/** Commands that change a loop, or make a new one from it. */
export const editCommands: CommandTable = {
  /**
   * Edits a queued loop that has not started; of any other loop, opens the prompt as a new one. Returns whether the
   * loop was changed.
   */
  editPrompt:
    (ctx) =>
    async (...args) => {
      const loop = await loopOf(ctx, args, { title: 'Edit Prompt', states: ALL_STATES });
      if (!loop) return undefined;
      const detail = await (await ctx.host.ready()).get(loop.loopId, loop.seq);
      if (detail?.state === 'queued' && detail.attempts.length === 0) return editLoop(ctx, detail);
      return editAsNew(ctx, loop);
    },

  /**
   * Opens a loop's prompt in an editor, to be changed and submitted as a new loop with the same agent, folder and
   * limits.
   */
  editAsNew:
    (ctx) =>
    async (...args) => {
      const loop = await loopOf(ctx, args, { title: 'Edit as New Loop', states: ALL_STATES });
      return loop && editAsNew(ctx, loop);
    },

  /** Gives a loop another title. Returns it. */
  rename:
    (ctx) =>
    async (...args) => {
      const loop = await loopOf(ctx, args, { title: 'Rename Loop', states: ALL_STATES });
      const supervisor = await ctx.host.ready();
      const detail = loop && (await supervisor.get(loop.loopId, loop.seq));
      if (!detail) return undefined;
      const title =
        typeof args[1] === 'string'
          ? args[1]
          : await askText({
              title: 'Rename Loop',
              prompt: 'A title for the list of loops. Leave empty to use the first line of the prompt.',
              placeholder: oneLine(detail.prompt, 60),
              value: detail.loop.title,
            });
      if (typeof title !== 'string') return undefined;
      await supervisor.rename(detail.loopId, title, detail.loop.seq);
      return title;
    },

  /** Has another agent run a loop: a queued one changes its agent, a finished one is submitted again. */
  changeAgent:
    (ctx) =>
    async (...args) => {
      const loop = await loopOf(ctx, args, { title: 'Choose Another Agent', states: ['queued', ...FINAL_STATES] });
      const supervisor = await ctx.host.ready();
      const detail = loop && (await supervisor.get(loop.loopId, loop.seq));
      if (!detail) return undefined;
      const answer = await askAgent(ctx, {
        title: `Choose another agent for “${oneLine(detail.loop.title, 40)}”`,
        placeholder: 'The agent that runs this prompt',
        chosen: detail.loop.agent,
        ignoreFocusOut: true,
      });
      if (!answer || answer === BACK) return undefined;
      const { name } = answer.agent;
      if (detail.state === 'queued') return supervisor.edit(detail.loopId, { agent: name });
      const spec = await specOfLoop(ctx, { loopId: detail.loopId, seq: detail.loop.seq });
      return spec && submitByHand(ctx, { ...spec, agent: name });
    },
};

async function editAsNew(ctx: CommandContext, loop: CalledLoop): Promise<string | undefined> {
  const spec = await specOfLoop(ctx, loop);
  if (!spec) return undefined;
  const { prompt, title: _, ...options } = spec;
  return writeInEditor(ctx, prompt, options);
}
