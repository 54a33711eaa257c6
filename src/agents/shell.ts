import type { CommandPlan } from '../core/ports/agents.ts';

/** The program that runs a line of a user's own: the prompt is no part of it. */
export function shellCommand(line: string, platform: string): Pick<CommandPlan, 'command' | 'args'> {
  return platform === 'win32'
    ? { command: 'cmd.exe', args: ['/d', '/s', '/c', line] }
    : { command: '/bin/sh', args: ['-c', line] };
}

/**
 * A command line as the system's shell runs it, with standard error among its output, in the order in which both were
 * written.
 */
export function shellPlan(commandLine: string, platform: string): CommandPlan {
  const shell =
    platform === 'win32'
      ? { command: 'cmd.exe', args: ['/d', '/s', '/c', `(${commandLine}) 2>&1`] }
      : { command: '/bin/sh', args: ['-c', `exec 2>&1\n${commandLine}`] };
  return { ...shell, env: {}, stopSteps: [{ signal: 'SIGTERM', share: 1 }] };
}
