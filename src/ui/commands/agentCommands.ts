import * as vscode from 'vscode';
import { agentReportText } from '../agentReportText.ts';
import { AgentReportView } from '../agentReportView.ts';
import { chooseAgent } from './chooseAgent.ts';
import type { CommandTable } from './commandTable.ts';

export const agentCommands: CommandTable = {
  /** Answers the name of the agent that runs prompts from now on. */
  chooseAgent: (ctx) => () => chooseAgent(ctx),

  /** Looks at all agents and shows a report. Answers it as values. */
  checkAgents: (ctx) => {
    const view = new AgentReportView();
    ctx.context.subscriptions.push(view);
    return async () => {
      const progress = { location: vscode.ProgressLocation.Notification, title: 'Checking agents…' };
      const reports = await vscode.window.withProgress(progress, () => ctx.agentChecks.check());
      await view.show(agentReportText(reports, ctx.settings().defaultAgent, new Date()));
      return reports;
    };
  },
};
