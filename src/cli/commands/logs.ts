import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { isFinished, needsUser } from '../../core/model/loop.ts';
import type { AttemptDetail } from '../../core/model/loopDetail.ts';
import { ANY_MACHINE } from '../../core/model/repository.ts';
import { stripEscapes } from '../../ui/text/safeText.ts';
import { CallError, EXIT } from '../exitCodes.ts';
import { eventLines, jsonLines, type Show } from '../logLines.ts';
import { type Session, sleep } from '../session.ts';
import { positive } from './amounts.ts';
import { type AddCommands, examples } from './command.ts';

interface LogsOptions {
  readonly follow?: true;
  readonly raw?: true;
  readonly stderr?: true;
  readonly attempt?: number;
}

const LOOK_EVERY_MS = 300;
const CHUNK = 64 * 1024;

export const addLogs: AddCommands = (program, run) => {
  program
    .command('logs')
    .summary("show a loop's output")
    .description(
      'Shows what the agent of a loop said and did. With -f it goes on until the loop ends or waits for you.',
    )
    .argument('<id>', 'the id of a loop')
    .option('-f, --follow', 'go on as more comes, over restarts and rounds too')
    .option('--raw', 'the output as the agent wrote it')
    .option('--stderr', 'its standard error instead')
    .option('--attempt <number>', 'of this attempt; of the latest if absent', positive)
    .addHelpText(
      'after',
      examples(['loops logs -f loop-1a2b3c', 'watch it'], ['loops logs --raw a > a.jsonl', 'the log itself']),
    )
    .action(
      run(async (session, id: string, options: LogsOptions) => {
        const supervisor = await session.supervisor();
        const detail = await supervisor.get(id);
        if (!detail) throw new CallError(EXIT.notFound, `There is no loop ${id}.`);
        if (detail.machine !== undefined)
          throw new CallError(
            EXIT.notFound,
            detail.machine === ANY_MACHINE
              ? `The loop ${id} has no output yet: no machine has taken it.`
              : `The output of the loop ${id} is on ${detail.machine}: run \`loops logs ${id}\` there.`,
          );
        const chosen = choose(detail.attempts, options.attempt);
        if (!chosen && !options.follow)
          throw new CallError(
            EXIT.notFound,
            `The loop ${id} has no ${options.attempt === undefined ? 'output yet' : `attempt ${options.attempt}`}.`,
          );
        if (options.follow) await session.ensureHost();
        let shown = chosen ? await printer(session, detail.loop.agent, chosen, options) : undefined;
        shown?.more();
        while (options.follow && options.attempt === undefined) {
          const loop = await supervisor.find(id);
          const attempts = (await supervisor.get(id))?.attempts ?? [];
          const latest = attempts.at(-1);
          if (latest && latest.token !== shown?.token) {
            shown?.end();
            shown = await printer(session, detail.loop.agent, latest, options);
            session.output.progress(`── attempt ${latest.number}`);
          }
          shown?.more();
          if (!loop || isFinished(loop) || needsUser(loop)) break;
          await sleep(LOOK_EVERY_MS);
        }
        shown?.end();
        return EXIT.ok;
      }),
    );
};

function choose(attempts: readonly AttemptDetail[], number: number | undefined): AttemptDetail | undefined {
  return number === undefined ? attempts.at(-1) : attempts.find((attempt) => attempt.number === number);
}

interface Printer {
  readonly token: string;
  /** Prints what was added since. */
  more(): void;
  /** Prints what is left of an unfinished line. */
  end(): void;
}

async function printer(
  session: Session,
  agent: string,
  attempt: AttemptDetail,
  options: LogsOptions,
): Promise<Printer> {
  const parts = await session.parts();
  const { stdout, stderr } = (await session.logs())(attempt.token);
  const path = options.stderr ? stderr : stdout;
  const profile = attempt.isCheck || options.raw || options.stderr ? undefined : parts.profile(agent);
  const reader = profile?.needsReading ? profile.reader(undefined, attempt.resumed ? {} : undefined) : undefined;
  const { output } = session;
  const plain: Show = (text) => output.raw(options.raw ? text : stripEscapes(text));
  const read = reader && eventLines(reader, output);
  const show = output.isJson ? jsonLines(attempt.number, reader, output) : (read ?? plain);
  const decoder = new StringDecoder('utf8');
  const buffer = Buffer.alloc(CHUNK);
  let position = 0;
  return {
    token: attempt.token,
    more: () => {
      let file: number;
      try {
        file = openSync(path, 'r');
      } catch {
        // It has not begun, or retention has removed it.
        return;
      }
      try {
        for (let read = 1; read > 0; ) {
          read = readSync(file, buffer, 0, CHUNK, position);
          position += read;
          if (read > 0) show(decoder.write(buffer.subarray(0, read)));
        }
      } finally {
        closeSync(file);
      }
    },
    end: () => show(`${decoder.end()}${show === plain ? '' : '\n'}`),
  };
}
