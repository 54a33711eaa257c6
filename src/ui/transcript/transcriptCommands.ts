import * as vscode from 'vscode';
import type { AttemptDetail, LoopDetail } from '../../core/model/loopDetail.ts';
import type { CommandContext, CommandTable } from '../commands/commandTable.ts';
import { ALL_STATES } from '../text/loopStates.ts';
import { oneLine } from '../text/safeText.ts';
import type { LoopTarget } from '../webviewHost/loopTarget.ts';
import { markRead } from '../webviewHost/markRead.ts';
import { panelTarget } from '../webviewHost/panelTarget.ts';
import type { ViewDeps } from '../webviewHost/viewDeps.ts';
import type { WebviewPanels } from '../webviewHost/webviewPanels.ts';
import { type FetchedLog, fetchLog, sizeOf } from './fetchedLog.ts';

export function transcriptCommands(deps: ViewDeps, panels: WebviewPanels<LoopTarget>): CommandTable {
  return {
    /** Shows the live output of a loop. Returns its id. */
    showOutput:
      (ctx) =>
      async (...args) => {
        const target = await panelTarget(ctx, args, { title: 'Show Output', states: ALL_STATES });
        if (!target) return undefined;
        panels.show(target);
        await markRead(ctx, target);
        return target.loopId;
      },

    /**
     * Opens the raw log of a loop's attempt, by default the last one; with a third argument (`out` or `err`) just that
     * stream. Returns its path.
     */
    openLog:
      (ctx) =>
      async (...args) => {
        const target = await panelTarget(ctx, args, { title: 'Open Log', states: ALL_STATES });
        if (!target) return undefined;
        const detail = await (await ctx.host.ready()).get(target.loopId, target.seq);
        const attempts = detail?.attempts ?? [];
        const attempt =
          target.attempt === undefined ? attempts.at(-1) : attempts.find(({ number }) => number === target.attempt);
        if (!attempt) {
          void vscode.window.showInformationMessage('This loop has no log yet: it has not started.');
          return undefined;
        }
        const logs: FetchedLog =
          detail?.machine === undefined ? deps.logs(attempt.token) : await fetched(ctx, detail, attempt);
        const [out = 0, err = 0] = await Promise.all([sizeOf(logs.out), sizeOf(logs.err)]);
        // Nearly all output is on standard output; a program that failed to start has only standard error.
        const isError = args[2] === 'out' ? false : args[2] === 'err' || (out === 0 && err > 0);
        const path = isError ? logs.err : logs.out;
        if (logs.trouble !== undefined)
          void vscode.window.showWarningMessage(`This log may lack what was written last. ${logs.trouble}`);
        if ((await sizeOf(path)) === undefined) {
          void vscode.window.showWarningMessage(
            `There is no log of attempt ${attempt.number}: it has written nothing yet, or its log was removed.`,
          );
          return undefined;
        }
        await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(path));
        return path;
      },
  };
}

/** The copy of a log that another machine has, once all is here that there is by now, or can be had (R16.8). */
async function fetched(ctx: CommandContext, detail: LoopDetail, { number, token }: AttemptDetail): Promise<FetchedLog> {
  const supervisor = await ctx.host.ready();
  const { loopId, loop, machine = '' } = detail;
  const title = `Fetching the log of attempt ${number} from ${oneLine(machine, 40)}`;
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    (_progress, cancelled) =>
      fetchLog(supervisor, { loopId, seq: loop.seq, token }, () => cancelled.isCancellationRequested),
  );
}
