import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { findOnWindows } from '../../windows/windowsCommand.ts';
import { isProgram } from './isProgram.ts';
import { homeFolder } from './ownUser.ts';

/** What a program answered to `--version` or `--help`. */
export interface ProgramAnswer {
  /** Absent when it could not be started or was ended. */
  readonly exitCode?: number;
  readonly output: string;
  readonly errorOutput: string;
  /** It took too long and was ended, with all that it had started. */
  readonly timedOut: boolean;
  /** Why it could not be started. */
  readonly error?: string;
}

export interface AskOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** The home folder if absent: the one that the editor was started in may be gone. */
  readonly cwd?: string;
  readonly timeoutMs: number;
}

/** No program's help is longer (characters). */
const LONGEST_ANSWER = 1024 * 1024;

/**
 * Finds a command as it would be when an agent is started: an absolute path, or a name on the PATH of `environment` (on
 * Windows with the extensions of PATHEXT). A relative path begins at `cwd`, or at the home folder. Undefined when there
 * is no such program.
 */
export function findProgram(
  command: string,
  environment: Readonly<Record<string, string>>,
  cwd = homeFolder(),
): string | undefined {
  if (process.platform === 'win32') return findOnWindows(command, environment);
  if (command.includes('/')) return [isAbsolute(command) ? command : resolve(cwd, command)].find(isProgram);
  const folders = (environment['PATH'] ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, command)).find(isProgram);
}

/** Asks a program something, such as its version, without a shell and with a time limit. It never rejects. */
export async function askProgram(
  path: string,
  args: readonly string[],
  { environment, cwd = homeFolder(), timeoutMs }: AskOptions,
): Promise<ProgramAnswer> {
  const { execa } = await import('execa');
  const result = await execa(path, args, {
    extendEnv: false,
    env: environment,
    cwd,
    stdin: 'ignore',
    timeout: timeoutMs,
    killDescendants: true,
    forceKillAfterDelay: 500,
    maxBuffer: LONGEST_ANSWER,
    reject: false,
    windowsHide: true,
  });
  return {
    ...(result.exitCode !== undefined && { exitCode: result.exitCode }),
    output: result.stdout,
    errorOutput: result.stderr,
    timedOut: result.timedOut,
    ...(result.failed &&
      result.exitCode === undefined &&
      !result.timedOut && { error: result.shortMessage ?? 'It could not be started.' }),
  };
}
