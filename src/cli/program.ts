import { Command, CommanderError } from 'commander';
import { addAnswer } from './commands/answer.ts';
import type { AddCommands, Run } from './commands/command.ts';
import { addCompletion } from './commands/completion.ts';
import { addFetch } from './commands/fetch.ts';
import { addHost } from './commands/host.ts';
import { addList } from './commands/list.ts';
import { addLogs } from './commands/logs.ts';
import { addMcp } from './commands/mcp.ts';
import { addQueue } from './commands/queue.ts';
import { addShow } from './commands/show.ts';
import { addStatus } from './commands/status.ts';
import { addStop } from './commands/stop.ts';
import { addSubmit } from './commands/submit.ts';
import { addTrust } from './commands/trust.ts';
import { addWait } from './commands/wait.ts';
import { EXIT, type ExitCode, errorCodeOf, exitCodeOf } from './exitCodes.ts';
import { commandAt, completeHelp, withCommands } from './help.ts';
import { Output, type Terminal } from './output.ts';
import { errorSchema } from './schemas.ts';
import { Session, type SessionOptions } from './session.ts';

/** The surroundings of a call of `loops`. */
export interface CallSurroundings extends Omit<SessionOptions, 'output' | 'storage'> {
  readonly out: Terminal;
  readonly error: Terminal;
}

const ALL: readonly AddCommands[] = [
  ...[addSubmit, addList, addStatus, addShow, addLogs, addWait, addStop, addQueue],
  ...[addAnswer, addFetch, addHost, addTrust, addMcp, addCompletion],
];

/** Of the help where the terminal does not say how wide it is, or there is none; characters. */
const HELP_WIDTH = 80;

/** Descriptions in the help are broken into lines where they have this much room at least, characters. */
const LEAST_HELP_COLUMN = 20;

/** Options of the program itself, which every command accepts too. */
interface GlobalOptions {
  readonly json?: true;
  readonly storage?: string;
}

/** Runs one call of `loops`; resolves with its exit code. `words`: the arguments after the program's name. */
export async function call(words: readonly string[], surroundings: CallSurroundings): Promise<ExitCode> {
  const { manifest, out, error: errorOut, environment } = surroundings;
  let exitCode: ExitCode = EXIT.ok;
  /** What is wrong with the call, or the help of a command that needs another one. */
  let complaint = '';
  const helpWidth = () => (out.isTTY ? (out.columns ?? HELP_WIDTH) : HELP_WIDTH);
  const program = new Command('loops')
    .description('Runs coding agents as supervised loops: a queue, a cap, a budget, and nothing left behind.')
    .version(manifest.version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .configureHelp({ minWidthToWrap: LEAST_HELP_COLUMN })
    .configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: (text) => {
        complaint += text;
      },
      getOutHelpWidth: helpWidth,
      getErrHelpWidth: helpWidth,
    });
  const run: Run =
    (action) =>
    async (...args) => {
      const command = args.at(-1) as unknown as Command;
      const { json, storage } = command.optsWithGlobals<GlobalOptions>();
      const output = new Output(json === true, out, errorOut, environment);
      let session: Session | undefined;
      try {
        session = new Session({ ...surroundings, output, storage });
        exitCode = await action(session, ...args);
      } catch (error) {
        exitCode = exitCodeOf(error);
        tell(output, errorCodeOf(error), error instanceof Error ? error.message : String(error));
      } finally {
        await session?.close();
      }
    };
  for (const add of ALL) add(program, run);
  for (const command of withCommands(program)) addGlobalOptions(command);
  completeHelp(program);
  try {
    if (words[0] === 'help') showHelp(program, words.slice(1));
    else await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT.ok;
    if (error.code === 'commander.help') {
      out.write(complaint);
      return EXIT.ok;
    }
    const output = new Output(asksForJson(words), out, errorOut, environment);
    tell(output, 'usage', error.message.replace(/^error: /, ''), complaint);
    return EXIT.usage;
  }
  return exitCode;
}

/** Says what went wrong: to programs by its code, and to people by `words`, the message if absent. */
function tell(output: Output, code: string, message: string, words = `${message}\n`): void {
  if (output.isJson) output.json(errorSchema, { error: { code, message } });
  output.notice(words.trimEnd());
}

/** `help` as a command, of any depth: `help host stop`. */
function showHelp(program: Command, path: readonly string[]): void {
  const command = commandAt(
    program,
    path.filter((word) => !word.startsWith('-')),
  );
  if ('unknown' in command) program.error(`error: unknown command '${command.unknown}'`);
  else command.outputHelp();
}

/** Whether a call that is wrong asks for JSON all the same. */
function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return words.slice(0, end === -1 ? words.length : end).includes('--json');
}

function addGlobalOptions(command: Command): void {
  command
    .option('--json', 'print JSON for programs')
    .option('--storage <folder>', 'the folder with the loops; LOOP_SUPERVISOR_STORAGE or ~/.loop-supervisor if absent')
    .exitOverride();
}
