import type { Command } from 'commander';
import { helpWidth } from './commands/command.ts';
import { exitWords } from './exitCodes.ts';

const ENVIRONMENT = [
  ['LOOP_SUPERVISOR_STORAGE', 'the folder with the loops, where --storage names none'],
  ['LOOP_SUPERVISOR_DEBUG', 'if set, what a window would log goes to standard error'],
  ['NO_COLOR', 'if set, no colours'],
] as const;

/** Adds exit codes to the help of a program and of all its commands, and to their errors how to see that help. */
export function completeHelp(program: Command): void {
  for (const command of withCommands(program)) {
    const words = exitWords(command === program ? undefined : command.name());
    // A group of commands, such as `host`, only shows its help.
    if (command === program || command.commands.length === 0)
      addItems(
        command,
        'Exit codes',
        words.map(([code, what]) => [String(code).padStart(3), what]),
      );
    command.showHelpAfterError(`(\`${pathOf(command)} --help\` shows how to call it)`);
  }
  addItems(program, 'Environment', ENVIRONMENT);
}

/** Adds a list to a command's help, laid out like its options. */
function addItems(command: Command, title: string, items: readonly (readonly [term: string, what: string])[]): void {
  const widest = Math.max(...items.map(([term]) => term.length));
  command.addHelpText('after', () => {
    const help = command.createHelp();
    help.prepareContext({ helpWidth: helpWidth(command) });
    const lines = items.map(([term, what]) => help.formatItem(term, widest, what, help));
    return `\n${title}:\n${lines.join('\n')}`;
  });
}

/** A command and all below it. */
export function withCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withCommands)];
}

/** The command of that path, such as `host stop`; the first word that names none, if there is one. */
export function commandAt(program: Command, path: readonly string[]): Command | { readonly unknown: string } {
  let at = program;
  for (const word of path) {
    const next = at.commands.find((command) => command.name() === word || command.aliases().includes(word));
    if (!next) return { unknown: word };
    at = next;
  }
  return at;
}

/** How a command is called, from the program's name on. */
function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
