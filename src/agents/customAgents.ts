import * as z from 'zod/mini';
import type { StopStep } from '../core/ports/agents.ts';
import { isObject } from './json.ts';
import type { AgentKind, AgentOptions, PromptChannel } from './kind.ts';
import { PROMPT_FILE } from './profile.ts';

/** A profile of the user's, checked. */
export interface CustomAgent {
  readonly name: string;
  readonly kind: AgentKind;
  readonly options: AgentOptions;
}

const SETTING = 'loopSupervisor.agents';
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const MAX_ARGS = 200;

const text = z.string().check(z.refine((value) => !value.includes('\0'), 'must not hold a NUL character'));

// Most settings have no profile of their own.
const profileSchema = z.lazy(() =>
  z.strictObject({
    extends: z.optional(z.string()),
    command: z.optional(text.check(z.refine((value) => value.trim() !== '', 'must name a program'))),
    args: z.optional(z.array(text).check(z.maxLength(MAX_ARGS, `must have at most ${MAX_ARGS} entries`))),
    env: z.optional(z.record(z.string().check(z.regex(/^[^=\0]+$/, 'must be a name without "="')), text)),
    prompt: z.optional(z.enum(['stdin', 'argument', 'file'])),
    model: z.optional(
      text.check(z.refine((value) => value.trim() !== '' && !value.startsWith('-'), 'must name a model')),
    ),
    permissionMode: z.optional(z.string()),
    sandbox: z.optional(z.string()),
    mode: z.optional(
      text.check(z.refine((value) => value.trim() !== '' && !value.startsWith('-'), 'must name a mode')),
    ),
    resume: z.optional(z.enum(['auto', 'never'])),
    commands: z.optional(z.boolean()),
    shell: z.optional(z.boolean()),
    stop: z.optional(
      z
        .array(z.enum(['SIGINT', 'SIGTERM']))
        .check(z.minLength(1, 'must name at least one signal'), z.maxLength(2, 'must name at most two signals')),
    ),
  }),
);

type Written = z.infer<typeof profileSchema>;

/** The options of a built-in profile that the settings do not mention. */
export function defaultOptions(kind: AgentKind): AgentOptions {
  return {
    command: kind.command,
    shell: false,
    args: [],
    env: {},
    prompt: 'stdin',
    mode: kind.mode?.fallback ?? '',
    resume: true,
    commands: false,
    stop: kind.stop,
  };
}

/**
 * Reads `loopSupervisor.agents`. A wrong profile is left out; each problem is a sentence that names the setting, the
 * profile and the option.
 */
export function readCustomAgents(
  setting: unknown,
  kinds: ReadonlyMap<string, AgentKind>,
): { readonly agents: CustomAgent[]; readonly problems: string[] } {
  const agents: CustomAgent[] = [];
  const problems: string[] = [];
  if (setting !== undefined && setting !== null && !isObject(setting)) {
    problems.push(`${SETTING}: must be an object of profiles by name; the built-in profiles are used.`);
  }
  for (const [name, value] of Object.entries(isObject(setting) ? setting : {})) {
    const read = readProfile(name, value, kinds);
    if (Array.isArray(read))
      problems.push(
        ...read.map((problem) => `${SETTING}: the profile "${name.slice(0, 80)}" ${problem}; it is skipped.`),
      );
    else agents.push(read);
  }
  return { agents, problems };
}

/** The profile, or what is wrong with it. */
function readProfile(name: string, value: unknown, kinds: ReadonlyMap<string, AgentKind>): CustomAgent | string[] {
  if (!NAME.test(name))
    return [
      'has no usable name: a name is 1 to 64 letters, digits, ".", "_" and "-", and begins with a letter or digit',
    ];
  if (!isObject(value)) return ['must be an object'];
  const parsed = profileSchema.safeParse(value);
  if (!parsed.success) return parsed.error.issues.map((issue) => problemOf(issue, value));
  const written = parsed.data;
  const base = written.extends ?? (kinds.has(name) ? name : 'plain');
  const kind = kinds.get(base);
  if (!kind)
    return [
      `extends "${base.slice(0, 80)}", which is not a built-in profile: ` +
        `"extends" is one of ${listOf([...kinds.keys()])}`,
    ];
  const problems = [...wrongCommand(written, kind), ...wrongOptions(written, kind), ...wrongPrompt(written, kind)];
  return problems.length > 0 ? problems : { name, kind, options: optionsOf(written, kind) };
}

