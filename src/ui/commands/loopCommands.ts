import * as vscode from 'vscode';
import { count } from '../text/format.ts';
import { ACTIVE_STATES, ALL_STATES, FINAL_STATES, LIVE_STATES } from '../text/loopStates.ts';
import { oneLine } from '../text/safeText.ts';
import { queueMoves } from '../tree/queueMoves.ts';
import { calledOn } from './calledOn.ts';
import { cancelLoops, mayStopRunning } from './cancelLoops.ts';
import type { CommandTable } from './commandTable.ts';
import { countProcesses } from './countProcesses.ts';
import { checkPriority } from './loopSteps.ts';
import { askText } from './prompts.ts';
import { latestIds, loopOf, loopsOf, subjectsOf } from './target.ts';

/**
 * Runs an action on every loop even if it fails for some; throws the first error afterwards. Returns for how many it
 * returned true.
 */
async function each<T>(loops: readonly T[], act: (loop: T) => Promise<unknown>): Promise<number> {
  const results = await Promise.allSettled(loops.map(act));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
  return results.filter((result) => result.status === 'fulfilled' && result.value !== false).length;
}

/** Commands on one loop, or on those that are selected. */
export const loopCommands: CommandTable = {
  /** Returns how many loops there were to cancel. A key that would stop running ones asks first. */
  cancel:
    (ctx) =>
    async (...args) => {
      const loops = await loopsOf(ctx, args, { title: 'Cancel Loop', states: LIVE_STATES });
      const supervisor = await ctx.host.ready();
      const ids = latestIds(supervisor, loops);
      if (calledOn(args).kind === 'keyboard' && !(await mayStopRunning(supervisor, ids))) return 0;
      return cancelLoops(ctx, supervisor, ids);
    },

  /** Sends SIGKILL to the whole process group; a stop by the user (R7.3). Returns how many groups received it. */
  kill:
    (ctx) =>
    async (...args) => {
      const loops = await loopsOf(ctx, args, { title: 'Force Stop', states: ACTIVE_STATES });
      const supervisor = await ctx.host.ready();
      const ids = latestIds(supervisor, loops);
      const processes = await countProcesses(ctx, ids);
      const killed = await each(ids, (id) => supervisor.killProcessGroup(id, 'SIGKILL'));
      const without = ids.length - killed;
      if (killed > 0)
        void vscode.window.showInformationMessage(
          `Force-stopped ${count(killed, 'loop')}` +
            `${processes > 0 ? ` with ${count(processes, 'process', 'processes')}` : ''}.`,
        );
      if (without > 0) void vscode.window.showInformationMessage(`${count(without, 'loop')} had no process to stop.`);
      return killed;
    },

  /** Clears the failure of a loop and admits it again, in one step (R5.5). Returns the results. */
  retry:
    (ctx) =>
    async (...args) => {
      const loops = await loopsOf(ctx, args, { title: 'Retry', states: ['failed'], permanent: true });
      const supervisor = await ctx.host.ready();
      const ids = latestIds(supervisor, loops);
      const results = await Promise.all(ids.map((id) => supervisor.retry(id)));
      return results.length === 1 ? results[0] : results;
    },

  /** Dismisses permanent failures, so that their ids can be used again. Returns how many. */
  clearFailed:
    (ctx) =>
    async (...args) => {
      const loops = await loopsOf(ctx, args, { title: 'Dismiss Failure', states: ['failed'], permanent: true });
      const supervisor = await ctx.host.ready();
      const ids = latestIds(supervisor, loops);
      return each(ids, (id) => supervisor.clearFailed(id));
    },

  /** Returns the new places in the queue. A number as second argument is the priority; otherwise the user is asked. */
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
          prompt: 'A whole number. Higher goes first; the usual priority is 0.',
          value: String(first?.priority ?? 0),
          validate: checkPriority,
        }));
      if (typeof answer !== 'string' && typeof answer !== 'number') return undefined;
      const places = await Promise.all(ids.map((id) => supervisor.setPriority(id, Number(answer))));
      return places.length === 1 ? places[0] : places;
    },

  /** Moves queued loops to the front, in their present order; ignores other selected rows. Returns how many. */
  runNext:
    (ctx) =>
    async (...args) => {
      const loops = await loopsOf(ctx, args, { title: 'Run Next', states: ['queued'] });
      const supervisor = await ctx.host.ready();
      const ids = latestIds(supervisor, loops);
      const queue = supervisor.status().queued.map(({ loopId }) => loopId);
      const queued = queueMoves(queue, ids, undefined).map(([id]) => id);
      // If none is queued any more, the first refusal says why.
      for (const id of queued.length > 0 ? queued.toReversed() : ids) await supervisor.moveBefore(id, undefined);
      return queued.length;
    },

  /** Moves loops of other windows to this one. On a folder row: all loops in it. */
  takeOver:
    (ctx) =>
    async (...args) => {
      const supervisor = await ctx.host.ready();
      const folders = new Set((await subjectsOf(ctx, args, 'folder')).map(({ folder }) => folder));
      const ofFolders = supervisor
        .live()
        .filter(({ loop, host }) => host !== 'here' && folders.has(loop.folder ?? loop.cwd));
      const ids =
        ofFolders.length > 0
          ? ofFolders.map(({ loop }) => loop.loopId)
          : latestIds(
              supervisor,
              await loopsOf(ctx, args, {
                title: 'Take Over Loop',
                states: LIVE_STATES,
                live: ({ host }) => host !== 'here',
              }),
            );
      return each(ids, (id) => supervisor.takeOver(id));
    },

  /** Restarts the silence deadlines of a loop. */
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

  /** Stops the attempt and starts the loop again without using up a restart. */
  restart:
    (ctx) =>
    async (...args) => {
      const loops = await loopsOf(ctx, args, { title: 'Restart Now', states: ['running', 'backingOff', 'waiting'] });
      const supervisor = await ctx.host.ready();
      const ids = latestIds(supervisor, loops);
      return each(ids, (id) => supervisor.restartNow(id));
    },

  /** Ends processes that were spared when their loop ended (R7.4). Returns how many. */
  endKept:
    (ctx) =>
    async (...args) => {
      if (calledOn(args).kind === 'lost') {
        void vscode.window.showInformationMessage(
          'The list changed while the menu was open, so nothing was ended. Please try again.',
        );
        return 0;
      }
      const supervisor = await ctx.host.ready();
      let ended = 0;
      for (const { loopId, seq, pid } of await subjectsOf(ctx, args, 'kept'))
        if (await supervisor.endSpared(loopId, pid, seq)) ended++;
      return ended;
    },

  /** Removes finished loops from the history, with their logs. Returns how many. */
  removeFinished:
    (ctx) =>
    async (...args) => {
      const loops = await loopsOf(ctx, args, {
        title: 'Remove from History',
        states: FINAL_STATES,
      });
      const supervisor = await ctx.host.ready();
      return each(loops, ({ loopId, seq }) => supervisor.removeFinished(loopId, seq));
    },

  copyId:
    (ctx) =>
    async (...args) => {
      const loops = await loopsOf(ctx, args, {
        title: 'Copy Loop ID',
        states: ALL_STATES,
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
        states: ALL_STATES,
      });
      const detail = loop && (await (await ctx.host.ready()).get(loop.loopId, loop.seq));
      const prompt = detail?.prompt;
      if (prompt !== undefined) await vscode.env.clipboard.writeText(prompt);
      return prompt;
    },

  /** Selects a loop in the view. */
  revealLoop:
    (ctx) =>
    async (...args) => {
      const loop = await loopOf(ctx, args, {
        title: 'Show Loop in View',
        states: ALL_STATES,
      });
      if (loop) await ctx.tree.reveal(loop.loopId, loop.seq);
      return loop?.loopId;
    },

  /** What a click or Enter on a row does: the output of a loop, or the details of one without output; more rows. */
  openRow: (ctx) => async () => {
    const row = await ctx.tree.openedRow();
    if (row?.subject.kind === 'more') return ctx.tree.showMore(row);
    const command = row?.children === 'none' ? 'showDetail' : 'showOutput';
    return vscode.commands.executeCommand(`loopSupervisor.${command}`, ...(row ? [row] : []));
  },
};
