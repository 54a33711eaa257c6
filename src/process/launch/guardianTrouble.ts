import { existsSync } from 'node:fs';
import { lastLineOf } from '../follow/lastLine.ts';
import { notBegunBecause } from '../guardian/exitCodes.ts';
import { readTail } from '../runFolder/atomicFile.ts';
import { type FailedStart, shortageOf } from './failedStart.ts';
import type { GuardianCommand, GuardianEnd } from './guardianProcess.ts';

/** Signals with which a program ends itself, or the kernel does, since something is wrong with it or its libraries. */
const CRASHES: readonly (string | null)[] = ['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGTRAP', 'SIGFPE', 'SIGSYS'];
const LOG_BYTES = 16 * 1024;

/**
 * Why a run never began although its guardian was started. That is the machine's trouble (R13.3), unless somebody ended
 * the guardian in its first moments.
 */
export function guardianTrouble(end: GuardianEnd, command: GuardianCommand, guardianLog: string): FailedStart {
  if (end.signal !== null && !CRASHES.includes(end.signal))
    return {
      kind: 'void',
      error: `The agent was not started: its guardian was ended by ${end.signal} before it began.`,
    };
  return { kind: 'void', trouble: 'machine', error: `The agent was not started: ${reason(end, command, guardianLog)}` };
}

/** Why a run could not be prepared, in the window: always the machine's trouble. */
export function preparationTrouble(error: unknown): FailedStart {
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = shortageOf(code) ?? `its run folder could not be prepared (${message})`;
  return { kind: 'void', trouble: 'machine', error: `The agent was not started: ${reason}.` };
}

function reason({ code, signal, error }: GuardianEnd, command: GuardianCommand, guardianLog: string): string {
  const shortage = shortageOf(error?.code ?? notBegunBecause(code));
  if (shortage) return `${shortage}.`;
  const { nodePath, guardianProgram } = command;
  if (!existsSync(guardianProgram))
    return `${guardianProgram} is gone, as after an update of the extension. Reload the window.`;
  if (!existsSync(nodePath)) return `${nodePath} is gone, as after an update of VS Code. Restart VS Code.`;
  const said = lastLineOf(readTail(guardianLog, LOG_BYTES));
  const why = error?.message ?? (signal ? `it crashed with ${signal}` : `exit code ${code}`);
  return `its guardian could not begin: ${why}${said && ` (${said})`}.`;
}
