import { createReadStream } from 'node:fs';
import { isSupervisorError } from '../../core/model/errors.ts';
import { isFinished } from '../../core/model/loop.ts';
import type { LoopSpec } from '../../core/model/loopSpec.ts';
import { DEFAULT_SETTINGS } from '../../core/model/settings.ts';
import type { Supervisor } from '../../core/supervisor.ts';
import { CallError, EXIT } from '../exitCodes.ts';
import { nestedBase } from '../nestedSubmit.ts';
import { readPrompt } from '../readPrompt.ts';
import { submitSchema } from '../schemas.ts';
import type { Session } from '../session.ts';
import { amount, positive, whole } from './amounts.ts';
import { type AddCommands, examples } from './command.ts';
import { waitFor } from './wait.ts';

interface SubmitOptions {
  readonly file?: string;
  readonly agent?: string;
  readonly cwd?: string;
  readonly title?: string;
  readonly id?: string;
  readonly again?: true;
  readonly priority?: number;
  readonly estimate?: number;
  readonly maxCost?: number;
  readonly check?: string;
  readonly rounds?: number;
  readonly worktree?: true;
  readonly carryChanges?: true;
  readonly machine?: string;
  readonly commands?: true;
  readonly queue?: true;
  readonly trust?: true;
  readonly wait?: true;
}

export const addSubmit: AddCommands = (program, run) => {
  program
    .command('submit')
    .summary('submit a prompt as a loop')
    .description(
      'Submits a prompt as a loop: from the arguments, a file, or standard input. ' +
        'It runs in the working folder, which must be trusted.',
    )
    .argument('[prompt...]', 'the prompt; "-" or none reads standard input')
    .option('-f, --file <path>', 'the prompt is in this file')
    .option('-A, --agent <name>', 'the agent profile; the default agent if absent')
    .option('-C, --cwd <folder>', 'where it runs; here if absent')
    .option('-t, --title <text>', 'its title; the first line of the prompt if absent')
    .option('--id <id>', 'its id: a second submit of the same prompt returns the same loop')
    .option('--again', 'with --id: run it again if that loop has finished')
    .option('-p, --priority <number>', 'higher goes first; 0 if absent', whole)
    .option('--estimate <usd>', 'what it is expected to cost', amount)
    .option('--max-cost <usd>', 'what it may cost at most', amount)
    .option('--check <command>', 'a command that must exit with 0 before the loop is done')
    .option('--rounds <count>', 'rounds with that check before it waits for you', positive)
    .option('--worktree', 'it works in a Git work tree and branch of its own')
    .option('--carry-changes', 'with --worktree: it begins with the changes that are not committed')
    .option('--machine <name>', 'with a shared store: it runs on that machine, or on any, in a clone there')
    .option('--commands', 'a prompt such as /compact is a command of the agent')
    .option('--queue', 'queue it even while circuit or budget would refuse it')
    .option('--trust', 'you trust the files of the folder')
    .option('-w, --wait', 'wait for its end, and end as it does')
    .addHelpText(
      'after',
      examples(
        ['loops submit "Fix the failing test"', 'here, by the default agent'],
        ['loops submit -A claude --check "npm test" -f task.md', 'until the tests pass'],
        ['git diff | loops submit -w --max-cost 1 -', 'from standard input, and wait'],
        ['loops submit --machine build-box "Fix the tests"', 'on another machine, from the pushed commit'],
        ['loops submit --id nightly-2026-01-31 "Update the docs"', 'once, however often it is called'],
      ),
    )
    .action(
      run(async (session, words: readonly string[], options: SubmitOptions) => {
        const nested = await nestedBase(session);
        const spec = { ...nested, ...specOf(session, await promptOf(session, words, options), options) };
        const supervisor = await session.supervisor();
        const result = await submitOnce(supervisor, spec, options.again === true);
        await session.ensureHost();
        const { output } = session;
        if (result.note !== undefined) output.notice(result.note);
        const isUnchosen = session.config.settings.defaultAgent === DEFAULT_SETTINGS.defaultAgent;
        if (result.isNew && spec.agent === undefined && isUnchosen) output.notice(TO_SAMPLE);
        if (output.isJson && !options.wait) output.json(submitSchema, result);
        else if (!output.isJson) output.line(result.loopId);
        if (!result.isNew) output.progress(`There is a loop ${result.loopId} already: ${result.state}.`);
        else if (result.queued) output.progress(`Queued at ${result.position}.`);
        if (options.wait) return waitFor(session, [result.loopId], undefined);
        return EXIT.ok;
      }),
    );
};

