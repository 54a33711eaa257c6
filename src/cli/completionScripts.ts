import type { Command, Option } from 'commander';
import { ALL_STATES } from '../ui/text/loopStates.ts';

/** The shells that have a script. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What lists the ids that a command takes. */
const IDS: { readonly [command: string]: string } = {
  show: 'list --all --ids',
  logs: 'list --all --ids',
  fetch: 'list --all --ids',
  retry: 'list --state failed --ids',
  continue: 'list --state waiting --ids',
  ...{ answer: 'list --ids', wait: 'list --ids', cancel: 'list --ids', kill: 'list --ids' },
};

/** What options take, by their command and name. */
const VALUES: { readonly [option: string]: readonly string[] } = {
  'list --state': ALL_STATES,
  'kill --signal': ['SIGTERM', 'SIGINT', 'SIGKILL', 'SIGSTOP', 'SIGCONT'],
};

const HELP = ['-h', '--help'];
/** The values of these are files or folders. */
const TAKES_PATH = ['--file', '--cwd', '--storage'];

/** A script for a shell that completes the commands of a program, their options, and the ids of loops. */
export function completionScript(program: Command, shell: Shell): string {
  return { bash, zsh, fish }[shell](program);
}

function bash(program: Command): string {
  const commands = program.commands.map((command) => `    ${command.name()}) candidates="${candidatesOf(command)}" ;;`);
  const names = program.commands.map((command) => command.name());
  const values = program.commands.flatMap((command) => command.options.flatMap((option) => valueCase(command, option)));
  return `# Completion of loops for bash
_loops() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local command="" candidates="" at=1
  COMPREPLY=()
  while [ "$at" -lt "$COMP_CWORD" ]; do
    case "\${COMP_WORDS[at]}" in
    --storage) at=$((at + 1)) ;;
    -*) ;;
    *)
      command="\${COMP_WORDS[at]}"
      break
      ;;
    esac
    at=$((at + 1))
  done
  case "$command" in
    "") candidates="${[...names, 'help', ...optionsOf(program)].join(' ')}" ;;
    help) candidates="${names.join(' ')}" ;;
${commands.join('\n')}
  esac
  case "$command $previous" in
${values.join('\n')}
    *" --storage") return ;;
  esac
  COMPREPLY=($(compgen -W "$candidates" -- "$current"))
}
complete -o default -F _loops loops
`;
}

function zsh(program: Command): string {
  return `#compdef loops
autoload -U +X bashcompinit && bashcompinit
${bash(program)}`;
}

/** What an option's value can be: known words, or files where the shell's own completion finds more. */
function valueCase(command: Command, option: Option): string[] {
  const { long, short } = option;
  if (!option.required || long === '--storage') return [];
  const names = [short, long].filter((name) => name != null).map((name) => `"${command.name()} ${name}"`);
  const values = VALUES[`${command.name()} ${long}`];
  const then = values ? `candidates="${values.join(' ')}"` : 'return';
  return [`    ${names.join('|')}) ${then} ;;`];
}

/** Subcommands, options, the words that an argument may be, and ids: what may follow a command. */
function candidatesOf(command: Command): string {
  const nested = command.commands.map((one) => one.name());
  const ids = IDS[command.name()];
  const words = [...nested, ...choicesOf(command), ...optionsOf(command)];
  return words.join(' ') + (ids === undefined ? '' : ` $(loops ${ids} 2>/dev/null)`);
}

function choicesOf(command: Command): readonly string[] {
  return command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
}

function optionsOf(command: Command): string[] {
  const names = command.options.flatMap(({ long, short }) => [long, short]).filter((name) => name != null);
  return [...names, ...HELP];
}

/**
 * Whether the words so far name that command of `loops`; without an argument, whether they name none yet. Fish's own
 * function for this takes the folder after `--storage` for the command.
 */
const FISH_CONDITION = `function __loops_at
    set -l words (commandline -opc)
    set -e words[1]
    set -l is_value no
    for word in $words
        if test $is_value = yes
            set is_value no
        else if test "$word" = --storage
            set is_value yes
        else if not string match -q -- '-*' $word
            test "$word" = "$argv[1]"
            return
        end
    end
    test -z "$argv[1]"
end`;

function fish(program: Command): string {
  const first = '-n __loops_at';
  const top = program.commands.map(
    (command) => `complete -c loops ${first} -f -a ${command.name()} -d ${quoted(command.summary())}`,
  );
  const names = program.commands.map((command) => command.name()).join(' ');
  const of = program.commands.flatMap((command) => {
    const when = `-n '__loops_at ${command.name()}'`;
    const options = command.options.map((option) => fishOption(command, option, when));
    const nested = command.commands.map(
      (one) => `complete -c loops ${when} -f -a ${one.name()} -d ${quoted(one.summary())}`,
    );
    const choices = choicesOf(command).map((choice) => `complete -c loops ${when} -f -a ${choice}`);
    const ids = IDS[command.name()];
    const listed = ids === undefined ? [] : [`complete -c loops ${when} -f -a '(loops ${ids} 2>/dev/null)'`];
    return [...options, ...nested, ...choices, ...listed];
  });
  const lines = [
    ...[...top, `complete -c loops ${first} -f -a help -d 'show help for a command'`],
    ...program.options.map((option) => fishOption(program, option, first)),
    `complete -c loops -n '__loops_at help' -f -a ${quoted(names)}`,
    ...['complete -c loops -s h -l help -d "show help"', ...of],
  ];
  return `# Completion of loops for fish\n${FISH_CONDITION}\n${lines.join('\n')}\n`;
}

function fishOption(command: Command, { long, short, description, required }: Option, when: string): string {
  const names = [long ? `-l ${long.slice(2)}` : '', short ? `-s ${short.slice(1)}` : ''].join(' ').trim();
  const values = VALUES[`${command.name()} ${long}`];
  const takes = values ? ` -x -a ${quoted(values.join(' '))}` : TAKES_PATH.includes(long ?? '') ? ' -r -F' : ' -x';
  return `complete -c loops ${when} ${names}${required ? takes : ''} -d ${quoted(description)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
