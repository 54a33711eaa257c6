import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, fstatSync, openSync } from 'node:fs';
import { agentEnvironment } from '../environment/carriedEnvironment.ts';
import type { StartFailure } from '../launch/failedStart.ts';
import { FILE_MODE } from '../runFolder/atomicFile.ts';
import type { RunRequest } from '../runFolder/records.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';

/** The agent's process in a session and group of its own, its standard streams being files. */
export class AgentProcess {
  readonly child: ChildProcess;
  readonly #logs: readonly number[];

  /** @throws what `spawn` throws, such as E2BIG, and what the file system throws. Not finding the command comes as `error` of the child. */
  constructor(request: RunRequest, files: RunFiles, environment: NodeJS.ProcessEnv) {
    const open: number[] = [];
    try {
      // Read to its end by the agent at its own speed, and then closed: no agent hangs on an open standard input.
      const input = request.hasInput ? openSync(files.prompt, 'r') : ('ignore' as const);
      if (input !== 'ignore') open.push(input);
      this.#logs = [files.stdout, files.stderr].map((path) => {
        const log = openSync(path, 'a', FILE_MODE);
        open.push(log);
        return log;
      });
      this.child = spawn(request.command, request.args, {
        cwd: request.cwd,
        env: agentEnvironment(environment, request.loopId, request.token),
        detached: true,
        windowsHide: true,
        windowsVerbatimArguments: request.verbatim,
        stdio: [input, ...this.#logs],
      });
      if (input !== 'ignore') closeSync(input);
    } catch (error) {
      for (const fd of open) closeSync(fd);
      throw error;
    }
  }

  /** Bytes written so far to standard output and standard error, even if somebody has removed the files. */
  logBytes(): number {
    return this.#logs.reduce((sum, log) => sum + fstatSync(log).size, 0);
  }
}

/** Why an agent could not be started, as a sentence that says what to do. */
export function startFailure({ code, message }: StartFailure, request: RunRequest): string {
  const { command, cwd } = request;
  if (!existsSync(cwd))
    return `The agent was not started: its working folder ${cwd} is not there. Choose another folder, or make it again.`;
  if (code === 'ENOENT')
    return `The command "${command}" was not found. Install it, or set its full path in the agent's settings.`;
  if (code === 'EACCES' || code === 'EPERM')
    return `The command "${command}" may not be run. Check that it is a program and that you may execute it.`;
  if (code === 'E2BIG')
    return `The command "${command}" was not started: its arguments are too long. Use an agent that takes its prompt on standard input.`;
  if (code === 'ENOEXEC')
    return `The command "${command}" is no program for this machine, or a script without its first line "#!…".`;
  return `The command "${command}" was not started: ${message}.`;
}
