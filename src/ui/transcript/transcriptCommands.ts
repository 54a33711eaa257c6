import { stat } from 'node:fs/promises';
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
import type { LogPaths } from './attemptLog.ts';

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

    /** Opens the raw log of a loop's attempt, by default the last one. Returns its path. */
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
        const { out, err } =
          detail?.machine === undefined ? deps.logs(attempt.token) : await fetched(ctx, detail, attempt);
        // Nearly all output is on standard output; a program that failed to start has only standard error.
        const path = (await sizeOf(out)) === 0 && (await sizeOf(err)) > 0 ? err : out;
        if ((await stat(path).catch(() => undefined)) === undefined) {
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

/** The copy of a log that another machine has, once all is here that there is by now (R16.8). */
async function fetched(ctx: CommandContext, detail: LoopDetail, { number, token }: AttemptDetail): Promise<LogPaths> {
  const supervisor = await ctx.host.ready();
  const { loopId, loop, machine = '' } = detail;
  const title = `Fetching the log of attempt ${number} from ${oneLine(machine, 40)}`;
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (_progress, cancelled) => {
      for (let isAll = false; !isAll && !cancelled.isCancellationRequested; )
        isAll = (await supervisor.fetchOutput({ loopId, seq: loop.seq, token })).isAtEnd;
    },
  );
  return supervisor.copiedOutput(token) ?? { out: '', err: '' };
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
