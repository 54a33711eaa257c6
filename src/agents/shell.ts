import type { CommandPlan } from '../core/ports/agents.ts';

/** A command line as the system's shell runs it, with standard error among its output, in the order in which both were written. */
export function shellPlan(commandLine: string, platform: string): CommandPlan {
  const shell =
    platform === 'win32'
      ? { command: 'cmd.exe', args: ['/d', '/s', '/c', `(${commandLine}) 2>&1`] }
      : { command: '/bin/sh', args: ['-c', `exec 2>&1\n${commandLine}`] };
  return { ...shell, env: {}, stopSteps: [{ signal: 'SIGTERM', share: 1 }] };
}
