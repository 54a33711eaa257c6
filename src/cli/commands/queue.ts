import { EXIT } from '../exitCodes.ts';
import { continuedSchema, pausedSchema, submitSchema } from '../schemas.ts';
import { amount } from './amounts.ts';
import { type AddCommands, examples } from './command.ts';

interface CapOptions {
  readonly maxCost?: number;
}

const capOf = ({ maxCost }: CapOptions) => (maxCost === undefined ? {} : { maxCostUsd: maxCost });

export const addQueue: AddCommands = (program, run) => {
  program
    .command('retry')
    .summary('submit a failed loop again')
    .description('Submits a failed loop that has no restarts left again, with its restarts cleared.')
    .argument('<id>', 'the id of a loop')
    .option('--max-cost <usd>', 'a new cap', amount)
    .addHelpText(
      'after',
      examples(['loops retry loop-1a2b3c', 'as it was'], ['loops retry a --max-cost 2', 'with a new cap']),
    )
    .action(
      run(async (session, id: string, options: CapOptions) => {
        session.mustNotBeInside('Retrying a loop');
        const supervisor = await session.supervisor();
        const result = await supervisor.retry(id, capOf(options));
        await session.ensureHost();
        const { output } = session;
        if (output.isJson) output.json(submitSchema, { ...result, state: 'queued', isNew: false });
        else output.line(`${id} is queued at ${result.position}.`);
        return EXIT.ok;
      }),
    );
  program
    .command('continue')
    .summary('let a loop go on that waits for rounds or money')
    .description('Grants as much again to a loop that has used up its rounds or its own cap, and lets it go on.')
    .argument('<id>', 'the id of a loop')
    .option('--max-cost <usd>', 'a new cap', amount)
    .addHelpText(
      'after',
      examples(
        ['loops continue loop-1a2b3c', 'with as much again'],
        ['loops continue a --max-cost 5', 'up to 5 USD in all'],
      ),
    )
    .action(
      run(async (session, id: string, options: CapOptions) => {
        session.mustNotBeInside('Continuing a loop');
        const supervisor = await session.supervisor();
        await supervisor.continueLoop(id, capOf(options));
        await session.ensureHost();
        const { output } = session;
        if (output.isJson) output.json(continuedSchema, { continued: id });
        else output.line(`${id} goes on.`);
        return EXIT.ok;
      }),
    );
  for (const [name, paused, summary, description, example] of [
    [
      'pause',
      true,
      'hold the queue',
      'Queued loops wait until `loops resume`. Running ones go on, and submits still queue.',
      'what runs goes on, and nothing else starts',
    ],
    [
      'resume',
      false,
      'let the queue go on',
      'Queued loops start again, as far as there is room.',
      'what waits starts again',
    ],
  ] as const)
    program
      .command(name)
      .summary(summary)
      .description(description)
      .addHelpText('after', examples([`loops ${name}`, example]))
      .action(
        run(async (session) => {
          session.mustNotBeInside(paused ? 'Pausing the queue' : 'Resuming the queue');
          const supervisor = await session.supervisor();
          await (paused ? supervisor.pause() : supervisor.resume());
          await session.ensureHost();
          const { output } = session;
          if (output.isJson) output.json(pausedSchema, { paused });
          else output.line(paused ? 'The queue is paused.' : 'The queue goes on.');
          return EXIT.ok;
        }),
      );
};
