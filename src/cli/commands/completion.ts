import { Argument, type Command } from 'commander';
import { ALL_STATES } from '../../ui/text/loopStates.ts';
import { EXIT } from '../exitCodes.ts';
import { type AddCommands, examples } from './command.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Commands that take ids of loops: live ones are completed. */
const TAKES_IDS = ['show', 'logs', 'wait', 'cancel', 'kill', 'retry', 'answer', 'continue', 'fetch'];

export const addCompletion: AddCommands = (program, run) => {
  program
    .command('completion')
    .summary('print a script that completes commands, options and ids')
    .description('Prints a script for a shell that completes commands, options and ids of loops.')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText(
      'after',
      examples(
        ['source <(loops completion bash)', 'in ~/.bashrc'],
        ['source <(loops completion zsh)', 'in ~/.zshrc, after compinit'],
        ['loops completion fish > ~/.config/fish/completions/loops.fish', 'once'],
      ),
    )
    .action(
      run(async (session, shell: (typeof SHELLS)[number]) => {
        session.output.raw({ bash, zsh, fish }[shell](program));
        return EXIT.ok;
      }),
    );
};

const LIST = 'loops list --ids 2>/dev/null';

function wordsOf(command: Command): string[] {
  return [...command.commands.map((one) => one.name()), ...optionsOf(command)];
}

function optionsOf(command: Command): string[] {
  return command.options.flatMap(({ long, short }) =>
    [long, short].filter((name) => name !== undefined && name !== null),
  );
}

function bash(program: Command): string {
  const cases = program.commands.map((command) => {
    const ids = TAKES_IDS.includes(command.name()) ? ` $(${LIST})` : '';
    const states = command.name() === 'list' ? ` ${ALL_STATES.join(' ')}` : '';
    return `    ${command.name()}) words="${wordsOf(command).join(' ')}${states}${ids}" ;;`;
  });
  return `# Completion of loops for bash
_loops() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${wordsOf(program).join(' ')}"
  else
    case "\${COMP_WORDS[1]}" in
${cases.map((line) => `  ${line}`).join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _loops loops
`;
}

function zsh(program: Command): string {
  return `#compdef loops
autoload -U +X bashcompinit && bashcompinit
${bash(program)}`;
}

function fish(program: Command): string {
  const top = program.commands.map(
    (command) =>
      `complete -c loops -n __fish_use_subcommand -f -a ${command.name()} -d ` +
      `${quoted(command.summary() || command.description())}`,
  );
  const of = program.commands.flatMap((command) => {
    const when = `-n '__fish_seen_subcommand_from ${command.name()}'`;
    const options = command.options.map(({ long, short, description }) => {
      const names = [long ? `-l ${long.slice(2)}` : '', short ? `-s ${short.slice(1)}` : ''].join(' ').trim();
      return `complete -c loops ${when} ${names} -d ${quoted(description)}`;
    });
    const nested = command.commands.map(
      (one) => `complete -c loops ${when} -f -a ${one.name()} -d ${quoted(one.description())}`,
    );
    const ids = TAKES_IDS.includes(command.name()) ? [`complete -c loops ${when} -f -a '(${LIST})'`] : [];
    return [...options, ...nested, ...ids];
  });
  return `# Completion of loops for fish\n${[...top, ...of].join('\n')}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
