import type { LoopSpec } from '../../core/model/loopSpec.ts';
import type { CommandContext } from './commandTable.ts';
import { agentStep, checkStep, type Draft, estimateStep, maxCostStep, priorityStep, titleStep } from './loopSteps.ts';
import { askPrompt, promptDraft } from './promptDraft.ts';
import { askSteps, BACK, type Step } from './prompts.ts';
import { askFolder, FOLDER_KEY } from './submitting.ts';

const LAST_KEY = 'submit.lastOptions';

/**
 * Asks for a prompt and everything that goes with it, beginning from the last choices. `undefined`: the user dismissed
 * it.
 */
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
    ...(given?.check && { check: given.check }),
  };
  const draft = await askSteps('Submit with Options', start, [
    ...(given ? [] : [promptStep(ctx)]),
    agentStep(ctx),
    folderStep(ctx),
    priorityStep,
    estimateStep,
    maxCostStep,
    titleStep,
    checkStep(ctx),
  ]);
  if (!draft) return undefined;
  const { agent, priority, estimate, maxCost } = draft;
  await ctx.context.globalState.update(LAST_KEY, { agent, priority, estimate, maxCost });
  const { check: _, ...rest } = given ?? {};
  return {
    ...rest,
    prompt: draft.prompt,
    agent,
    ...(draft.folder === '' ? {} : { cwd: draft.folder }),
    priority: Number(priority),
    ...(estimate.trim() === '' ? {} : { estimatedCostUsd: Number(estimate) }),
    ...(maxCost.trim() === '' ? {} : { maxCostUsd: Number(maxCost) }),
    ...(draft.check && { check: draft.check }),
    ...(draft.title.trim() === '' ? {} : { title: draft.title.trim() }),
  };
}

function promptStep(ctx: CommandContext): Step<Draft> {
  return async (soFar, place) => {
    const answer = await askPrompt(ctx, { ...place, value: soFar.prompt, prompt: 'The text for the agent.' });
    return typeof answer === 'string' ? { ...soFar, prompt: answer } : answer === BACK ? BACK : undefined;
  };
}

function folderStep(ctx: CommandContext): Step<Draft> {
  return async (soFar, place) => {
    const answer = await askFolder(ctx, place, soFar.folder === '' ? undefined : soFar.folder);
    return answer === undefined || answer === BACK ? answer : { ...soFar, folder: answer };
  };
}
