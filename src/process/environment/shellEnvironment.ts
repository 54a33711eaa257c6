import { askShell } from './askShell.ts';
import { loginShell } from './ownUser.ts';

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
  /** How long (ms) until a shell that did not answer is asked again; 60,000 if absent. */
  readonly againMs?: number;
}

const TIMEOUT_MS = 10_000;
const AGAIN_MS = 60_000;
/** What VS Code and its servers add for themselves, and markers of a run that this editor itself was started from. */
const NOT_FOR_AGENTS =
  /^(ELECTRON_|VSCODE_|LOOP_SUPERVISOR_|NODE_OPTIONS$|NODE_CHANNEL_|NODE_UNIQUE_ID$|CHROME_DESKTOP$|APPLICATION_INSIGHTS_)/i;
/** What a shell sets for itself and its directory, and what we have set for it. NODE_OPTIONS is the user's own here. */
const NOT_OF_A_PROFILE = /^(_|SHLVL|PWD|OLDPWD|ELECTRON_.*|VSCODE_.*|LOOP_SUPERVISOR_.*)$/;

/**
 * Returns a function that gives the environment a terminal would have (a VS Code that was started from a desktop has a
 * poor PATH). The user's login shell is asked once, with a time limit, when it is first needed; if it does not answer,
 * this process's environment has to do for a while: the machine may only have been busy, as after its start. What VS
 * Code adds for itself is left out, and so are inherited markers of runs (R7.4).
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
    const { nodePath, timeoutMs = TIMEOUT_MS } = options;
    const said = await askShell({ shell, nodePath, environment: own, timeoutMs });
    return { ...own, ...Object.fromEntries(Object.entries(said).filter(([name]) => !NOT_OF_A_PROFILE.test(name))) };
  } catch (error) {
    onFailure();
    options.log(
      `The shell ${shell} did not print its environment, so agents get the editor's. ` +
        'Check that it starts without questions.',
      error,
    );
    return own;
  }
}
