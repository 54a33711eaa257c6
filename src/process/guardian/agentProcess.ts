import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { agentEnvironment } from '../environment/carriedEnvironment.ts';
import type { RunRequest } from '../runFolder/records.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import { startPrograms } from '../tables/startPrograms.ts';
import { AgentLogs } from './agentLogs.ts';

/** The environment that the agent of a run gets. */
export function environmentOf({ loopId, token }: RunRequest): Record<string, string> {
  return agentEnvironment(process.env, loopId, token);
}

/** The agent's process in a session and group of its own, its standard streams being files. */
export class AgentProcess {
  readonly child: ChildProcess;
  readonly logs: AgentLogs;

  /**
   * @throws what `spawn` throws, such as E2BIG, and what the file system throws. A command that is not found is
   * reported by the child's `error` event.
   */
  constructor(request: RunRequest, files: RunFiles) {
    // Read to its end by the agent at its own speed, and then closed: no agent hangs on an open standard input.
    const input = request.hasInput ? openSync(files.prompt, 'r') : ('ignore' as const);
    let logs: AgentLogs | undefined;
    try {
      logs = new AgentLogs(files.stdout, files.stderr);
      this.child = startPrograms().spawn(request.command, request.args, {
        cwd: request.cwd,
        env: environmentOf(request),
        detached: true,
        windowsHide: true,
        windowsVerbatimArguments: request.verbatim,
        stdio: [input, ...logs.descriptors],
      });
      this.logs = logs;
    } catch (error) {
      logs?.close();
      throw error;
    } finally {
      if (input !== 'ignore') closeSync(input);
    }
  }

  /** Stops the whole group where it stands. It takes no look at the system, so it is immediate. */
  freeze(): void {
    const { pid, exitCode, signalCode } = this.child;
    if (pid === undefined || exitCode !== null || signalCode !== null || process.platform === 'win32') return;
    try {
      process.kill(-pid, 'SIGSTOP');
    } catch {
      // The whole group has just ended.
    }
  }
}
