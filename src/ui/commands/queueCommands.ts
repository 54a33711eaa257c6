import * as vscode from 'vscode';
import { isActive } from '../../core/model/loop.ts';
import { count } from '../text/format.ts';
import type { CommandTable } from './commandTable.ts';
import { countProcesses } from './countProcesses.ts';

/** Commands on the queue, and on all loops at once. */
export const queueCommands: CommandTable = {
  pauseQueue: (ctx) => async () => {
    await (await ctx.host.ready()).pause();
    return true;
  },

  resumeQueue: (ctx) => async () => {
    await (await ctx.host.ready()).resume();
    return true;
  },

  /**
   * Cancels all live loops of all windows after confirmation with their number; `true` skips the question. Returns how
   * many.
   */
  stopAll:
    (ctx) =>
    async (...args) => {
      const supervisor = await ctx.host.ready();
      const live = supervisor.live();
      if (live.length === 0) {
        void vscode.window.showInformationMessage('No loop is running or waiting.');
        return 0;
      }
      const active = live.filter(({ loop }) => isActive(loop)).map(({ loop }) => loop.loopId);
      const running = active.length;
      const processes = args[0] === true ? 0 : await countProcesses(ctx, active);
      const elsewhere = live.filter(({ host }) => host !== 'here');
      const onMachines = elsewhere.filter(({ machine }) => machine !== undefined).length;
      const what = [
        running > 0
          ? `${running} running${processes > 0 ? ` with ${count(processes, 'process', 'processes')}` : ''}`
          : '',
        live.length > running ? `${live.length - running} waiting` : '',
      ]
        .filter(Boolean)
        .join(', ');
      const where =
        placeWords(elsewhere.length - onMachines, 'in another window', 'in other windows') +
        placeWords(onMachines, 'on another machine', 'on other machines');
      const detail = `${what}.${where} Their processes are ended, and they are not restarted.`;
      if (args[0] !== true) {
        const answer = await vscode.window.showWarningMessage(
          `Stop ${count(live.length, 'loop')}?`,
          { modal: true, detail },
          'Stop All',
        );
        if (answer !== 'Stop All') return 0;
      }
      return supervisor.stopAll();
    },

  /** Removes all finished loops and their logs after confirmation; `true` skips it. Returns how many. */
  clearFinished:
    (ctx) =>
    async (...args) => {
      const supervisor = await ctx.host.ready();
      const { total } = supervisor.finishedCount();
      if (total === 0) return 0;
      if (args[0] !== true) {
        const detail =
          'Their prompts, history and logs are deleted. What they cost still counts towards today’s budget.';
        const answer = await vscode.window.showWarningMessage(
          `Clear ${count(total, 'finished loop')}?`,
          { modal: true, detail },
          'Clear',
        );
        if (answer !== 'Clear') return 0;
      }
      return supervisor.clearFinished();
    },
};

/** How many of the loops are somewhere else, as a sentence; nothing for none. */
function placeWords(loops: number, one: string, several: string): string {
  if (loops === 0) return '';
  return loops === 1 ? ` One of them is ${one}.` : ` ${loops} of them are ${several}.`;
}
