import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { isProgram } from '../environment/isProgram.ts';
import { type FailedStart, type StartFailure, shortageOf } from '../launch/failedStart.ts';
import type { RunRequest } from '../runFolder/records.ts';
import { interpreterProblem } from './interpreter.ts';

type Command = Pick<RunRequest, 'command' | 'cwd'>;
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Says why an agent was not started: what is wrong, with what, and what to do. The trouble is the machine's where that
 * lacks something, and the folder's where nobody can work in it; anything else will fail again (R5.3).
 */
export function failedStart(failure: StartFailure, { command, cwd }: Command, environment: Environment): FailedStart {
  const { code, message } = failure;
  const folder = folderProblem(cwd);
  if (folder) return { kind: 'spawn', trouble: 'folder', error: `The agent was not started: ${folder}` };
  const shortage = shortageOf(code);
  if (shortage) return { kind: 'void', trouble: 'machine', error: `The agent was not started: ${shortage}.` };
  // The program is being written, and will be done soon.
  if (code === 'ETXTBSY') return { kind: 'void', error: `The command "${command}" is being replaced just now.` };
  return { kind: 'spawn', error: commandProblem(code, message, { command, cwd }, environment) };
}

/** What keeps an agent from working in a folder, as a sentence; undefined when nothing does. */
export function folderProblem(cwd: string): string | undefined {
  const folder = `its working folder ${cwd}`;
  try {
    if (!statSync(cwd).isDirectory()) return `${folder} is a file. Choose a folder.`;
    accessSync(cwd, constants.X_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      return `${folder} is not there. Choose another folder, or create it again.`;
    if (code === 'EACCES' || code === 'EPERM')
      return `${folder} may not be entered. Give your user permission to open it, or choose another.`;
    return `${folder} cannot be used (${code}).`;
  }
}

/** Whether an agent's working folder is gone: only that, not that it could not be looked at. */
export function isFolderGone(cwd: string): boolean {
  try {
    return !statSync(cwd).isDirectory();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR';
  }
}

/**
 * What is wrong with a program that ended at once with the exit code of a command that could not be run, as a sentence:
 * `env` in its first line finds out only then that there is no such interpreter.
 */
export function exitProblem(exitCode: number | undefined, request: Command, environment: Environment) {
  if (exitCode !== 126 && exitCode !== 127) return undefined;
  const path = findFile(request, environment);
  const problem = path === undefined ? undefined : interpreterProblem(path, environment['PATH'] ?? '');
  return problem && `The command "${request.command}" was not started: ${problem}`;
}

function commandProblem(code: string | undefined, message: string, request: Command, environment: Environment): string {
  const subject = `The command "${request.command}"`;
  const failed = `${subject} was not started`;
  const path = findFile(request, environment);
  const interpreter = path === undefined ? undefined : interpreterProblem(path, environment['PATH'] ?? '');
  if (interpreter) return `${failed}: ${interpreter}`;
  if (code === 'ENOENT' && path !== undefined)
    return `${failed}: ${path} was made for another system. Install the one for this system.`;
  if (code === 'ENOENT') return `${subject} was not found. Install it, or set its full path in the agent's settings.`;
  if (code === 'EACCES' || code === 'EPERM') return `${subject} may not be run: ${refusal(path)}`;
  if (code === 'E2BIG')
    return `${failed}: its arguments are too long. Use an agent that takes its prompt on standard input.`;
  if (code === 'ENOEXEC')
    return `${subject} is not a program for this machine, or a script without its first line "#!…".`;
  return `${failed}: ${message}.`;
}

function refusal(path: string | undefined): string {
  if (path === undefined) return 'check that it is a program and that you may execute it.';
  if (statSync(path).isDirectory()) return `${path} is a folder. Set the path of the program in the agent's settings.`;
  try {
    accessSync(path, constants.X_OK);
    return `the system refuses ${path}. Its disk may be mounted without programs.`;
  } catch {
    return `${path} is not executable. Make it so with: chmod +x`;
  }
}

/** The file that a command names, executable or not: a path that begins at the working folder, or a name on PATH. */
function findFile({ command, cwd }: Command, environment: Environment): string | undefined {
  const folders = (environment['PATH'] ?? '')
    .split(':')
    .map((folder) => (isAbsolute(folder) ? folder : join(cwd, folder)));
  const paths = command.includes('/')
    ? [isAbsolute(command) ? command : join(cwd, command)]
    : folders.map((folder) => join(folder, command));
  const found = paths.filter((path) => existsSync(path));
  return found.find(isProgram) ?? found[0];
}
