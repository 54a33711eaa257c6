import * as vscode from 'vscode';
import { checkCommands } from '../checks/checkCommands.ts';
import { answerCommands } from '../questions/answerCommands.ts';
import { bringHomeCommands } from '../review/bringHomeCommands.ts';
import { cleanUpCommands } from '../review/cleanUpCommands.ts';
import { pullRequestCommands } from '../review/pullRequestCommands.ts';
import { reviewCommands } from '../review/reviewCommands.ts';
import { submitElsewhereCommands } from '../review/submitElsewhere.ts';
import { submitInWorkTreeCommands } from '../review/submitInWorkTree.ts';
import { agentCommands } from './agentCommands.ts';
import { budgetCommands } from './budgetCommands.ts';
import { circuitCommands } from './circuitCommands.ts';
import { type CommandContext, type CommandTable, registerCommands } from './commandTable.ts';
import { editCommands } from './editCommands.ts';
import { loopCommands } from './loopCommands.ts';
import { queueCommands } from './queueCommands.ts';
import { sampleCommands } from './sampleCommands.ts';
import { storeCommands } from './storeCommands.ts';
import { submitCommands } from './submitCommands.ts';
import { unconfirmedCommands } from './unconfirmedCommands.ts';
import { windowCommands } from './windowCommands.ts';

/** Commands that need a supervisor. */
const SUPERVISED: CommandTable = {
  ...submitCommands,
  ...checkCommands,
  ...submitElsewhereCommands,
  ...submitInWorkTreeCommands,
  ...reviewCommands,
  ...bringHomeCommands,
  ...pullRequestCommands,
  ...cleanUpCommands,
  ...editCommands,
  ...loopCommands,
  ...unconfirmedCommands,
  ...answerCommands,
  ...queueCommands,
  ...circuitCommands,
  ...budgetCommands,
  ...agentCommands,
  ...sampleCommands,
};

/** `views`: commands of the panels. */
export function registerAllCommands(ctx: CommandContext, ...views: readonly CommandTable[]): vscode.Disposable {
  const tables = [SUPERVISED, ...views].map((table) => registerCommands(ctx, table));
  return vscode.Disposable.from(...tables, registerCommands(ctx, { ...windowCommands, ...storeCommands }, false));
}
