import * as vscode from 'vscode';
import { openMachineSettings } from '../settings/config.ts';
import { count } from '../text/format.ts';
import { type AccountState, accountStates, accountWords, heldName, holdWords } from '../text/holdWords.ts';
import { oneLine } from '../text/safeText.ts';
import type { CommandContext, CommandTable } from './commandTable.ts';
import { askItem, BACK } from './prompts.ts';

interface Row extends vscode.QuickPickItem {
  act?(): unknown;
}

interface AccountRow extends vscode.QuickPickItem {
  readonly account: string;
}

/** Commands on circuits and accounts: what stops loops from starting, and how to go on. */
export const circuitCommands: CommandTable = {
  /** Closes the circuit of the given account, or of all (R4.3). Returns the worst state afterwards. */
  resetCircuit:
    (ctx) =>
    async (...args) => {
      const supervisor = await ctx.host.ready();
      await supervisor.resetCircuit(typeof args[0] === 'string' ? args[0] : undefined);
      return supervisor.status(0).circuitState;
    },

  /** Lets one loop of a held account try whether it works again (R14.2). Returns whether anything was held. */
  tryAccount:
    (ctx) =>
    async (...args) => {
      const held = (account: AccountState) => account.holds.length > 0;
      const account = await accountOf(ctx, args, 'Try Account Now', 'No account is held.', held);
      return account !== undefined && (await ctx.host.ready()).tryNow(account);
    },

  /** Holds an account until the user tries it again; running loops go on (R14.4). Returns its name. */
  holdAccount:
    (ctx) =>
    async (...args) => {
      const account = await accountOf(ctx, args, 'Hold Account', 'No account is known.', () => true);
      if (account !== undefined) await (await ctx.host.ready()).hold(account);
      return account;
    },

  /** Shows each account's state, the reason, and actions. Returns the status of the worst circuit. */
  showCircuit: (ctx) => async () => {
    const status = (await ctx.host.ready()).status(0);
    const now = Date.now();
    const run = (command: string, ...args: unknown[]) =>
      vscode.commands.executeCommand(`loopSupervisor.${command}`, ...args);
    const states = accountStates(status);
    const rows: Row[] = [
      ...(status.paused
        ? [
            {
              label: '$(debug-continue) Resume Queue',
              description: 'the queue is paused',
              act: () => run('resumeQueue'),
            },
          ]
        : []),
      ...states.flatMap((state) => rowsOf(state, now, run)),
      ...status.holds
        .filter(({ of }) => of.kind === 'machine' || of.kind === 'absence')
        .map((hold) => ({
          label: `$(warning) ${heldName(hold.of)}`,
          description: holdWords(hold, now),
          detail: oneLine(hold.why, 200),
          act: () => run('tryAccount', hold.of.kind),
        })),
      { label: 'more', kind: vscode.QuickPickItemKind.Separator },
      ...(states.length > 0
        ? [{ label: '$(debug-pause) Hold an Account…', description: 'its loops wait', act: () => run('holdAccount') }]
        : []),
      { label: '$(checklist) Check Agents', act: () => run('checkAgents') },
      {
        label: '$(settings-gear) Open Settings',
        description: 'how many failures pause an account, and for how long',
        act: () => openMachineSettings('circuitBreaker'),
      },
      { label: '$(list-tree) Show Loops', act: () => run('loops.focus') },
    ];
    const stopped = states.filter((state) => accountWords(state.circuit, state.holds, now) !== '');
    const title =
      stopped.length === 0
        ? 'Ready: no account is paused or held'
        : `${count(stopped.length, 'account')} paused or held: ${stopped.map(({ account }) => account).join(', ')}`;
    const answer = await askItem({ title: oneLine(title, 120), placeholder: 'What to do', items: rows });
    if (answer !== undefined && answer !== BACK) await answer.act?.();
    return status.circuit;
  },
};

/** Actions on an account and its last failures. */
function rowsOf(state: AccountState, now: number, run: (command: string, ...args: unknown[]) => unknown): Row[] {
  const { account, agents, circuit, holds } = state;
  const words = accountWords(circuit, holds, now);
  const failures = circuit?.consecutiveFailures ?? 0;
  if (words === '' && failures === 0) return [];
  const others = agents.filter((agent) => agent !== account);
  const heading =
    `${account}${others.length > 0 ? ` (${others.join(', ')})` : ''}: ` +
    `${words || `${count(failures, 'failure')} in a row`}`;
  return [
    { label: oneLine(heading, 120), kind: vscode.QuickPickItemKind.Separator },
    ...(holds.length > 0
      ? [
          {
            label: `$(play) Try ${oneLine(account, 40)} Now`,
            description: 'one loop goes first',
            detail: oneLine(holds[0]?.why ?? '', 200),
            act: () => run('tryAccount', account),
          },
        ]
      : []),
    ...(failures > 0 || circuit?.state !== 'closed'
      ? [
          {
            label: '$(debug-restart) Reset Circuit',
            description: circuit?.state === 'open' ? 'its loops start again now' : 'forgets the failures',
            act: () => run('resetCircuit', account),
          },
        ]
      : []),
    ...(circuit?.reasons ?? []).map((reason) => ({ label: `$(error) ${oneLine(reason, 160)}` })),
  ];
}

async function accountOf(
  ctx: CommandContext,
  args: readonly unknown[],
  title: string,
  none: string,
  fits: (account: AccountState) => boolean,
): Promise<string | undefined> {
  if (typeof args[0] === 'string') return args[0];
  const now = Date.now();
  const items: AccountRow[] = accountStates((await ctx.host.ready()).status(0))
    .filter(fits)
    .map(({ account, agents, circuit, holds }) => ({
      label: account,
      description: [accountWords(circuit, holds, now), agents.filter((agent) => agent !== account).join(', ')]
        .filter(Boolean)
        .join(' · '),
      account,
    }));
  if (items.length === 0) {
    void vscode.window.showInformationMessage(none);
    return undefined;
  }
  const answer = await askItem({ title, placeholder: 'Choose an account', items });
  return answer === undefined || answer === BACK ? undefined : answer.account;
}
