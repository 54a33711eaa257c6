import type { AddHelpTextContext, Command } from 'commander';
import type { ExitCode } from '../exitCodes.ts';
import type { Session } from '../session.ts';

/** What a command does with its arguments. Resolves with the exit code. */
export type Action<A extends readonly unknown[]> = (session: Session, ...args: A) => Promise<ExitCode>;

/** Adds the commands of a file to the program. `run` turns an action into a callback for commander. */
export type AddCommands = (program: Command, run: Run) => void;

export type Run = <A extends readonly unknown[]>(action: Action<A>) => (...args: A) => Promise<void>;

/** Help after the options: examples, each with what it is for, beside it or, where there is no room, below it. */
export function examples(...lines: readonly (readonly [call: string, what: string])[]) {
  const width = Math.max(...lines.map(([call]) => call.length));
  const beside = lines.map(([call, what]) => `  $ ${call.padEnd(width)}   # ${what}`);
  const below = lines.map(([call, what]) => `  $ ${call}\n    # ${what}`);
  return ({ command }: AddHelpTextContext): string => {
    const fits = beside.every((line) => line.length <= helpWidth(command));
    return `\nExamples:\n${(fits ? beside : below).join('\n')}`;
  };
}

/** How wide the help of a command may be, characters. */
export function helpWidth(command: Command): number {
  return command.configureOutput().getOutHelpWidth?.() ?? 80;
}
