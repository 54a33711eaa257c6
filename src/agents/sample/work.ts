import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Asker } from '../../asking/asker.ts';
import { leaveChildren } from './children.ts';
import type { Directives } from './directives.ts';
import { edit } from './editing.ts';
import {
  apiError,
  apiRetry,
  init,
  type Outcome,
  permissionDenied,
  remark,
  result,
  step,
  toolResult,
  windowUsedUp,
} from './events.ts';
import { print } from './output.ts';
import { remember } from './session.ts';

/** One run of the sample agent. */
export interface Work {
  readonly session: string;
  readonly prompt: string;
  readonly directives: Directives;
  /** Steps that earlier runs of the session have done; undefined when it is new. */
  readonly done: number | undefined;
  /** What earlier runs of the session have reported, USD. */
  readonly earlierUsd: number;
  readonly maxBudgetUsd: number | undefined;
  /** Its way to ask the user; undefined if nobody can answer. */
  readonly asker: Asker | undefined;
  /** Aborted when it is to stop and still report. */
  readonly stop: AbortSignal;
}

/** About how long (s) a step takes, and how many steps there are at most. */
const STEP_SECONDS = 1;
const MOST_STEPS = 600;
const FLOOD_PIECE = 64 * 1024;

const TOOLS = [
  ['Glob', { pattern: 'src/**/*' }, '12 files'],
  ['Read', { file_path: 'README.md' }, 'It says what this is for.'],
  ['Bash', { command: 'ls', description: 'List the files' }, 'README.md  src'],
  ['Grep', { pattern: 'TODO' }, '2 matches'],
] as const;

interface Progress {
  steps: number;
  costUsd: number;
  readonly denials: { id: string; tool: string; input: object }[];
}

const CHOICES = [
  { id: 'once', kind: 'allowOnce', label: 'Yes' },
  { id: 'no', kind: 'denyOnce', label: 'No' },
] as const;

const INQUIRY = {
  kind: 'inquiry',
  tool: 'Choose',
  title: 'Choose',
  inquiries: [
    {
      text: 'Which colour should the sample have?',
      options: [{ label: 'Blue', about: 'As the sea' }, { label: 'Green' }],
      multiple: false,
    },
  ],
} as const;

const NO_KEY = 'Invalid API key · this one only pretends to need one';

/** Pretends to work, visibly; returns the exit code. */
export async function work(run: Work): Promise<number> {
  const { session, directives } = run;
  await print(init(session));
  const progress: Progress = { steps: 0, costUsd: 0, denials: [] };
  const first = run.done === undefined;
  const wrong = first || !directives.once;
  // A usage window is used up only once: later it has reset.
  const refusal = refusalOf(directives, first, wrong);
  if (refusal) return refuse(run, refusal);
  await begin(run);
  if (directives.hang && wrong) await hang(run.stop);
  try {
    await takeSteps(run, progress, wrong);
  } catch (error) {
    if (!run.stop.aborted) throw error;
    return finish(
      run,
      progress,
      { subtype: 'error_during_execution', terminalReason: 'aborted_streaming', errors: ['interrupted'] },
      0,
    );
  }
  if (run.maxBudgetUsd !== undefined && progress.costUsd > run.maxBudgetUsd) {
    const errors = [`Reached maximum budget ($${run.maxBudgetUsd})`];
    return finish(run, progress, { subtype: 'error_max_budget_usd', terminalReason: 'budget_exhausted', errors }, 1);
  }
  if (directives.fail && wrong) {
    const errors = ['the task failed, as its prompt asked for'];
    return finish(
      run,
      progress,
      { subtype: 'error_during_execution', terminalReason: 'task_failed', errors },
      directives.exitCode,
    );
  }
  const text = closingWords(run);
  await print(remark(session, text));
  return finish(run, progress, { subtype: 'success', terminalReason: 'completed', result: text }, 0);
}

/** Edits the file where the prompt asks for that, and says what was done. */
function closingWords({ directives }: Work): string {
  if (directives.finishInRun === undefined) return 'All done. This was only a sample: nothing was changed.';
  return edit(process.cwd(), directives);
}

async function finish(run: Work, progress: Progress, outcome: Outcome, exitCode: number): Promise<number> {
  remember(run.session, { costUsd: progress.costUsd });
  await print(
    result(run.session, { ...outcome, denials: progress.denials }, progress.steps, progress.costUsd, run.earlierUsd),
  );
  return exitCode;
}

interface Refusal {
  readonly kind: string;
  readonly status: number;
  readonly text: string;
}

function refusalOf(directives: Directives, first: boolean, wrong: boolean): Refusal | undefined {
  if (directives.limitSeconds !== undefined && first)
    return { kind: 'rate_limit', status: 429, text: "You've hit your limit" };
  if (directives.overload && wrong) return { kind: 'overloaded', status: 529, text: 'API Error: 529 Overloaded' };
  if (directives.auth && wrong) return { kind: 'authentication_failed', status: 401, text: NO_KEY };
  return undefined;
}

