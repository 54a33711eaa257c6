import type { CheckRequest } from '../../core/model/check.ts';
import { askCheck, NO_CHECK } from '../checks/askCheck.ts';
import { oneLine } from '../text/safeText.ts';
import { askAgent } from './chooseAgent.ts';
import type { CommandContext } from './commandTable.ts';
import { askText, BACK, type Step } from './prompts.ts';

/** Input for a loop, as typed. Empty: not given. */
export interface Draft {
  readonly prompt: string;
  readonly agent: string;
  readonly folder: string;
  readonly priority: string;
  readonly estimate: string;
  readonly maxCost: string;
  readonly title: string;
  readonly check?: CheckRequest;
}

/** What is asked for as a line of text. */
export type TextKey = Exclude<keyof Draft, 'check'>;

export const priorityStep = textStep(
  'priority',
  'Priority: a whole number. Higher goes first; the usual priority is 0.',
  checkPriority,
);
export const estimateStep = textStep(
  'estimate',
  'Estimated cost in USD, reserved from today’s budget. Leave empty to use what this agent’s last loops cost.',
  (value) => checkAmount(value, 0),
  'for example 0.50',
);
export const maxCostStep = textStep(
  'maxCost',
  'Stop the loop when it has cost this much, in USD. Leave empty for no limit of its own.',
  (value) => checkAmount(value, Number.MIN_VALUE),
  'for example 2',
);
export const titleStep: Step<Draft> = (soFar, place) =>
  textStep(
    'title',
    'A title for the list of loops. Leave empty to use the first line of the prompt.',
    () => undefined,
    oneLine(soFar.prompt, 60),
  )(soFar, place);

/** Asks for an agent that is installed. */
export function agentStep(ctx: CommandContext): Step<Draft> {
  return async (soFar, place) => {
    const question = { placeholder: 'The agent that runs the prompt', chosen: soFar.agent, ignoreFocusOut: true };
    const answer = await askAgent(ctx, { ...place, ...question });
    return answer === undefined || answer === BACK ? answer : { ...soFar, agent: answer.agent.name };
  };
}

/** Asks what must pass; a loop needs no check. */
export function checkStep(ctx: CommandContext): Step<Draft> {
  return async (soFar, place) => {
    const folder = soFar.folder === '' ? undefined : soFar.folder;
    const answer = await askCheck(ctx, place, folder, { isOptional: true });
    if (answer === undefined || answer === BACK) return answer;
    const { check: _, ...rest } = soFar;
    return answer === NO_CHECK ? rest : { ...rest, check: answer };
  };
}

/** The problem with a priority; undefined if it is valid. */
export function checkPriority(value: string): string | undefined {
  return /^\s*-?\d{1,9}\s*$/.test(value) ? undefined : 'Enter a whole number, such as 0, 10 or -5.';
}

function checkAmount(value: string, min: number): string | undefined {
  if (value.trim() === '') return undefined;
  const usd = Number(value);
  return Number.isFinite(usd) && usd >= min
    ? undefined
    : `Enter an amount in USD${min > 0 ? ' above 0' : ''}, such as 0.50, or leave it empty.`;
}

/** A step that asks for a line of text. */
function textStep(
  key: TextKey,
  prompt: string,
  validate: (value: string) => string | undefined,
  placeholder = '',
): Step<Draft> {
  return async (soFar, place) => {
    const answer = await askText({ ...place, value: soFar[key], prompt, placeholder, validate });
    return typeof answer === 'string' ? { ...soFar, [key]: answer } : answer === BACK ? BACK : undefined;
  };
}
