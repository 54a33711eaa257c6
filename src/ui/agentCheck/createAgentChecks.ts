import type { AgentFacts } from '../../core/model/agentFacts.ts';
import type { ContainmentReport } from '../../core/model/containment.ts';
import { oneLine } from '../text/safeText.ts';
import type { AgentChecks, AgentProblem, AgentReport, FoundAgent, KnownAgent } from './agentChecks.ts';

/** The reply of a program to a question such as its version. */
export interface Answer {
  readonly exitCode?: number;
  readonly output: string;
  readonly errorOutput: string;
  readonly timedOut: boolean;
  readonly error?: string;
}

/** What the checks need. */
export interface CheckServices {
  /** All agents as they are now. */
  catalog(): { names(): readonly string[]; facts(name: string): AgentFacts | undefined };
  /** The environment that agents get. */
  environment(): Promise<Record<string, string>>;
  findProgram(command: string, environment: Readonly<Record<string, string>>): string | undefined;
  askProgram(
    path: string,
    args: readonly string[],
    options: { readonly environment: Record<string, string>; readonly timeoutMs: number },
  ): Promise<Answer>;
  containment(): Promise<ContainmentReport>;
}

/** How long (ms) a program may take to print its version: some check for updates first. */
const PATIENCE_MS = 20_000;

/** Checks the agents' programs: where they are, which version, whether they are logged in. */
export function createAgentChecks(services: CheckServices): AgentChecks {
  const known = (names: readonly string[] = services.catalog().names()) =>
    names.flatMap((name) => services.catalog().facts(name) ?? []);
  return {
    all: async () => known().map(words),
    async find() {
      const environment = await services.environment();
      return known().map((facts) => found(facts, services.findProgram(facts.command, environment)));
    },
    async check(names) {
      const environment = await services.environment();
      return Promise.all(known(names).map((facts) => report(facts, environment, services)));
    },
    containment: () => services.containment(),
  };
}

function words({
  name,
  title,
  command,
  bundled,
  cannot,
  install,
  login,
  resumeArgs,
  mode,
  modes,
}: AgentFacts): KnownAgent {
  return {
    name,
    title,
    command,
    bundled,
    ...(cannot.length > 0 && { cannot }),
    ...(install !== undefined && { install }),
    ...(resumeArgs && { resumeArgs }),
    ...(login !== undefined && { login }),
    ...(mode && { modes: { ...mode, values: modes } }),
  };
}

function found(facts: AgentFacts, path: string | undefined): FoundAgent {
  return { ...words(facts), ...(path !== undefined && { path }) };
}

async function report(
  facts: AgentFacts,
  environment: Record<string, string>,
  services: CheckServices,
): Promise<AgentReport> {
  const path = services.findProgram(facts.command, environment);
  const base = { ...found(facts, path), notes: facts.notes };
  if (path === undefined) return { ...base, problems: [] };
  const itsEnvironment = { ...environment, ...facts.env };
  const ask = (args: readonly string[]) =>
    services.askProgram(path, [...facts.args, ...args], { environment: itsEnvironment, timeoutMs: PATIENCE_MS });
  const { version, problem } = await askVersion(facts, ask);
  const known = { ...base, ...(version !== undefined && { version }) };
  if (problem) return { ...known, problems: [problem] };
  const apiKey = facts.loginStatus?.keys.find((key) => itsEnvironment[key]);
  const [options, loggedIn] = await Promise.all([
    unknownOptions(facts, ask),
    apiKey === undefined ? askLogin(facts, version, ask) : undefined,
  ]);
  const login =
    loggedIn === false
      ? [{ short: 'not logged in', sentence: `It is not logged in${facts.login ? `: ${facts.login}` : ''}.` }]
      : [];
  return {
    ...known,
    ...(loggedIn !== undefined && { loggedIn }),
    ...(apiKey !== undefined && { apiKey }),
    problems: [...options, ...login],
  };
}

type Ask = (args: readonly string[]) => Promise<Answer>;

