import type { AgentFacts } from '../core/model/agentFacts.ts';
import type { AgentProfile, CommandPlan, PlanRequest } from '../core/ports/agents.ts';
import { accountName } from './account.ts';
import type { AgentKind, AgentOptions, AgentServices } from './kind.ts';
import { shellCommand } from './shell.ts';

/** What a restarted agent gets instead of the whole prompt when it continues its session. */
export const RESUME_INSTRUCTION =
  'Your last run ended before the task was done. Go on with the task where you left off: ' +
  'look first at what is already there, and do not begin anew.';

/** Stands in `args` for the file with the prompt. */
export const PROMPT_FILE = '${promptFile}';

/** Stands in `args` for the prompt itself. */
export const PROMPT = '${prompt}';

/** The longest prompt on a command line, bytes: Linux takes 128 KiB an argument, Windows 32 KiB for the whole line. */
const LONGEST_ARGUMENT = { posix: 120 * 1024, windows: 24 * 1024 };

/** A command and its arguments, as agents write them: a path such as `/etc/hosts` is none. */
const COMMAND = /^\/([A-Za-z][\w:.-]*)(?:\s+|$)/;

/** A profile: one kind of agent with one set of options (R1.4). */
export function profileOf(name: string, kind: AgentKind, options: AgentOptions, services: AgentServices): AgentProfile {
  const longest = services.platform === 'win32' ? LONGEST_ARGUMENT.windows : LONGEST_ARGUMENT.posix;
  const canResume = kind.canResume && options.resume;
  return {
    name,
    account: accountName(name, kind, options),
    canResume,
    ...(kind.facts.bundled && { isDemo: true }),
    hasCost: kind.hasCost,
    spending: kind.spending,
    capsItself: kind.capsItself,
    needsReading: kind.needsReading,
    refuse: (prompt) => (options.prompt === 'argument' ? refuseArgument(prompt, kind, options, longest) : undefined),
    commands: options.commands,
    commandIn: (prompt) => commandIn(prompt, kind, options)?.command,
    plan(request) {
      const { resume, newMessage = false, ...fresh } = request;
      if (!canResume || resume === undefined) return planOf(kind, options, services, fresh);
      const prompt = newMessage ? fresh.prompt : RESUME_INSTRUCTION;
      return planOf(kind, options, services, { ...fresh, resume, prompt });
    },
    reader: (state, before) => kind.reader(options, services, state, before),
  };
}

function planOf(kind: AgentKind, options: AgentOptions, services: AgentServices, request: PlanRequest): CommandPlan {
  const { args, sessionId, reportFile, command = options.command, env } = kind.line(options, request, services);
  const { prompt, more } = promptOf(kind, options, request);
  const plan = {
    command,
    args: [...args, ...more],
    env: { ...kind.env, ...options.env, ...env },
    stopSteps: options.stop,
    ...(sessionId !== undefined && { sessionId }),
    ...(reportFile && { reportFile }),
  };
  if (options.shell) {
    const { command, args: line } = shellCommand(options.command, services.platform);
    return { ...plan, command, args: line, stdin: prompt };
  }
  switch (options.prompt) {
    case 'stdin':
      return {
        ...plan,
        args: [...plan.args, ...(kind.stdinMark === undefined ? [] : [kind.stdinMark])],
        stdin: prompt,
      };
    case 'file':
      return { ...plan, promptFile: request.prompt };
    case 'argument':
      return {
        ...plan,
        args: plan.args.some(holdsPrompt)
          ? plan.args.map((arg) => arg.replaceAll(PROMPT, () => prompt))
          : [...plan.args, ...(kind.argument(prompt) ?? [prompt])],
      };
  }
}

/** The prompt in the form in which the agent takes it as text, or as its own command where that is asked for (R1.5). */
function promptOf(
  kind: AgentKind,
  options: AgentOptions,
  { prompt, commands = options.commands }: PlanRequest,
): { readonly prompt: string; readonly more: readonly string[] } {
  const found = commands ? commandIn(prompt, kind, options) : undefined;
  if (found && kind.commands === 'option')
    return { prompt: prompt.slice(found.length), more: ['--command', found.command.slice(1)] };
  // A line break before it keeps a slash from being a command.
  const text = !found && kind.commands === 'prompt' && prompt.startsWith('/') ? `\n${prompt}` : prompt;
  return { prompt: text, more: [] };
}

/** The command that a prompt begins with, and the length of it with the blanks after it. */
function commandIn(
  prompt: string,
  kind: AgentKind,
  options: AgentOptions,
): { readonly command: string; readonly length: number } | undefined {
  const [all, name] = (kind.commands === 'none' || options.prompt === 'file' ? null : COMMAND.exec(prompt)) ?? [];
  return all === undefined ? undefined : { command: `/${name}`, length: all.length };
}

function refuseArgument(prompt: string, kind: AgentKind, options: AgentOptions, longest: number): string | undefined {
  // A character takes at most 3 bytes for each unit of its length, so most prompts need not be encoded to be measured.
  if (prompt.length * 3 > longest && new TextEncoder().encode(prompt).length > longest) {
    return (
      `is longer than the ${longest / 1024} KiB that fit on a command line; give it to this agent on standard input ` +
      'or in a file ("prompt": "stdin" or "file" in loopSupervisor.agents)'
    );
  }
  if (prompt.includes('\0')) return 'holds a NUL character, which no command line can';
  const placed = options.args.find(holdsPrompt);
  const bare =
    placed === undefined
      ? kind.argument(prompt) === undefined
      : placed.startsWith(PROMPT) && !options.args.includes('--');
  if (bare && prompt.startsWith('-')) {
    return (
      'begins with "-", which this agent would take for an option; put "--" before "${prompt}" in its args ' +
      'if it knows that, or give the prompt on standard input'
    );
  }
  return undefined;
}

function holdsPrompt(arg: string): boolean {
  return arg.includes(PROMPT);
}

/** What is known about the program of a profile. */
export function agentFactsOf(name: string, kind: AgentKind, options: AgentOptions, platform: string): AgentFacts {
  const loginStatus = kind.loginStatus?.(options) ?? kind.facts.loginStatus;
  return {
    ...kind.facts,
    ...(loginStatus && { loginStatus }),
    name,
    title: kind.words.title,
    command: options.shell ? shellCommand(options.command, platform).command : options.command,
    args: kind.facts.bundled ? options.args : [],
    env: { ...kind.env, ...options.env },
    ...(kind.words.login !== '' && { login: kind.words.login }),
    ...(kind.mode && { mode: { option: kind.mode.option, value: options.mode } }),
    modes: Object.entries(kind.mode?.values ?? {}).map(([value, meaning]) => ({ value, meaning })),
    notes: [...kind.facts.notes, ...(kind.notes?.(options) ?? [])],
  };
}
