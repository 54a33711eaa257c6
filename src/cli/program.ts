import { Command, CommanderError } from 'commander';
import { isSupervisorError } from '../core/model/errors.ts';
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
import { EXIT, EXIT_WORDS, type ExitCode, exitCodeOf } from './exitCodes.ts';
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

/** Options of the program itself, which every command accepts too. */
interface GlobalOptions {
  readonly json?: true;
  readonly storage?: string;
}

/** Runs one call of `loops`; resolves with its exit code. `words`: the arguments after the program's name. */
export async function call(words: readonly string[], surroundings: CallSurroundings): Promise<ExitCode> {
  const { manifest, out, error: errorOut, environment } = surroundings;
  let exitCode: ExitCode = EXIT.ok;
  const program = new Command('loops')
    .description('Runs coding agents as supervised loops: a queue, a cap, a budget, and nothing left behind.')

    .version(manifest.version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .showHelpAfterError('(loops --help shows how to call it)')
    .configureOutput({ writeOut: (text) => out.write(text), writeErr: (text) => errorOut.write(text) })
    .exitOverride()
    .addHelpText(
      'after',
      `\nExit codes:\n${EXIT_WORDS.map(([code, what]) => `  ${String(code).padStart(3)}  ${what}`).join('\n')}\n`,
    );
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
        tell(error, output);
      } finally {
        await session?.close();
      }
    };
  for (const add of ALL) add(program, run);
  for (const command of allOf(program)) addGlobalOptions(command);
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  return exitCode;
}

function tell(error: unknown, output: Output): void {
  const message = error instanceof Error ? error.message : String(error);
  if (output.isJson) {
    const code = isSupervisorError(error) ? error.code : 'call';
    output.json(errorSchema, { error: { code, message } });
  }
  output.notice(message);
}

function addGlobalOptions(command: Command): void {
  command
    .option('--json', 'print JSON for programs')
    .option('--storage <folder>', 'the folder with the loops; LOOP_SUPERVISOR_STORAGE or ~/.loop-supervisor if absent')
    .exitOverride();
}

function allOf(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allOf)];
}
