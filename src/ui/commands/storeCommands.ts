import * as vscode from 'vscode';
import { count } from '../text/format.ts';
import type { CommandContext, CommandTable } from './commandTable.ts';
import { askItem, askText, BACK } from './prompts.ts';
import { type MovedLoops, passwordKey, type SharedStoreFacts } from './sharedStore.ts';

const TITLE = 'Use a Shared Store';

/** Chooses where state is kept. Works even if the present store cannot be opened. */
export const storeCommands: CommandTable = {
  /**
   * Chooses the database that several machines share, or this machine's own file again. Returns the address; empty for
   * the file.
   */
  useSharedStore: (ctx) => async () => {
    const { sharedStore: before } = ctx.config;
    const address = await askAddress(before);
    if (address === undefined) return undefined;
    if (address === '') return before === '' ? '' : goBack(ctx, before);
    const password = await askPassword(ctx, address);
    if (password === BACK) return undefined;
    const facts = await busy('Connecting to the shared store', async () =>
      (await ctx.sharedStore()).look(address, password),
    );
    const takeAlong = await askWhatToTake(facts);
    if (takeAlong === undefined) return undefined;
    if (password !== undefined) await ctx.context.secrets.store(passwordKey(address), password);
    if (takeAlong) {
      const moved = await busy('Moving loops to the shared store', async (progress) =>
        (await ctx.sharedStore()).move(address, password, (count) => progress(soFar(count))),
      );
      if (!(await confirmMove(moved, 'here', 'over there'))) return undefined;
    }
    await ctx.config.set('store', address);
    await offerReload(`The state of Loop Supervisor is now at ${facts.shown}.`);
    return address;
  },
};

async function askAddress(before: string): Promise<string | undefined> {
  const answer = await askText({
    title: TITLE,
    value: before,
    prompt: 'PostgreSQL 15 or later, one schema for each person. Leave it empty to use the file of this machine.',
    placeholder: 'postgres://user@host/database',
    validate: (value) =>
      value.trim() === '' || /^postgres(ql)?:\/\//.test(value.trim())
        ? undefined
        : 'Enter an address such as postgres://user@host/database.',
  });
  return typeof answer === 'string' ? answer.trim() : undefined;
}

/** `undefined`: the environment or ~/.pgpass has it, or none is needed. */
async function askPassword(ctx: CommandContext, address: string): Promise<string | undefined | typeof BACK> {
  const known = await ctx.context.secrets.get(passwordKey(address));
  const answer = await vscode.window.showInputBox({
    title: TITLE,
    password: true,
    value: known ?? '',
    prompt: 'The password, kept in the secret storage. Leave it empty to use ~/.pgpass or PGPASSWORD.',
    ignoreFocusOut: true,
  });
  return answer === undefined ? BACK : answer || undefined;
}

/** What is there, in words. */
function contents(live: number, finished: number): string {
  return live + finished === 0 ? 'nothing yet' : `${count(live, 'live loop')}, ${count(finished, 'finished loop')}`;
}

async function askWhatToTake({ shown, live, finished }: SharedStoreFacts): Promise<boolean | undefined> {
  const take = {
    label: '$(arrow-right) Take This Queue and History Along',
    detail: 'Waiting loops continue there. Finished ones are copied. Running loops end here first. Nothing is deleted.',
    takes: true,
  };
  const leave = {
    label: '$(database) Use Only What Is There',
    detail: 'Loops of this machine stay in its own file and do not run until you return to it.',
    takes: false,
  };
  return askTakes(`${shown}: ${contents(live, finished)}`, [take, leave]);
}

async function askWhatToTakeBack({ shown, ours }: SharedStoreFacts): Promise<boolean | undefined> {
  const take = {
    label: "$(arrow-left) Take This Machine's Queue and History Along",
    detail:
      'Its waiting loops go on in its own file. Its finished ones are copied. Running loops end there first. ' +
      'Nothing is deleted.',
    takes: true,
  };
  const leave = {
    label: '$(database) Leave It There',
    detail: 'Loops of this machine stay in the shared store and do not run until you return to it.',
    takes: false,
  };
  return askTakes(`${shown}: ${contents(ours.live, ours.finished)} of this machine`, [take, leave]);
}

async function askTakes(
  title: string,
  items: readonly (vscode.QuickPickItem & { readonly takes: boolean })[],
): Promise<boolean | undefined> {
  const answer = await askItem({ title, placeholder: 'What to do', items });
  return answer === undefined || answer === BACK ? undefined : answer.takes;
}

const soFar = (moved: number) => `${count(moved, 'loop')} so far`;

/** Resolves with true if everything was moved, or the user continues without the rest. */
async function confirmMove({ finished, live, left }: MovedLoops, from: string, to: string): Promise<boolean> {
  const moved = `${count(live, 'waiting loop')} moved, ${count(finished, 'finished loop')} copied.`;
  if (left === 0) {
    void vscode.window.showInformationMessage(moved);
    return true;
  }
  const answer = await vscode.window.showWarningMessage(
    `${moved} ${count(left, 'loop')} stayed ${from}: they are running, or their id is taken ${to}. ` +
      'Repeat the command when they have ended to move them.',
    { modal: true },
    'Switch Now',
  );
  return answer === 'Switch Now';
}

/** Returns to the file of this machine, with what is this machine's in the shared store if the user wants that. */
async function goBack(ctx: CommandContext, address: string): Promise<string | undefined> {
  const password = await ctx.context.secrets.get(passwordKey(address));
  const facts = await lookBack(ctx, address, password);
  if (facts === undefined) return undefined;
  const isEmpty = facts === 'away' || facts.ours.live + facts.ours.finished === 0;
  const takeAlong = isEmpty ? false : await askWhatToTakeBack(facts);
  if (takeAlong === undefined) return undefined;
  if (takeAlong) {
    const moved = await busy('Moving loops back to the file of this machine', async (progress) =>
      (await ctx.sharedStore()).moveBack(address, password, (count) => progress(soFar(count))),
    );
    if (!(await confirmMove(moved, 'there', 'here'))) return undefined;
  }
  await ctx.config.set('store', undefined);
  await offerReload(
    'The state of Loop Supervisor is in the file of this machine again. The shared store stays as it is.',
  );
  return '';
}

/** What is in the store that is left; `away` if it cannot be reached and the user returns without it. */
async function lookBack(
  ctx: CommandContext,
  address: string,
  password: string | undefined,
): Promise<SharedStoreFacts | 'away' | undefined> {
  try {
    return await busy('Connecting to the shared store', async () => (await ctx.sharedStore()).look(address, password));
  } catch (error) {
    const answer = await vscode.window.showWarningMessage(
      `${error instanceof Error ? error.message : String(error)} Loops of this machine that are in it stay there.`,
      { modal: true },
      'Switch Without Them',
    );
    return answer === 'Switch Without Them' ? 'away' : undefined;
  }
}

async function offerReload(message: string): Promise<void> {
  const answer = await vscode.window.showInformationMessage(
    `${message} Reload all windows to use it.`,
    'Reload Window',
  );
  if (answer === 'Reload Window') await vscode.commands.executeCommand('workbench.action.reloadWindow');
}

async function busy<T>(title: string, work: (progress: (message: string) => void) => Promise<T>): Promise<T> {
  const location = vscode.ProgressLocation.Notification;
  return vscode.window.withProgress({ location, title }, (progress) => work((message) => progress.report({ message })));
}
