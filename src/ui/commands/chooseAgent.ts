import * as vscode from 'vscode';
import type { AgentReport, FoundAgent, KnownAgent } from '../agentCheck/agentChecks.ts';
import type { CommandContext } from './commandTable.ts';
import { askItem, BACK } from './prompts.ts';

const SAID_MS = 5000;

/**
 * Asks which agent runs prompts from now on, and writes it to the settings. Answers its name. The list is there at once, and its rows stay
 * where they are: where the programs are and what they answer is written into them as it becomes known, and none is waited for.
 * `forPrompt`: a prompt waits for the answer, so the list stays whatever takes the focus, and comes again after a look at the agents.
 */
export async function chooseAgent(ctx: CommandContext, forPrompt = false): Promise<string | undefined> {
  const chosen = ctx.settings().defaultAgent;
  const known = await ctx.agentChecks.all();
  const looks = new Map(known.map((agent): [string, Look] => [agent.name, { kind: 'looking', agent }]));
  const itemsNow = () => [...[...looks.values()].map((look) => agentItem(look, look.agent.name === chosen)), ...HELP];
  const items = itemsNow();
  const answer = await askItem<AgentItem>({
    title: forPrompt ? 'Choose the agent that runs your prompts' : 'Choose Agent',
    ignoreFocusOut: forPrompt,
    placeholder: 'The agent that runs your prompts. You can change it at any time.',
    items,
    active: items.find(({ agent }) => agent?.name === chosen),
    fill: async (show) => {
      const agents = await ctx.agentChecks.find();
      for (const agent of agents) looks.set(agent.name, { kind: 'found', agent });
      show(itemsNow());
      await Promise.all(
        agents.map(async (agent) => {
          if (agent.path === undefined || agent.bundled) return;
          for (const report of await ctx.agentChecks.check([agent.name]))
            looks.set(agent.name, { kind: 'checked', agent: report });
          show(itemsNow());
        }),
      );
    },
  });
  if (answer === undefined || answer === BACK) return undefined;
  const look = answer.agent && looks.get(answer.agent.name);
  if (!look) {
    await vscode.commands.executeCommand('loopSupervisor.checkAgents');
    return forPrompt ? chooseAgent(ctx, true) : undefined;
  }
  const { name, command, install } = look.agent;
  if (look.kind !== 'looking' && look.agent.path === undefined) {
    warn(`${command} was not found on PATH.${install ? ` Install it in a terminal: ${install}` : ''}`);
    return forPrompt ? chooseAgent(ctx, true) : undefined;
  }
  await ctx.config.set('defaultAgent', name);
  vscode.window.setStatusBarMessage(`Your prompts go to ${name}`, SAID_MS);
  const [problem] = look.kind === 'checked' ? look.agent.problems : [];
  if (problem) warn(`Prompts now go to ${name}, but it can not be used yet. ${problem.sentence}`);
  return name;
}

function warn(message: string): void {
  void vscode.window
    .showWarningMessage(message, 'Check Agents')
    .then((button) => button && vscode.commands.executeCommand('loopSupervisor.checkAgents'));
}

/** How far an agent has been looked at. */
type Look =
  | { readonly kind: 'looking'; readonly agent: KnownAgent }
  | { readonly kind: 'found'; readonly agent: FoundAgent }
  | { readonly kind: 'checked'; readonly agent: AgentReport };

/** An agent, or the way to the check. */
interface AgentItem extends vscode.QuickPickItem {
  readonly agent?: KnownAgent;
}

const HELP: readonly AgentItem[] = [
  { label: 'help', kind: vscode.QuickPickItemKind.Separator },
  { label: '$(checklist) Check Agents', description: 'what is installed, and how to put right what is not' },
];

function agentItem(look: Look, chosen: boolean): AgentItem {
  const { icon, said } = words(look);
  return {
    label: `$(${icon}) ${look.agent.name}`,
    description: [chosen && 'chosen', ...said].filter(Boolean).join(' · '),
    agent: look.agent,
  };
}

function words({ kind, agent }: Look): { readonly icon: string; readonly said: readonly (string | undefined)[] } {
  if (agent.bundled) return { icon: 'beaker', said: ['only pretends: costs nothing, needs no account'] };
  if (kind === 'looking') return { icon: 'hubot', said: ['looking for it…'] };
  if (agent.path === undefined)
    return { icon: 'circle-slash', said: ['not found', agent.install ?? `${agent.command} is not on PATH`] };
  if (kind === 'found') return { icon: 'hubot', said: ['asking its version…', agent.path] };
  const [problem] = agent.problems;
  return problem
    ? { icon: 'warning', said: [agent.version, problem.short, agent.path] }
    : { icon: 'hubot', said: [agent.version, agent.path] };
}
