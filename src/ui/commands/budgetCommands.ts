import * as vscode from 'vscode';
import { isCost, toUsd } from '../../core/model/money.ts';
import { NUMBER_RULES } from '../settings/settingsMapping.ts';
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
              prompt: `USD a day over all windows; 0 for no limit. Spent today: ${formatUsd(budget.spent + budget.unknown)}, reserved: ${formatUsd(budget.reserved)}.`,
              value: budget.limit === 0 ? '' : String(budget.limit),
              placeholder: 'such as 20',
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

  /** Shows today's spend by agent and loop, with actions. Returns the budget's status. */
  showBudget: (ctx) => async () => {
    const supervisor = await ctx.host.ready();
    const now = Date.now();
    const { budget } = supervisor.status();
    const [spend, loops] = await Promise.all([supervisor.spend(localDay(now)), supervisor.spendToday(LOOPS_SHOWN)]);
    const agents = spend.filter(({ cost }) => cost !== 0);
    const heading = (label: string): Row => ({ label, kind: vscode.QuickPickItemKind.Separator });
    const money = (usd: number, estimated: number, unknown: number) => {
      const marks = [
        estimated > unknown ? ', estimated' : '',
        unknown > 0 ? `, ${formatUsd(unknown)} of it a guess` : '',
      ];
      return `${estimated > 0 ? '≈' : ''}${formatUsd(usd)}${marks.join('')}`;
    };
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
        description: money(toUsd(cost), toUsd(estimated), toUsd(unknown)),
      })),
      ...(loops.length === 0 ? [] : [heading('today by loop')]),
      ...loops.map(({ loopId, title, agent, usd, estimatedUsd, unknownUsd }) => ({
        label: `$(circle-outline) ${oneLine(title, 60) || loopId}`,
        description: `${money(usd, estimatedUsd, unknownUsd)} · ${oneLine(agent, 40)}`,
        act: () => vscode.commands.executeCommand('loopSupervisor.showDetail', loopId),
      })),
    ];
    const of =
      budget.limit === 0
        ? 'no daily limit'
        : `of ${formatUsd(budget.limit)}, a new day begins at ${formatClock(budget.resetsAt, now)}`;
    const parts = [
      budget.unknown > 0 ? `, ${formatUsd(budget.unknown)} of it a guess` : '',
      budget.granted > 0 ? `, ${formatUsd(budget.granted)} granted` : '',
      budget.reserved > 0 ? `, ${formatUsd(budget.reserved)} reserved` : '',
    ];
    const answer = await askItem({
      title: `${formatUsd(budget.spent + budget.unknown)} spent today${parts.join('')}, ${of}`,
      placeholder:
        loops.length === 0 ? 'Nothing was spent today' : `${count(loops.length, 'loop')} cost something today`,
      items: rows,
    });
    if (answer !== undefined && answer !== BACK) await answer.act?.();
    return budget;
  },
};

function checkLimit(value: string): string | undefined {
  const usd = value.trim() === '' ? 0 : Number(value);
  return isCost(usd) && usd <= LARGEST ? undefined : `Enter an amount in USD from 0 to ${LARGEST}, such as 20.`;
}