async function askVersion(
  facts: AgentFacts,
  ask: Ask,
): Promise<{ readonly version?: string; readonly problem?: AgentProblem }> {
  if (!facts.versionArgs) return {};
  const answer = await ask(facts.versionArgs);
  const failure = failureOf(answer);
  const how = facts.versionArgs.filter((arg) => arg.startsWith('-')).join(' ');
  if (failure !== undefined) {
    const sentence =
      `It does not start: ${how} ${failure}. Run it in a terminal to see ` +
      `why${facts.install ? `, or reinstall it: ${facts.install}` : ''}.`;
    return { problem: { short: answer.timedOut ? 'does not answer' : 'does not start', sentence } };
  }
  const version = /\d+\.\d+(?:\.\d+)?(?:[-+][\w.]+)?/.exec(answer.output || answer.errorOutput)?.[0];
  if (version === undefined) {
    const said = oneLine(answer.output || answer.errorOutput, 80) || 'nothing';
    const sentence = `${how} printed “${said}”, which is not a version number. Is it another program of the same name?`;
    return { problem: { short: 'no version', sentence } };
  }
  if (facts.minimumVersion !== undefined && isOlder(version, facts.minimumVersion)) {
    const sentence =
      `Version ${version} is too old: Loop Supervisor needs ${facts.minimumVersion} or ` +
      `later.${facts.install ? ` Update it: ${facts.install}` : ''}`;
    return { version, problem: { short: 'too old', sentence } };
  }
  return { version };
}

/** Options we pass that the program's help does not list. */
async function unknownOptions(facts: AgentFacts, ask: Ask): Promise<AgentProblem[]> {
  const problems: AgentProblem[] = [];
  for (const { args, options } of facts.help) {
    const answer = await ask(args);
    const failure = failureOf(answer);
    const text = `${answer.output}\n${answer.errorOutput}`;
    const missing = options.filter(
      (option) => !new RegExp(`(?<![\\w-])${option.replace(/[^\w-]/g, '\\$&')}(?![\\w-])`).test(text),
    );
    const page = args.filter((arg) => !arg.includes('/')).join(' ');
    if (failure !== undefined)
      problems.push({ short: 'help fails', sentence: `Its help cannot be read: ${page} ${failure}.` });
    else if (missing.length > 0) {
      const sentence =
        `Its help (${page}) does not know ${missing.join(', ')}, which Loop Supervisor uses: ` +
        `it may be too old or too new.${facts.install ? ` Update it: ${facts.install}` : ''}`;
      problems.push({ short: 'options missing', sentence });
    }
  }
  return problems;
}

/** Whether it reports that it is logged in. A reply in unknown words counts as none. */
async function askLogin(
  { loginStatus }: AgentFacts,
  version: string | undefined,
  ask: Ask,
): Promise<boolean | undefined> {
  if (!loginStatus) return undefined;
  const { args, since } = loginStatus;
  if (since !== undefined && (version === undefined || isOlder(version, since))) return undefined;
  const answer = await ask(args);
  if (/not logged in|^not_ready$|"loggedIn":\s*false/im.test(`${answer.output}\n${answer.errorOutput}`)) return false;
  return failureOf(answer) === undefined ? true : undefined;
}

function failureOf({ exitCode, output, errorOutput, timedOut, error }: Answer): string | undefined {
  if (timedOut) return `has not answered within ${PATIENCE_MS / 1000} seconds`;
  if (error !== undefined) return `could not be run: ${oneLine(error, 200)}`;
  if (exitCode === 0) return undefined;
  const said = oneLine((errorOutput || output).trimEnd().split('\n').at(-1) ?? '', 200);
  return `ended with exit code ${exitCode ?? 'unknown'}${said ? `: ${said}` : ''}`;
}

/** Compares versions by their numbers; a pre-release counts as its release. */
export function isOlder(version: string, minimum: string): boolean {
  const parts = (text: string) => (text.split(/[-+]/)[0] ?? '').split('.').map(Number);
  const [a, b] = [parts(version), parts(minimum)];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
