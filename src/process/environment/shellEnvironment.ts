import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { homeFolder, loginShell } from './ownUser.ts';

export interface TerminalEnvironmentOptions {
  /** The Node, or Electron, that runs this: `process.execPath`. It prints the environment from within the shell. */
  readonly nodePath: string;
  readonly log: (message: string, error?: unknown) => void;
  /** What to begin with; this process's own if absent. */
  readonly environment?: NodeJS.ProcessEnv;
  /** The login shell; the user's own if absent. */
  readonly shell?: string;
  /** How long the shell may take, ms; 10,000 if absent. */
  readonly timeoutMs?: number;
  /** How long (ms) a shell that did not answer is not asked again; 60,000 if absent. */
  readonly againMs?: number;
}

const TIMEOUT_MS = 10_000;
const AGAIN_MS = 60_000;
/** What VS Code and its servers add for themselves, and markers of a run that this editor itself was started from. */
const NOT_FOR_AGENTS =
  /^(ELECTRON_|VSCODE_|LOOP_SUPERVISOR_|NODE_OPTIONS$|NODE_CHANNEL_|NODE_UNIQUE_ID$|CHROME_DESKTOP$|APPLICATION_INSIGHTS_)/i;
/** What a shell sets for itself and its directory, and what we have set for it. Other settings for Node are the user's own here. */
const NOT_OF_A_PROFILE = /^(_|SHLVL|PWD|OLDPWD|ELECTRON_.*|VSCODE_.*|LOOP_SUPERVISOR_.*)$/;

/**
 * Answers a function that gives the environment a terminal would have (a VS Code that was started from a desktop has a poor PATH). The user's login
 * shell is asked once, with a time limit, when it is first needed; if it does not answer, this process's environment has to do for a while: the machine
 * may only have been busy, as after its start. What VS Code adds for itself
 * is left out, and so are inherited markers of runs (R7.4).
 */
export function terminalEnvironment(options: TerminalEnvironmentOptions): () => Promise<Record<string, string>> {
  let asked: Promise<Record<string, string>> | undefined;
  return () => {
    asked ??= ask(options, () => {
      setTimeout(() => {
        asked = undefined;
      }, options.againMs ?? AGAIN_MS).unref();
    });
    return asked;
  };
}

/** `environment` without what VS Code adds for itself, and without markers of runs. */
export function cleanEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const clean: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined && !NOT_FOR_AGENTS.test(name)) clean[name] = value;
  return clean;
}

async function ask(options: TerminalEnvironmentOptions, onFailure: () => void): Promise<Record<string, string>> {
  const own = cleanEnvironment(options.environment ?? process.env);
  // On Windows a terminal has what every program has.
  if (process.platform === 'win32' && options.shell === undefined) return own;
  const shell = options.shell ?? own['SHELL'] ?? loginShell() ?? '/bin/sh';
  try {
    const said = await askShell(shell, own, options);
    const ofShell = Object.entries(said).filter(
      ([name, value]) => typeof value === 'string' && !NOT_OF_A_PROFILE.test(name),
    );
    return { ...own, ...Object.fromEntries(ofShell) };
  } catch (error) {
    onFailure();
    options.log(
      `The shell ${shell} did not tell its environment, so agents get that of the editor. Check that it starts without questions.`,
      error,
    );
    return own;
  }
}

async function askShell(
  shell: string,
  environment: Record<string, string>,
  options: TerminalEnvironmentOptions,
): Promise<Record<string, string>> {
  // What a profile prints stands before and after.
  const mark = randomBytes(8).toString('hex');
  const { execa } = await import('execa');
  const result = await execa(shell, shellArguments(shell, options.nodePath, mark), {
    extendEnv: false,
    env: { ...environment, ELECTRON_RUN_AS_NODE: '1' },
    cwd: homeFolder(),
    stdin: 'ignore',
    stderr: 'ignore',
    timeout: options.timeoutMs ?? TIMEOUT_MS,
    // In a session of its own an interactive shell does not reach for a terminal; and whatever a profile starts ends with it.
    detached: true,
    killDescendants: true,
    forceKillAfterDelay: 500,
    maxBuffer: 16 * 1024 * 1024,
  });
  const text = result.stdout.split(mark)[1];
  if (text === undefined) throw new Error('It did not print its environment.');
  return JSON.parse(text) as Record<string, string>;
}

/** How to have a shell, as login and interactive as a terminal's, print its environment between two marks. */
export function shellArguments(shell: string, nodePath: string, mark: string): string[] {
  const script = `process.stdout.write("${mark}" + JSON.stringify(process.env) + "${mark}")`;
  const name = basename(shell).replace(/\.exe$/i, '');
  if (/^(pwsh|powershell)/.test(name))
    return ['-Login', '-Command', `& '${nodePath.replaceAll("'", "''")}' -e '${script.replaceAll('"', '\\"')}'`];
  if (name === 'nu') return ['-i', '-l', '-c', `^'${nodePath}' -e '${script}'`];
  const command = `'${nodePath.replaceAll("'", "'\\''")}' -e '${script}'`;
  return /^t?csh$/.test(name) ? ['-ic', command] : ['-i', '-l', '-c', command];
}
