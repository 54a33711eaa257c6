import { isFinished, needsUser } from '../../core/model/loop.ts';
import type { AttemptDetail } from '../../core/model/loopDetail.ts';
import { ANY_MACHINE } from '../../core/model/repository.ts';
import { CallError, EXIT } from '../exitCodes.ts';
import { logPrinter, type PrintOptions } from '../logPrinter.ts';
import { sleep } from '../session.ts';
import { positive } from './amounts.ts';
import { type AddCommands, examples } from './command.ts';

interface LogsOptions extends PrintOptions {
  readonly follow?: true;
  readonly attempt?: number;
}

/** How long (ms) to wait between two looks for more, here and on another machine. */
const LOOK_EVERY_MS = 300;
const ASK_EVERY_MS = 1_000;

export const addLogs: AddCommands = (program, run) => {
  program
    .command('logs')
    .summary("show a loop's output")
    .description(
      'Shows what the agent of a loop said and did, on another machine too. With -f it goes on until the loop ' +
        'ends or waits for you.',
    )
    .argument('<id>', 'the id of a loop')
    .option('-f, --follow', 'go on as more comes, over restarts and rounds too; with --attempt to the end of that one')
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
        if (detail.machine === ANY_MACHINE && !options.follow)
          throw new CallError(EXIT.notFound, `The loop ${id} has no output yet: no machine has taken it.`);
        const chosen = choose(detail.attempts, options.attempt);
        if (!chosen && (!options.follow || options.attempt !== undefined))
          throw new CallError(
            EXIT.notFound,
            `The loop ${id} has no ${options.attempt === undefined ? 'output yet' : `attempt ${options.attempt}`}.`,
          );
        if (options.follow) await session.ensureHost();
        let shown = chosen ? await logPrinter(session, detail, chosen, options) : undefined;
        await shown?.more();
        while (options.follow) {
          const loop = await supervisor.find(id);
          const now = await supervisor.get(id);
          const latest = now && choose(now.attempts, options.attempt);
          if (now && latest && latest.token !== shown?.token) {
            await shown?.more();
            shown?.end();
            shown = await logPrinter(session, now, latest, options);
            session.output.progress(`── attempt ${latest.number}`);
          }
          await shown?.more();
          const isOver = options.attempt !== undefined && latest?.endedAt !== undefined;
          if (isOver || !loop || isFinished(loop) || needsUser(loop)) break;
          await sleep(now?.machine === undefined ? LOOK_EVERY_MS : ASK_EVERY_MS);
        }
        shown?.end();
        return EXIT.ok;
      }),
    );
};

function choose(attempts: readonly AttemptDetail[], number: number | undefined): AttemptDetail | undefined {
  return number === undefined ? attempts.at(-1) : attempts.find((attempt) => attempt.number === number);
}
