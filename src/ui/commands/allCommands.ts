import * as vscode from 'vscode';
import { agentCommands } from './agentCommands.ts';
import { budgetCommands } from './budgetCommands.ts';
import { circuitCommands } from './circuitCommands.ts';
import { type CommandContext, type CommandTable, registerCommands } from './commandTable.ts';
import { loopCommands } from './loopCommands.ts';
import { queueCommands } from './queueCommands.ts';
import { sampleCommands } from './sampleCommands.ts';
import { submitCommands } from './submitCommands.ts';
import { windowCommands } from './windowCommands.ts';

/** Commands that need a supervisor. */
const SUPERVISED: CommandTable = {
  ...submitCommands,
  ...loopCommands,
  ...queueCommands,
  ...circuitCommands,
  ...budgetCommands,
  ...agentCommands,
  ...sampleCommands,
};

export function registerAllCommands(ctx: CommandContext): vscode.Disposable {
  return vscode.Disposable.from(registerCommands(ctx, SUPERVISED), registerCommands(ctx, windowCommands, false));
}
