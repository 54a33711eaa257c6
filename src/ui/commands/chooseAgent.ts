import * as vscode from 'vscode';
import { askItem, BACK } from '../asking.ts';
import type { CommandContext } from './commandTable.ts';

/** Asks which agent runs prompts from now on, and writes it to the settings. Answers its name. */
export async function chooseAgent(ctx: CommandContext, title = 'Choose Agent'): Promise<string | undefined> {
  const items = await agentItems(ctx);
  const current = ctx.settings().defaultAgent;
  const answer = await askItem({
    title,
    placeholder: 'The agent that runs your prompts. You can change it at any time.',
    items,
    active: items.find(({ name, found }) => name === current && found),
  });
  if (answer === undefined || answer === BACK) return undefined;
  if (answer.name === undefined) {
    await vscode.commands.executeCommand('loopSupervisor.checkAgents');
    return undefined;
  }
  if (!answer.found) {
    void vscode.window
      .showWarningMessage(`The program of ${answer.name} was not found on PATH.`, 'Check Agents')
      .then((button) => button && vscode.commands.executeCommand('loopSupervisor.checkAgents'));
    return undefined;
  }
  await ctx.config.set('defaultAgent', answer.name);
  return answer.name;
}

interface AgentItem extends vscode.QuickPickItem {
  readonly name?: string;
  readonly found: boolean;
}

/** All agents for a list: found ones first, then what was not found, then the way to the check. */
async function agentItems(ctx: CommandContext): Promise<AgentItem[]> {
  const agents = await ctx.agentChecks.find();
  const found = agents.filter(({ path }) => path !== undefined);
  const missing = agents.filter(({ path }) => path === undefined);
  const heading = (label: string): AgentItem => ({ label, kind: vscode.QuickPickItemKind.Separator, found: false });
  return [
    heading('ready to use'),
    ...found.map((agent) => ({
      label: `$(${agent.bundled ? 'beaker' : 'hubot'}) ${agent.name}`,
      description: agent.bundled ? 'only pretends: costs nothing, needs no account' : (agent.path ?? ''),
      name: agent.name,
      found: true,
    })),
    ...(missing.length === 0 ? [] : [heading('not found on PATH')]),
    ...missing.map((agent) => ({ label: `$(circle-slash) ${agent.name}`, description: agent.command, name: agent.name, found: false })),
    heading('help'),
    { label: '$(checklist) Check Agents…', description: 'what is installed, and how to put right what is not', found: false },
  ];
}
