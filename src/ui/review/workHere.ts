import * as vscode from 'vscode';
import type { Loop } from '../../core/model/loop.ts';
import type { WorkTreeActions } from '../../core/runtime/workTreeActions.ts';
import type { CommandContext } from '../commands/commandTable.ts';
import { oneLine } from '../text/safeText.ts';

/** What can be done with a loop's work, which is fetched first where it is on another machine (R16.7). */
export async function workHere(ctx: CommandContext, loop: Loop): Promise<WorkTreeActions> {
  const workTrees = await (await ctx.host.ready()).workTrees();
  const machine = workTrees.awayAt(loop);
  if (machine === undefined) return workTrees;
  const title = `Fetching the work of “${oneLine(loop.title, 60) || loop.loopId}” from ${oneLine(machine, 40)}`;
  const progress = { location: vscode.ProgressLocation.Notification, title };
  await vscode.window.withProgress(progress, () => workTrees.fetch(loop));
  return workTrees;
}