/** A provider that does not respond: nothing was done, and nothing cost anything. */
async function refuse(run: Work, { kind, status, text }: Refusal): Promise<number> {
  const { session, directives } = run;
  if (directives.limitSeconds !== undefined && kind === 'rate_limit') {
    await print(windowUsedUp(session, Math.ceil(Date.now() / 1000 + directives.limitSeconds)));
  }
  for (let attempt = 1; attempt <= 2 && kind === 'overloaded'; attempt++) {
    await print(apiRetry(session, attempt, 500 * attempt));
    await sleep(directives.quick ? 0 : 500 * attempt);
  }
  await print(apiError(session, kind, status, text));
  const outcome: Outcome = { subtype: 'success', terminalReason: 'api_error', result: text, apiStatus: status };
  return finish(run, { steps: 0, costUsd: 0, denials: [] }, outcome, 1);
}

async function begin({ session, prompt, directives, done }: Work): Promise<void> {
  const title = prompt.trim().split('\n', 1)[0]?.slice(0, 80) ?? '';
  const text = done === undefined ? `I will pretend to work on this: ${title}` : `I go on after step ${done}.`;
  await print(remark(session, text));
  if (directives.echo) await print(remark(session, prompt));
  if (directives.spawn > 0) {
    const pids = leaveChildren(directives.spawn);
    await print(remark(session, `I started processes that live on: ${pids.join(', ')}`));
  }
  const line = remark(session, 'flood '.repeat(FLOOD_PIECE / 6));
  for (let left = directives.floodMegabytes * 1024 * 1024; left > 0; left -= FLOOD_PIECE) await print(line);
}

async function takeSteps(run: Work, progress: Progress, wrong: boolean): Promise<void> {
  const { session, directives, stop } = run;
  const seconds = directives.quick ? 0 : (directives.seconds ?? 3 + 3 * fraction(session));
  const all = Math.min(MOST_STEPS, Math.max(3, Math.round(seconds / STEP_SECONDS)));
  const stepUsd = (directives.costUsd ?? Math.round(10_000 + 40_000 * fraction(session)) / 1e6) / all;
  for (let number = (run.done ?? 0) + 1; number <= all; number++) {
    await sleep((seconds * 1000) / all, undefined, { signal: stop });
    if (directives.crash && wrong && number > all / 2) process.kill(process.pid, 'SIGKILL');
    if (directives.chooses && number === 1) await takeDecision(run);
    if (number <= directives.asks) await takeAskedStep(run, number, progress);
    else await takeStep(session, number, progress, directives.denied && number === 1);
    progress.steps++;
    progress.costUsd += stepUsd;
    remember(session, { done: number });
    if (run.maxBudgetUsd !== undefined && progress.costUsd > run.maxBudgetUsd) return;
  }
}

async function takeStep(session: string, number: number, progress: Progress, denied: boolean): Promise<void> {
  const [tool, input, answer] = denied
    ? (['Bash', { command: 'rm -rf build' }, ''] as const)
    : (TOOLS[number % TOOLS.length] ?? TOOLS[0]);
  const id = `tool_${randomUUID()}`;
  await print(
    step(
      session,
      { type: 'text', text: `Step ${number}: a look around.` },
      { type: 'tool_use', id, name: tool, input },
    ),
  );
  if (denied) {
    const message = 'rm needs approval, and nobody is there to give it.';
    progress.denials.push({ id, tool, input });
    await print(permissionDenied(session, id, tool, message));
    await print(toolResult(session, id, message, true));
  } else await print(toolResult(session, id, answer));
}

/** A step that the user must allow. */
async function takeAskedStep({ session, asker, stop }: Work, number: number, progress: Progress): Promise<void> {
  const command = `npm install sample-package-${number}`;
  const input = { command, description: 'Install a package' };
  const id = `tool_${randomUUID()}`;
  const call = { type: 'tool_use', id, name: 'Bash', input } as const;
  await print(step(session, { type: 'text', text: `Step ${number}: I need a package.` }, call));
  const request = { kind: 'command', tool: 'Bash', title: input.description, command } as const;
  const answer = await asker?.ask({ request, choices: CHOICES }, stop);
  if (stop.aborted) throw new Error('stopped while it asked');
  if (answer?.allow) {
    await print(toolResult(session, id, 'This was only a sample: nothing was installed.'));
    return;
  }
  const message = asker ? 'The user does not want this.' : 'This needs approval, and nobody is there to give it.';
  progress.denials.push({ id, tool: 'Bash', input });
  await print(permissionDenied(session, id, 'Bash', message));
  await print(toolResult(session, id, message, true));
}

/** Leaves a decision to the user, and reports the answer. */
async function takeDecision({ session, asker, stop }: Work): Promise<void> {
  const answer = await asker?.ask({ request: INQUIRY, choices: CHOICES }, stop);
  if (stop.aborted) throw new Error('stopped while it asked');
  const said = answer?.replies?.map((list) => list.join(' and ')).join('; ');
  await print(remark(session, said === undefined ? 'I decide myself: Blue.' : `You have decided: ${said}.`));
}

/** Stays silent until it is stopped. */
async function hang(stop: AbortSignal): Promise<void> {
  while (!stop.aborted) await sleep(60_000, undefined, { signal: stop }).catch(() => undefined);
}

/** From 0 to 1, always the same for a session, so that its runs agree on its length and cost. */
function fraction(session: string): number {
  let hash = 0;
  for (const char of session) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 65_521;
  return hash / 65_521;
}
