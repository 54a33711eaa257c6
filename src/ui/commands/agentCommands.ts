import * as vscode from 'vscode';
import type { AgentReport } from '../agentCheck/agentChecks.ts';
import { agentReportText } from '../agentCheck/agentReportText.ts';
import { AgentReportView } from '../agentCheck/agentReportView.ts';
import { chooseAgent } from './chooseAgent.ts';
import type { CommandContext, CommandTable } from './commandTable.ts';

/** Commands that choose and check agents. */
export const agentCommands: CommandTable = {
  /** Returns the name of the agent that runs prompts from now on. */
  chooseAgent: (ctx) => () => chooseAgent(ctx),

  /** Checks all agents and shows a report. Returns it as values. */
  checkAgents: (ctx) => {
    const view = new AgentReportView();
    ctx.context.subscriptions.push(view);
    return async () => {
      const place = { location: vscode.ProgressLocation.Notification, title: 'Checking agents' };
      const reports = await vscode.window.withProgress(place, (progress) =>
        checkAll(ctx, (waiting) => progress.report({ message: `waiting for ${waiting.join(', ')}` })),
      );
      const { problems } = ctx.config;
      const containment = await ctx.agentChecks.containment();
      await view.show(agentReportText(reports, ctx.settings().defaultAgent, new Date(), problems, containment));
      return reports;
    };
  },
};

/** Checks all agents at once; `onWaiting` is called with those that have not answered yet. */
async function checkAll(ctx: CommandContext, onWaiting: (names: readonly string[]) => void): Promise<AgentReport[]> {
  const names = (await ctx.agentChecks.find()).map(({ name }) => name);
  const waiting = new Set(names);
  onWaiting(names);
  const reports = await Promise.all(
    names.map(async (name) => {
      const report = await ctx.agentChecks.check([name]);
      waiting.delete(name);
      if (waiting.size > 0) onWaiting([...waiting]);
      return report;
    }),
  );
  return reports.flat();
}
