import * as vscode from 'vscode';
import type { CommandTable } from '../commands/commandTable.ts';
import { askItem, BACK } from '../commands/prompts.ts';
import { folderForSubmit, submitByHand } from '../commands/submitting.ts';
import { openSettings } from '../settings/config.ts';
import { machineItems } from './machineItems.ts';
import { promptOf } from './submitInWorkTree.ts';

const TITLE = 'Submit to Another Machine';
const REPOSITORIES = 'Name Clones…';

/** Loops that other machines of the shared store run (R16.4). */
export const submitElsewhereCommands: CommandTable = {
  /** Submits the selection, or a typed prompt, to a machine that takes loops from here. Returns the `SubmitResult`. */
  submitElsewhere:
    (ctx) =>
    async (...args) => {
      const machines = (await ctx.host.ready()).otherMachines;
      if (machines.length === 0) return sayThereIsNone();
      const prompt = typeof args[0] === 'string' ? args[0] : await promptOf(ctx, TITLE);
      if (prompt === undefined) return undefined;
      const folder = await folderForSubmit(ctx);
      if (folder === BACK) return undefined;
      const placeholder = 'The machine to run it: in its own clone, from the commit that you have pushed';
      const chosen = await askItem({ title: TITLE, placeholder, items: machineItems(machines) });
      if (chosen === undefined || chosen === BACK) return undefined;
      return submitByHand(ctx, { prompt, machine: chosen.machine, ...(folder !== undefined && { cwd: folder }) });
    },
};

async function sayThereIsNone(): Promise<undefined> {
  const answer = await vscode.window.showInformationMessage(
    'No other machine takes loops from here. To use one, share the same store there ' +
      'and name clones of your repositories in loopSupervisor.repositories.',
    REPOSITORIES,
  );
  if (answer === REPOSITORIES) await openSettings('repositories');
  return undefined;
}