/** A shell command line where a program name belongs: several words, or syntax that only a shell understands. */
const SHELL_LINE = /^[^/\\\s]+\s+\S|[|&;<>`]|\$\(/;

function wrongCommand({ command, args = [], prompt = 'stdin', shell = false }: Written, kind: AgentKind): string[] {
  if ((command ?? kind.command) === '') return ['lacks "command", the program to run'];
  if (!shell) {
    if (command === undefined || !SHELL_LINE.test(command)) return [];
    return [
      `has "command": "${command.slice(0, 80)}", which is a shell line, not a program: put the words after ` +
        'the first into "args", or add "shell": true',
    ];
  }
  if (kind.name !== 'plain') return [`has "shell": true, which ${kind.name} does not support: only plain commands do`];
  if (args.length > 0) return ['has "shell": true and "args": write the whole line into "command"'];
  return prompt === 'stdin'
    ? []
    : [`has "shell": true and "prompt": "${prompt}": a shell gets it on standard input only`];
}

function wrongOptions(written: Written, kind: AgentKind): string[] {
  const problems: string[] = [];
  if (written.model !== undefined && !kind.takesModel)
    problems.push(
      `has a "model", which ${kind.name} does not support: put it into "args" if the program has an option for it`,
    );
  if (written.mode !== undefined && !kind.takesAnyMode)
    problems.push(`has a "mode", which ${kind.name} does not support: only agents that extend "acp" do`);
  for (const option of ['permissionMode', 'sandbox'] as const) {
    const mode = written[option];
    if (mode === undefined) continue;
    if (kind.mode?.option !== option)
      problems.push(
        `has a "${option}", which ${kind.name} does not support` +
          (kind.mode ? `: its option is "${kind.mode.option}"` : ''),
      );
    else if (!Object.hasOwn(kind.mode.values, mode))
      problems.push(
        `has a "${option}" of "${mode.slice(0, 80)}": it is one of ${listOf(Object.keys(kind.mode.values))}`,
      );
  }
  return problems;
}

function wrongPrompt(written: Written, kind: AgentKind): string[] {
  const { prompt, args = [] } = written;
  const named = args.some((arg) => arg.includes(PROMPT_FILE));
  if (prompt === 'file' && !named)
    return [`has "prompt": "file" but no \${promptFile} in "args": that is where the path of the file goes`];
  if (prompt !== 'file' && named) return [`has \${promptFile} in "args": that needs "prompt": "file"`];
  const isOurs = kind.facts.bundled || kind.name === 'acp';
  if (written.permissionMode === 'ask' && prompt !== undefined && prompt !== 'stdin')
    return [`has "prompt": "${prompt}": in the mode "ask" the prompt goes to standard input only`];
  if (isOurs && prompt !== undefined && prompt !== 'stdin')
    return [`has "prompt": "${prompt}": ${kind.name} takes its prompt on standard input only`];
  return [];
}

function optionsOf(written: Written, kind: AgentKind): AgentOptions {
  const defaults = defaultOptions(kind);
  const mode = kind.mode && written[kind.mode.option];
  return {
    command: written.command ?? defaults.command,
    shell: written.shell ?? false,
    args: written.args ?? [],
    env: written.env ?? {},
    prompt: (written.prompt ?? defaults.prompt) satisfies PromptChannel,
    mode: mode ?? written.mode ?? defaults.mode,
    resume: written.resume !== 'never',
    commands: written.commands ?? false,
    stop: written.stop ? stepsOf(written.stop) : defaults.stop,
    ...(written.model !== undefined && { model: written.model }),
  };
}

/** SIGINT gets 60 % of the grace period when SIGTERM follows it (R7.2). */
function stepsOf(signals: readonly StopStep['signal'][]): StopStep[] {
  const [first, second] = signals;
  if (first === undefined) return [];
  if (second === undefined) return [{ signal: first, share: 1 }];
  return [
    { signal: first, share: 0.6 },
    { signal: second, share: 0.4 },
  ];
}

type Issue = z.core.$ZodIssue;

/** An issue in words, with the offending value if it is short. */
function problemOf(issue: Issue, value: unknown): string {
  const where = issue.path
    .map((key) => (typeof key === 'number' ? `[${key}]` : String(key)))
    .join('.')
    .replaceAll('.[', '[')
    .slice(0, 120);
  const wrong = `has a wrong "${where}" (${shown(value, issue.path)})`;
  switch (issue.code) {
    case 'unrecognized_keys':
      return `has no option ${issue.keys
        .slice(0, 5)
        .map((key) => `"${key.slice(0, 80)}"`)
        .join(' or ')}: options are ${listOf(Object.keys(profileSchema._zod.innerType.shape))}`;
    case 'invalid_value':
      return `${wrong}: it is one of ${listOf(issue.values.map(String))}`;
    case 'invalid_type':
      return `${wrong}: it must be ${TYPES[issue.expected] ?? issue.expected}`;
    default:
      return `${wrong}: it ${issue.message}`;
  }
}

const TYPES: { readonly [type: string]: string } = {
  boolean: 'true or false',
  string: 'text',
  array: 'a list of texts',
  record: 'an object of texts',
  object: 'an object',
};

function shown(value: unknown, path: readonly PropertyKey[]): string {
  const at = path.reduce((inner: unknown, key) => (inner as { [key: PropertyKey]: unknown } | undefined)?.[key], value);
  return (JSON.stringify(at) ?? String(at)).slice(0, 80);
}

function listOf(values: readonly string[]): string {
  return `${values.slice(0, -1).join(', ')} ${values.length > 1 ? 'and ' : ''}${values.at(-1) ?? ''}`.trim();
}