/** Nobody should take what the sample agent says for work that was done. */
const TO_SAMPLE =
  'The free sample agent takes it, which does no real work: name another with --agent, or set defaultAgent.';

async function promptOf(session: Session, words: readonly string[], { file }: SubmitOptions): Promise<string> {
  if (file !== undefined && words.length > 0)
    throw new CallError(EXIT.usage, 'Give the prompt as arguments or with --file, not both.');
  if (file !== undefined && file !== '-') {
    const path = session.path(file);
    return readPrompt(createReadStream(path), path);
  }
  if (words.length > 0 && !(words.length === 1 && words[0] === '-')) return words.join(' ');
  if (words.length === 0 && file === undefined && process.stdin.isTTY)
    throw new CallError(EXIT.usage, 'There is no prompt. Give it as arguments, with --file, or on standard input.');
  return readPrompt(process.stdin, 'standard input');
}

function specOf(session: Session, prompt: string, options: SubmitOptions): LoopSpec {
  const cwd = options.cwd === undefined && session.caller !== undefined ? {} : { cwd: trustedFolder(session, options) };
  if (options.rounds !== undefined && options.check === undefined)
    throw new CallError(EXIT.usage, '--rounds needs a --check.');
  return {
    prompt,
    ...cwd,
    ...(options.id !== undefined && { loopId: options.id }),
    ...(options.agent !== undefined && { agent: options.agent }),
    ...(options.title !== undefined && { title: options.title }),
    ...(options.priority !== undefined && { priority: options.priority }),
    ...(options.estimate !== undefined && { estimatedCostUsd: options.estimate }),
    ...(options.maxCost !== undefined && { maxCostUsd: options.maxCost }),
    ...(options.check !== undefined && {
      check: { command: options.check, ...(options.rounds !== undefined && { maxRounds: options.rounds }) },
    }),
    ...(options.worktree && { isolation: 'worktree' as const }),
    ...(options.carryChanges && { carryChanges: true }),
    ...(options.machine !== undefined && { machine: options.machine }),
    ...(options.commands && { commands: true }),
    ...(options.queue && { whenBlocked: 'queue' as const }),
  };
}

/** The folder that the loop is to run in. Throws if nobody trusts it; inside an attempt the core decides. */
function trustedFolder(session: Session, options: SubmitOptions): string {
  const cwd = session.path(options.cwd ?? '.');
  if (session.caller !== undefined) return cwd;
  if (options.trust) {
    session.trusted.add([cwd]);
  }
  const folder = session.trusted.containing(cwd);
  if (folder === undefined)
    throw new CallError(
      EXIT.notAllowed,
      `The loop was not submitted: ${cwd} is in no folder that you trust. ` +
        'An agent there acts on what its files say. If you trust them, run `loops trust` there or submit with --trust.',
    );
  session.folder = folder;
  return cwd;
}

/**
 * Submits a loop; one of that id that is there already, live or finished, is returned in its place, unless it has
 * finished and `again` is asked for. Throws if that one has another prompt.
 */
export async function submitOnce(supervisor: Supervisor, spec: LoopSpec, again: boolean) {
  const known = await sameLoop(supervisor, spec, again);
  if (known) return known;
  try {
    const result = await supervisor.submit(spec);
    return { ...result, state: 'queued' as const, isNew: true };
  } catch (error) {
    // Another call came first, or the loop has failed for good.
    const isKnown =
      isSupervisorError(error) && (error.code === 'duplicate-loop' || error.code === 'permanently-failed');
    const other = isKnown ? await sameLoop(supervisor, spec, again) : undefined;
    if (other) return other;
    throw error;
  }
}

async function sameLoop(supervisor: Supervisor, { loopId, prompt }: LoopSpec, again: boolean) {
  const detail = loopId === undefined ? undefined : await supervisor.get(loopId);
  if (!detail) return undefined;
  const { loop } = detail;
  if (again && isFinished(loop)) return undefined;
  if (detail.prompt !== prompt)
    throw new CallError(
      EXIT.usage,
      `The loop was not submitted: ${loopId} is the id of a loop with another prompt. ` +
        `Choose another id${isFinished(loop) ? ', or add --again' : ''}.`,
    );
  const place = supervisor.live().find((view) => view.loop.loopId === loopId)?.position ?? 0;
  return {
    loopId: loop.loopId,
    state: loop.state,
    queued: loop.state === 'queued',
    position: place,
    isNew: false,
    note: undefined,
  };
}
