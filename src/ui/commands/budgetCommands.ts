import * as vscode from 'vscode';
import { isCost, toUsd } from '../../core/model/money.ts';
import type { BudgetStatus } from '../../core/model/status.ts';
import { NUMBER_RULES } from '../settings/settingRanges.ts';
import { accountShares, spendWords } from '../text/accountSpend.ts';
import { count, formatClock, formatUsd } from '../text/format.ts';
import { oneLine } from '../text/safeText.ts';
import { localDay } from '../text/today.ts';
import type { CommandTable } from './commandTable.ts';
import { askItem, askText, BACK } from './prompts.ts';

interface Row extends vscode.QuickPickItem {
  act?(): unknown;
}

const LOOPS_SHOWN = 50;
const LARGEST = NUMBER_RULES['budget.dailyLimitUsd'].max;

export const budgetCommands: CommandTable = {
  /** Writes `budget.dailyLimitUsd`: the argument, or the user's input. Returns it. */
  setDailyBudget:
    (ctx) =>
    async (...args) => {
      const { budget } = ctx.host.status();
      const answer =
        typeof args[0] === 'number'
          ? String(args[0])
          : await askText({
              title: 'Set Daily Budget',
              prompt: `USD per day for all windows, 0 for no limit. Spent today: ${spentWords(budget)}.`,
              value: budget.limit === 0 ? '' : String(budget.limit),
              placeholder: 'For example 20',
              validate: checkLimit,
            });
      if (typeof answer !== 'string') return undefined;
      const wrong = checkLimit(answer);
      if (wrong) throw new RangeError(wrong);
      const limit = Number(answer);
      await ctx.config.set('budget.dailyLimitUsd', limit);
      vscode.window.setStatusBarMessage(limit === 0 ? 'No daily limit' : `Daily budget: ${formatUsd(limit)}`, 5000);
      return limit;
    },

  /** Shows today's spend by agent, account and loop, with actions. Returns the budget's status. */
  showBudget: (ctx) => async () => {
    const supervisor = await ctx.host.ready();
    const now = Date.now();
    const { budget } = supervisor.status();
    const [spend, payers, loops] = await Promise.all([
      supervisor.spend(localDay(now)),
      supervisor.spendTodayByAccount(),
      supervisor.spendToday(LOOPS_SHOWN),
    ]);
    const agents = spend.filter(({ cost }) => cost !== 0);
    const heading = (label: string): Row => ({ label, kind: vscode.QuickPickItemKind.Separator });
    const accounts = accountShares(
      payers,
      agents.map(({ agent }) => agent),
    );
    const rows: Row[] = [
      {
        label: '$(edit) Set Daily Budget',
        description: budget.limit === 0 ? 'no limit' : formatUsd(budget.limit),
        act: () => vscode.commands.executeCommand('loopSupervisor.setDailyBudget'),
      },
      {
        label: '$(graph) Show Dashboard',
        description: 'spend by day and agent',
        act: () => vscode.commands.executeCommand('loopSupervisor.showDashboard'),
      },
      ...(agents.length === 0 ? [] : [heading('today by agent')]),
      ...agents.map(({ agent, cost, estimated, unknown }) => ({
        label: `$(hubot) ${oneLine(agent, 40)}`,
        description: spendWords(toUsd(cost), toUsd(estimated), toUsd(unknown)),
      })),
      ...(accounts.length === 0 ? [] : [heading('today by account')]),
      ...accounts.map(({ account, words }) => ({ label: `$(account) ${oneLine(account, 40)}`, description: words })),
      ...(loops.length === 0 ? [] : [heading('today by loop')]),
      ...loops.map(({ loopId, title, agent, usd, estimatedUsd, unknownUsd }) => ({
        label: `$(circle-outline) ${oneLine(title, 60) || loopId}`,
        description: `${spendWords(usd, estimatedUsd, unknownUsd)} · ${oneLine(agent, 40)}`,
        act: () => vscode.commands.executeCommand('loopSupervisor.showDetail', loopId),
      })),
    ];
    const of =
      budget.limit === 0
        ? 'no daily limit'
        : `limit ${formatUsd(budget.limit)}, resets ${formatClock(budget.resetsAt, now)}`;
    const answer = await askItem({
      title: `Spent today: ${spentWords(budget)}, ${of}`,
      placeholder:
        loops.length === 0 ? 'Nothing spent today' : `Spent by ${count(loops.length, 'loop')}; choose one for details`,
      items: rows,
    });
    if (answer !== undefined && answer !== BACK) await answer.act?.();
    return budget;
  },
};

/** `≈$3.20 ($0.40 of it a guess), $0.50 reserved`. */
function spentWords({ spent, unknown, granted, reserved }: BudgetStatus): string {
  const used = formatUsd(spent + unknown);
  return [
    unknown > 0 ? `≈${used} (${formatUsd(unknown)} of it a guess)` : used,
    granted > 0 ? `${formatUsd(granted)} granted` : '',
    reserved > 0 ? `${formatUsd(reserved)} reserved` : '',
  ]
    .filter(Boolean)
    .join(', ');
}

function checkLimit(value: string): string | undefined {
  const usd = value.trim() === '' ? 0 : Number(value);
  return isCost(usd) && usd <= LARGEST ? undefined : `Enter an amount in USD from 0 to ${LARGEST}, such as 20.`;
}
