import type * as vscode from 'vscode';
import type { LoopSpec } from '../../core/model/loop.ts';
import type { KnownAgent } from '../agentCheck/agentChecks.ts';
import { oneLine } from '../text/safeText.ts';
import type { CommandContext } from './commandTable.ts';
import { askPrompt, promptDraft } from './promptDraft.ts';
import { askItem, askSteps, askText, BACK, type Step } from './prompts.ts';
import { askFolder, FOLDER_KEY } from './submitting.ts';

const LAST_KEY = 'submit.lastOptions';

/** What is asked for, as typed. Empty: not given. */
interface Draft {
  readonly prompt: string;
  readonly agent: string;
  readonly folder: string;
  readonly priority: string;
  readonly estimate: string;
  readonly maxCost: string;
  readonly title: string;
}

/** Asks for a prompt and everything that goes with it, beginning from the last choices. `undefined`: the user has gone away. */
export async function askOptions(ctx: CommandContext, given?: LoopSpec): Promise<LoopSpec | undefined> {
  const last = ctx.context.globalState.get<Partial<Draft>>(LAST_KEY) ?? {};
  const start: Draft = {
    prompt: given?.prompt ?? promptDraft(ctx),
    agent: given?.agent ?? last.agent ?? ctx.settings().defaultAgent,
    folder: given?.cwd ?? ctx.context.workspaceState.get<string>(FOLDER_KEY) ?? '',
    priority: String(given?.priority ?? last.priority ?? 0),
    estimate: String(given?.estimatedCostUsd ?? last.estimate ?? ''),
    maxCost: String(given?.maxCostUsd ?? last.maxCost ?? ''),
    title: given?.title ?? '',
  };
  const draft = await askSteps('Submit with Options', start, [
    ...(given ? [] : [promptStep(ctx)]),
    agentStep(ctx),
    folderStep(ctx),
    priorityStep,
    estimateStep,
    maxCostStep,
    titleStep,
  ]);
  if (!draft) return undefined;
  const { agent, priority, estimate, maxCost } = draft;
  await ctx.context.globalState.update(LAST_KEY, { agent, priority, estimate, maxCost });
  return {
    ...given,
    prompt: draft.prompt,
    agent,
    ...(draft.folder === '' ? {} : { cwd: draft.folder }),
    priority: Number(priority),
    ...(estimate.trim() === '' ? {} : { estimatedCostUsd: Number(estimate) }),
    ...(maxCost.trim() === '' ? {} : { maxCostUsd: Number(maxCost) }),
    ...(draft.title.trim() === '' ? {} : { title: draft.title.trim() }),
  };
}

/** A step that asks for a line of text. */
function textStep(
  key: keyof Draft,
  prompt: string,
  validate: (value: string) => string | undefined,
  placeholder = '',
): Step<Draft> {
  return async (soFar, place) => {
    const answer = await askText({ ...place, value: soFar[key], prompt, placeholder, validate });
    return typeof answer === 'string' ? { ...soFar, [key]: answer } : answer === BACK ? BACK : undefined;
  };
}

function promptStep(ctx: CommandContext): Step<Draft> {
  return async (soFar, place) => {
    const answer = await askPrompt(ctx, { ...place, value: soFar.prompt, prompt: 'The text for the agent.' });
    return typeof answer === 'string' ? { ...soFar, prompt: answer } : answer === BACK ? BACK : undefined;
  };
}

const priorityStep = textStep('priority', 'Priority: a whole number. Higher goes first; 0 is usual.', (value) =>
  /^\s*-?\d{1,9}\s*$/.test(value) ? undefined : 'Enter a whole number, such as 0, 10 or -5.',
);
const estimateStep = textStep(
  'estimate',
  'Estimated cost in USD, reserved from today’s budget. Empty: what this agent’s last loops have cost.',
  (value) => amount(value, 0),
  'such as 0.50',
);
const maxCostStep = textStep(
  'maxCost',
  'Stop the loop when it has cost this much, in USD. Empty: no limit of its own.',
  (value) => amount(value, Number.MIN_VALUE),
  'such as 2',
);
const titleStep: Step<Draft> = (soFar, place) =>
  textStep(
    'title',
    'A title for the list of loops. Empty: the first line of the prompt.',
    () => undefined,
    oneLine(soFar.prompt, 60),
  )(soFar, place);

function amount(value: string, min: number): string | undefined {
  if (value.trim() === '') return undefined;
  const usd = Number(value);
  return Number.isFinite(usd) && usd >= min
    ? undefined
    : `Enter an amount in USD${min > 0 ? ' above 0' : ''}, such as 0.50, or nothing.`;
}

function agentStep(ctx: CommandContext): Step<Draft> {
  return async (soFar, place) => {
    const items = (await ctx.agentChecks.all()).map((agent) => agentItem(agent, 'looking for it…'));
    const answer = await askItem({
      ...place,
      placeholder: 'The agent that runs the prompt',
      items,
      active: items.find(({ label }) => label === soFar.agent),
      ignoreFocusOut: true,
      // Where the programs are is asked of the login shell, which may take its time.
      fill: async (show) =>
        show(
          (await ctx.agentChecks.find()).map((agent) =>
            agentItem(agent, agent.path ?? `${agent.command} was not found on PATH`),
          ),
        ),
    });
    return answer === undefined || answer === BACK ? answer : { ...soFar, agent: answer.label };
  };
}

function agentItem({ name, bundled }: KnownAgent, where: string): vscode.QuickPickItem {
  return { label: name, description: bundled ? 'only pretends, costs nothing' : where };
}

function folderStep(ctx: CommandContext): Step<Draft> {
  return async (soFar, place) => {
    const answer = await askFolder(ctx, place, soFar.folder === '' ? undefined : soFar.folder);
    return answer === undefined || answer === BACK ? answer : { ...soFar, folder: answer };
  };
}
