import * as vscode from 'vscode';
import type { AgentReport, FoundAgent, KnownAgent } from '../agentCheck/agentChecks.ts';
import { choosePermission } from './choosePermission.ts';
import type { CommandContext } from './commandTable.ts';
import { sayMissing } from './installAgent.ts';
import { askItem, BACK, type Place } from './prompts.ts';

const SHOWN_MS = 5000;

/**
 * Asks which agent runs prompts from now on and what it may do without asking, and writes both to the settings. Returns
 * its name. The list is there at once and its rows keep their places: where each program is and what it says of itself
 * is filled in as it becomes known. `forPrompt`: a prompt waits for the answer, so the list stays open when it loses
 * the focus.
 */
export async function chooseAgent(ctx: CommandContext, forPrompt = false): Promise<string | undefined> {
  const answer = await askAgent(ctx, {
    title: forPrompt ? 'Choose the agent that runs your prompts' : 'Choose Agent',
    placeholder: 'The agent that runs your prompts. You can change it at any time.',
    chosen: ctx.config.hasDefaultAgent ? ctx.settings().defaultAgent : undefined,
    ignoreFocusOut: forPrompt,
  });
  if (!answer || answer === BACK) return undefined;
  const { name } = answer.agent;
  if (!(await choosePermission(ctx, answer.agent))) return undefined;
  await ctx.config.set('defaultAgent', name);
  vscode.window.setStatusBarMessage(`Your prompts go to ${name}`, SHOWN_MS);
  const [problem] = answer.kind === 'checked' ? answer.agent.problems : [];
  if (problem) warn(`Prompts now go to ${name}, but it cannot be used yet. ${problem.sentence}`);
  return name;
}

/** A question for an agent. */
export interface AgentQuestion extends Place {
  readonly placeholder: string;
  /** The agent that is in use. */
  readonly chosen: string | undefined;
  readonly ignoreFocusOut: boolean;
}

/**
 * Asks for an agent that can be started. If it is not installed, offers to install it or to choose another.
 * `undefined`: the user dismissed it.
 */
export async function askAgent(
  ctx: CommandContext,
  question: AgentQuestion,
): Promise<FoundLook | typeof BACK | undefined> {
  const known = await ctx.agentChecks.all();
  const looks = new Map(known.map((agent): [string, Look] => [agent.name, { kind: 'looking', agent }]));
  const itemsNow = () => [
    ...[...looks.values()].map((look) => agentItem(look, look.agent.name === question.chosen)),
    ...HELP,
  ];
  const items = itemsNow();
  const answer = await askItem<AgentItem>({
    ...question,
    items,
    active: items.find(({ agent }) => agent?.name === question.chosen),
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
  if (answer === undefined || answer === BACK) return answer;
  const look = answer.agent && (await found(ctx, looks.get(answer.agent.name)));
  if (!look) {
    await vscode.commands.executeCommand('loopSupervisor.checkAgents');
    return question.ignoreFocusOut ? askAgent(ctx, question) : undefined;
  }
  if (look.agent.path !== undefined) return look;
  return (await sayMissing(look.agent)) === 'other' ? askAgent(ctx, question) : undefined;
}

/** What is known of an agent once its program has been looked for. */
async function found(ctx: CommandContext, look: Look | undefined): Promise<FoundLook | undefined> {
  if (look?.kind !== 'looking') return look;
  const agent = (await ctx.agentChecks.find()).find(({ name }) => name === look.agent.name);
  return agent && { kind: 'found', agent };
}

function warn(message: string): void {
  void vscode.window
    .showWarningMessage(message, 'Check Agents')
    .then((button) => button && vscode.commands.executeCommand('loopSupervisor.checkAgents'));
}

/** How far an agent has been checked. */
type Look =
  | { readonly kind: 'looking'; readonly agent: KnownAgent }
  | { readonly kind: 'found'; readonly agent: FoundAgent }
  | { readonly kind: 'checked'; readonly agent: AgentReport };
type FoundLook = Exclude<Look, { kind: 'looking' }>;

/** An agent, or the way to the check. */
interface AgentItem extends vscode.QuickPickItem {
  readonly agent?: KnownAgent;
}

const HELP: readonly AgentItem[] = [
  { label: 'help', kind: vscode.QuickPickItemKind.Separator },
  { label: '$(checklist) Check Agents', description: 'what is installed, and how to fix what is not' },
];

function agentItem(look: Look, chosen: boolean): AgentItem {
  const { icon, said } = words(look);
  return {
    label: `$(${icon}) ${look.agent.name}`,
    description: [chosen && 'chosen', ...said].filter(Boolean).join(' · '),
    // Its limitations matter before it is chosen.
    ...(look.agent.cannot && { detail: look.agent.cannot.join(' ') }),
    agent: look.agent,
  };
}

function words({ kind, agent }: Look): { readonly icon: string; readonly said: readonly (string | undefined)[] } {
  if (agent.bundled) return { icon: 'beaker', said: ['Demo: makes no changes, costs nothing, needs no account'] };
  if (kind === 'looking') return { icon: 'hubot', said: ['looking for it…'] };
  if (agent.path === undefined)
    return { icon: 'circle-slash', said: ['not installed', agent.install ?? `${agent.command} is not on the PATH`] };
  if (kind === 'found') return { icon: 'hubot', said: ['asking for its version…', agent.path] };
  const [problem] = agent.problems;
  return problem
    ? { icon: 'warning', said: [agent.version, problem.short, agent.path] }
    : { icon: 'hubot', said: [agent.version, agent.path] };
}
