import * as vscode from 'vscode';
import type { LoopState } from '../../core/loop.ts';
import { askText } from '../asking.ts';
import { count } from '../format.ts';
import { oneLine } from '../safeText.ts';
import { calledOn } from './calledOn.ts';
import type { CommandTable } from './commandTable.ts';
import { loopOf, loopsOf, subjectsOf } from './target.ts';

const LIVE: readonly LoopState[] = ['running', 'stopping', 'queued', 'backingOff', 'waiting'];
const ACTIVE: readonly LoopState[] = ['running', 'stopping'];

/** Runs an action on several loops, all of them though one may fail; throws the first error afterwards. Answers how many said yes. */
async function each(loopIds: readonly string[], act: (loopId: string) => Promise<unknown>): Promise<number> {
  const results = await Promise.allSettled(loopIds.map(act));
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
      const ids = await loopsOf(ctx, args, { title: 'Cancel Loop', states: LIVE });
      const supervisor = await ctx.host.ready();
      return each(ids, (id) => supervisor.cancel(id));
    },

  /** SIGKILL to the whole group at once; a loop without a process is cancelled. Answers how many were there. */
  kill:
    (ctx) =>
    async (...args) => {
      const ids = await loopsOf(ctx, args, { title: 'Kill Process Group', states: ACTIVE });
      const supervisor = await ctx.host.ready();
      return each(ids, (id) => supervisor.killProcessGroup(id, 'SIGKILL'));
    },

  /** Clears a permanently failed loop and admits it again, in one step (R5.5). Answers the results. */
  retry:
    (ctx) =>
    async (...args) => {
      const ids = await loopsOf(ctx, args, { title: 'Retry Failed Loop', states: ['failed'], permanent: true });
      const supervisor = await ctx.host.ready();
      const results = await Promise.all(ids.map((id) => supervisor.retry(id)));
      return results.length === 1 ? results[0] : results;
    },

  /** Lets go of permanently failed loops, so that their ids may be used again. Answers how many. */
  clearFailed:
    (ctx) =>
    async (...args) => {
      const ids = await loopsOf(ctx, args, { title: 'Clear Permanent Failure', states: ['failed'], permanent: true });
      const supervisor = await ctx.host.ready();
      return each(ids, (id) => supervisor.clearFailed(id));
    },

  /** Answers the new places in the queue. A second argument that is a number is the priority; else the user is asked. */
  setPriority:
    (ctx) =>
    async (...args) => {
      const ids = await loopsOf(ctx, args, { title: 'Set Priority', states: ['queued'] });
      if (ids.length === 0) return undefined;
      const supervisor = await ctx.host.ready();
      const first = supervisor.get(ids[0] ?? '');
      const given = typeof args[1] === 'number' ? args[1] : undefined;
      const answer =
        given ??
        (await askText({
          title: ids.length === 1 ? `Priority of “${oneLine(first?.loop.title ?? '', 40)}”` : `Priority of ${count(ids.length, 'loop')}`,
          prompt: 'A whole number. Higher goes first; 0 is usual.',
          value: String(first?.loop.priority ?? 0),
          validate: (value) => (/^\s*-?\d{1,9}\s*$/.test(value) ? undefined : 'Enter a whole number, such as 0, 10 or -5.'),
        }));
      if (typeof answer !== 'string' && typeof answer !== 'number') return undefined;
      const places = await Promise.all(ids.map((id) => supervisor.setPriority(id, Number(answer))));
      return places.length === 1 ? places[0] : places;
    },

  /** Puts queued loops at the very front, in the order in which they stand. */
  runNext:
    (ctx) =>
    async (...args) => {
      const ids = await loopsOf(ctx, args, { title: 'Run Next', states: ['queued'] });
      const supervisor = await ctx.host.ready();
      // They were selected in any order.
      const places = new Map(supervisor.status().queued.map(({ loopId }, place) => [loopId, place]));
      const standing = ids.toSorted((a, b) => (places.get(a) ?? Infinity) - (places.get(b) ?? Infinity));
      for (const id of standing.toReversed()) await supervisor.moveBefore(id, undefined);
      return ids.length;
    },

  /** Makes queued loops of other windows this window's. Of a folder row, all that it holds. */
  takeOver:
    (ctx) =>
    async (...args) => {
      const supervisor = await ctx.host.ready();
      const folders = new Set(subjectsOf(ctx, args, 'folder').map(({ folder }) => folder));
      const ofFolders = supervisor.live().filter(({ loop, home }) => home !== 'here' && folders.has(loop.folder ?? loop.cwd));
      const ids =
        ofFolders.length > 0
          ? ofFolders.map(({ loop }) => loop.loopId)
          : await loopsOf(ctx, args, { title: 'Take Over Loop', states: LIVE, live: ({ home }) => home !== 'here' });
      return each(ids, (id) => supervisor.takeOver(id));
    },

  /** Gives a silent loop its deadlines anew. */
  keepWaiting:
    (ctx) =>
    async (...args) => {
      const ids = await loopsOf(ctx, args, {
        title: 'Keep Waiting',
        states: ['running'],
        live: ({ activity }) => activity?.silentForMs !== undefined,
      });
      const supervisor = await ctx.host.ready();
      return each(ids, async (id) => supervisor.keepWaiting(id));
    },

  /** Stops the attempt and starts the loop again, without using up a restart. */
  restart:
    (ctx) =>
    async (...args) => {
      const ids = await loopsOf(ctx, args, { title: 'Restart Loop', states: ['running', 'backingOff', 'waiting'] });
      const supervisor = await ctx.host.ready();
      return each(ids, (id) => supervisor.restartNow(id));
    },

  /** Ends processes that were left alone after their loop (R7.4). Answers how many. */
  endKept:
    (ctx) =>
    async (...args) => {
      if (calledOn(args).kind === 'lost') {
        void vscode.window.showInformationMessage('The list changed under the menu, and nothing was ended. Please try again.');
        return 0;
      }
      const supervisor = await ctx.host.ready();
      let ended = 0;
      for (const { loopId, pid } of subjectsOf(ctx, args, 'kept')) if (await supervisor.endKept(loopId, pid)) ended++;
      return ended;
    },

  /** Removes finished loops from the history, with their logs. */
  removeFinished:
    (ctx) =>
    async (...args) => {
      const ids = await loopsOf(ctx, args, { title: 'Remove from History', states: ['completed', 'failed', 'cancelled'] });
      const supervisor = await ctx.host.ready();
      return each(ids, (id) => supervisor.removeFinished(id));
    },

  copyId:
    (ctx) =>
    async (...args) => {
      const ids = await loopsOf(ctx, args, { title: 'Copy Loop Id', states: [...LIVE, 'completed', 'failed', 'cancelled'] });
      if (ids.length > 0) await vscode.env.clipboard.writeText(ids.join('\n'));
      return ids.join('\n');
    },

  copyPrompt:
    (ctx) =>
    async (...args) => {
      const id = await loopOf(ctx, args, { title: 'Copy Prompt', states: [...LIVE, 'completed', 'failed', 'cancelled'] });
      const prompt = id === undefined ? undefined : (await ctx.host.ready()).get(id)?.prompt;
      if (prompt !== undefined) await vscode.env.clipboard.writeText(prompt);
      return prompt;
    },

  /** Shows a loop in the view. */
  revealLoop:
    (ctx) =>
    async (...args) => {
      const id = await loopOf(ctx, args, { title: 'Show Loop', states: [...LIVE, 'completed', 'failed', 'cancelled'] });
      if (id !== undefined) await ctx.tree.reveal(id);
      return id;
    },

  showMore:
    (ctx) =>
    (...args) => {
      const [row] = args as Parameters<typeof ctx.tree.showMore>;
      ctx.tree.showMore(row);
    },
};
