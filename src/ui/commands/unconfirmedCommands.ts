import * as vscode from 'vscode';
import type { SweptProcess } from '../../core/model/processIdentity.ts';
import { count } from '../text/format.ts';
import { oneLine, withoutLinks } from '../text/safeText.ts';
import type { CommandTable } from './commandTable.ts';
import { loopsOf } from './target.ts';

const TREAT_AS_ENDED = 'Treat as Ended';

/** Commands for loops of which nobody knows whether their last run has ended (R3.1, R7.6). */
export const unconfirmedCommands: CommandTable = {
  /** Looks for the processes of the run again. Returns for how many loops it is known now. */
  lookAgain:
    (ctx) =>
    async (...args) => {
      const supervisor = await ctx.host.ready();
      let known = 0;
      for (const { loopId } of await loopsOf(ctx, args, { title: 'Look Again', states: ['waiting'] })) {
        const look = await supervisor.lookAgain(loopId);
        if (look.state !== 'unknown') known++;
        void vscode.window.showInformationMessage(
          look.state === 'there'
            ? `Still running: ${look.value.map(processText).join('; ')}.`
            : look.state === 'gone'
              ? 'The attempt has ended.'
              : `Its processes cannot be seen: ${look.why}.`,
        );
      }
      return known;
    },

  /** Goes on as if the run had ended, after asking: what may live on is the user's to end. Returns how many loops. */
  treatAsEnded:
    (ctx) =>
    async (...args) => {
      const supervisor = await ctx.host.ready();
      const loops = await loopsOf(ctx, args, { title: TREAT_AS_ENDED, states: ['waiting'] });
      if (loops.length === 0) return 0;
      const answer = await vscode.window.showWarningMessage(
        `Treat the last attempt of ${count(loops.length, 'loop')} as ended?`,
        {
          modal: true,
          detail: 'If one of its processes is still alive, it may work in the same folder as the next attempt.',
        },
        TREAT_AS_ENDED,
      );
      if (answer !== TREAT_AS_ENDED) return 0;
      for (const { loopId } of loops) await supervisor.treatAsEnded(loopId);
      return loops.length;
    },
};

function processText({ command, pid }: SweptProcess): string {
  return `${withoutLinks(oneLine(command, 40))}, pid ${pid}`;
}
