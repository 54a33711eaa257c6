import * as vscode from 'vscode';
import type { LoopState } from '../../core/model/loop.ts';
import { count } from '../text/format.ts';
import { oneLine } from '../text/safeText.ts';
import { queueMoves } from '../tree/queueMoves.ts';
import { calledOn } from './calledOn.ts';
import type { CommandTable } from './commandTable.ts';
import { askText } from './prompts.ts';
import { latestIds, loopOf, loopsOf, subjectsOf } from './target.ts';

const LIVE: readonly LoopState[] = ['running', 'stopping', 'queued', 'backingOff', 'waiting'];
const ACTIVE: readonly LoopState[] = ['running', 'stopping'];

/** Runs an action on several loops, all of them though one may fail; throws the first error afterwards. Answers how many said yes. */
async function each<T>(loops: readonly T[], act: (loop: T) => Promise<unknown>): Promise<number> {
  const results = await Promise.allSettled(loops.map(act));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
  return results.filter((result) => result.status === 'fulfilled' && result.value !== false).length;
}

/** What can be done with one loop, or with those that are selected. */
export const loopCommands: CommandTable = {
  /** Answers how many loops were there to cancel. */
  cancel:
    (ctx) =>
    async (...args) => {
      const loops = await loopsOf(ctx, args, { title: 'Cancel Loop', states: LIVE });
      const supervisor = await ctx.host.ready();
      const ids = latestIds(supervisor, loops);
      return each(ids, (id) => supervisor.cancel(id));
    },

  /** SIGKILL to the whole group at once, which is the user's stop too. Answers how many groups got it: a loop may have no process just now. */
  kill:
    (ctx) =>
    async (...args) => {
      const loops = await loopsOf(ctx, args, { title: 'Kill Process Group', states: ACTIVE });
      const supervisor = await ctx.host.ready();
      const ids = latestIds(supervisor, loops);
      const killed = await each(ids, (id) => supervisor.killProcessGroup(id, 'SIGKILL'));
      const without = ids.length - killed;
      if (without > 0) void vscode.window.showInformationMessage(`${count(without, 'loop')} had no process to kill.`);
      return killed;
    },

  /** Clears a permanently failed loop and admits it again, in one step (R5.5). Answers the results. */
  retry:
    (ctx) =>
    async (...args) => {
      const loops = await loopsOf(ctx, args, { title: 'Retry Failed Loop', states: ['failed'], permanent: true });
      const supervisor = await ctx.host.ready();
      const ids = latestIds(supervisor, loops);
      const results = await Promise.all(ids.map((id) => supervisor.retry(id)));
      return results.length === 1 ? results[0] : results;
    },

  /** Lets go of permanently failed loops, so that their ids may be used again. Answers how many. */
  clearFailed:
    (ctx) =>
    async (...args) => {
      const loops = await loopsOf(ctx, args, { title: 'Clear Permanent Failure', states: ['failed'], permanent: true });
      const supervisor = await ctx.host.ready();
      const ids = latestIds(supervisor, loops);
      return each(ids, (id) => supervisor.clearFailed(id));
    },

  /** Answers the new places in the queue. A second argument that is a number is the priority; else the user is asked. */
  setPriority:
    (ctx) =>
    async (...args) => {
      const loops = await loopsOf(ctx, args, { title: 'Set Priority', states: ['queued'] });
      const supervisor = await ctx.host.ready();
      const ids = latestIds(supervisor, loops);
      if (ids.length === 0) return undefined;
      const first = await supervisor.find(ids[0] ?? '');
      const given = typeof args[1] === 'number' ? args[1] : undefined;
      const answer =
        given ??
        (await askText({
          title:
            ids.length === 1
              ? `Priority of “${oneLine(first?.title ?? '', 40)}”`
              : `Priority of ${count(ids.length, 'loop')}`,
          prompt: 'A whole number. Higher goes first; 0 is usual.',
          value: String(first?.priority ?? 0),
          validate: (value) =>
            /^\s*-?\d{1,9}\s*$/.test(value) ? undefined : 'Enter a whole number, such as 0, 10 or -5.',
        }));
      if (typeof answer !== 'string' && typeof answer !== 'number') return undefined;
      const places = await Promise.all(ids.map((id) => supervisor.setPriority(id, Number(answer))));
      return places.length === 1 ? places[0] : places;
    },

  /** Puts queued loops at the very front, in the order in which they stand; what else is selected stays as it is. Answers how many. */
  runNext:
    (ctx) =>
    async (...args) => {
      const loops = await loopsOf(ctx, args, { title: 'Run Next', states: ['queued'] });
      const supervisor = await ctx.host.ready();
      const ids = latestIds(supervisor, loops);
      const queue = supervisor.status().queued.map(({ loopId }) => loopId);
      // They were selected in any order.
      const queued = queueMoves(queue, ids, undefined).map(([id]) => id);
      // Where none of them is queued, the refusal of the first says what it is instead.
      for (const id of queued.length > 0 ? queued.toReversed() : ids) await supervisor.moveBefore(id, undefined);
      return queued.length;
    },

  /** Makes queued loops of other windows this window's. Of a folder row, all that it holds. */
  takeOver:
    (ctx) =>
    async (...args) => {
      const supervisor = await ctx.host.ready();
      const folders = new Set(subjectsOf(ctx, args, 'folder').map(({ folder }) => folder));
      const ofFolders = supervisor
        .live()
        .filter(({ loop, host }) => host !== 'here' && folders.has(loop.folder ?? loop.cwd));
      const ids =
        ofFolders.length > 0
          ? ofFolders.map(({ loop }) => loop.loopId)
          : latestIds(
              supervisor,
              await loopsOf(ctx, args, { title: 'Take Over Loop', states: LIVE, live: ({ host }) => host !== 'here' }),
            );
      return each(ids, (id) => supervisor.takeOver(id));
    },

  /** Gives a silent loop its deadlines anew. */
  keepWaiting:
    (ctx) =>
    async (...args) => {
      const loops = await loopsOf(ctx, args, {
        title: 'Keep Waiting',
        states: ['running'],
        live: ({ activity }) => activity?.silentForMs !== undefined,
      });
      const supervisor = await ctx.host.ready();
      return each(latestIds(supervisor, loops), async (id) => supervisor.keepWaiting(id));
    },

  /** Stops the attempt and starts the loop again, without using up a restart. */
  restart:
    (ctx) =>
    async (...args) => {
      const loops = await loopsOf(ctx, args, { title: 'Restart Loop', states: ['running', 'backingOff', 'waiting'] });
      const supervisor = await ctx.host.ready();
      const ids = latestIds(supervisor, loops);
      return each(ids, (id) => supervisor.restartNow(id));
    },

  /** Ends processes that were left alone after their loop (R7.4). Answers how many. */
  endKept:
    (ctx) =>
    async (...args) => {
      if (calledOn(args).kind === 'lost') {
        void vscode.window.showInformationMessage(
          'The list changed under the menu, and nothing was ended. Please try again.',
        );
        return 0;
      }
      const supervisor = await ctx.host.ready();
      let ended = 0;
      for (const { loopId, seq, pid } of subjectsOf(ctx, args, 'kept'))
        if (await supervisor.endSpared(loopId, pid, seq)) ended++;
      return ended;
    },

  /** Removes finished loops from the history, with their logs. Answers how many. */
  removeFinished:
    (ctx) =>
    async (...args) => {
      const loops = await loopsOf(ctx, args, {
        title: 'Remove from History',
        states: ['completed', 'failed', 'cancelled'],
      });
      const supervisor = await ctx.host.ready();
      return each(loops, ({ loopId, seq }) => supervisor.removeFinished(loopId, seq));
    },

  copyId:
    (ctx) =>
    async (...args) => {
      const loops = await loopsOf(ctx, args, {
        title: 'Copy Loop Id',
        states: [...LIVE, 'completed', 'failed', 'cancelled'],
      });
      const ids = [...new Set(loops.map(({ loopId }) => loopId))];
      if (ids.length > 0) await vscode.env.clipboard.writeText(ids.join('\n'));
      return ids.join('\n');
    },

  copyPrompt:
    (ctx) =>
    async (...args) => {
      const loop = await loopOf(ctx, args, {
        title: 'Copy Prompt',
        states: [...LIVE, 'completed', 'failed', 'cancelled'],
      });
      const detail = loop && (await (await ctx.host.ready()).get(loop.loopId, loop.seq));
      const prompt = detail?.prompt;
      if (prompt !== undefined) await vscode.env.clipboard.writeText(prompt);
      return prompt;
    },

  /** Shows a loop in the view. */
  revealLoop:
    (ctx) =>
    async (...args) => {
      const loop = await loopOf(ctx, args, {
        title: 'Show Loop',
        states: [...LIVE, 'completed', 'failed', 'cancelled'],
      });
      if (loop) await ctx.tree.reveal(loop.loopId, loop.seq);
      return loop?.loopId;
    },

  showMore:
    (ctx) =>
    (...args) => {
      const [row] = args as Parameters<typeof ctx.tree.showMore>;
      ctx.tree.showMore(row);
    },
};
