import * as vscode from 'vscode';
import type { KnownAgent } from '../agentCheck/agentChecks.ts';

/** What the user chose for an agent that is not installed. */
export type MissingAnswer = 'install' | 'check' | 'other' | undefined;

const INSTALL = 'Install in Terminal';
const CHECK = 'Check Agents';
const OTHER = 'Choose Another Agent';

/** Says that an agent's program is missing, shows the command that installs it, and does what the user chooses. */
export async function sayMissing({ name, title, command, install }: KnownAgent): Promise<MissingAnswer> {
  const how = install === undefined ? '' : ` Its own installer is: ${install}`;
  const answer = await vscode.window.showWarningMessage(
    `${title} is not installed: ${command} was not found on the PATH.${how}`,
    ...(install === undefined ? [] : [INSTALL]),
    OTHER,
    CHECK,
  );
  if (answer === INSTALL && install !== undefined) {
    installInTerminal(name, install);
    return 'install';
  }
  if (answer === CHECK) {
    await vscode.commands.executeCommand('loopSupervisor.checkAgents');
    return 'check';
  }
  return answer === OTHER ? 'other' : undefined;
}

/** Types the program's own install command into a terminal. The user reads it there, and starts it with Enter. */
export function installInTerminal(name: string, install: string): void {
  const terminal = vscode.window.createTerminal({ name: `Install ${name}` });
  terminal.show();
  terminal.sendText(install, false);
}
