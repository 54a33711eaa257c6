import { InvalidArgumentError } from 'commander';
import type { LoopState } from '../../core/model/loop.ts';
import { ALL_STATES } from '../../ui/text/loopStates.ts';
import { type ListOptions, listLoops, readStates, USUAL_LIMIT } from '../loopListing.ts';
import { positive } from './amounts.ts';
import { type AddCommands, examples } from './command.ts';

export const addList: AddCommands = (program, run) => {
  program
    .command('list')
    .alias('ls')
    .summary('list loops')
    .description(
      'Lists live loops in their order: running, queued, waiting. With --all finished ones follow, newest first.',
    )
    .option('-a, --all', 'also finished loops')
    .option('-s, --state <states>', `only these states, separated by commas: ${ALL_STATES.join(', ')}`, states)
    .option('--ids', 'only their ids, one a line')
    .option('-n, --limit <count>', 'at most so many', positive, USUAL_LIMIT)
    .addHelpText(
      'after',
      examples(
        ['loops list', 'what is live'],
        ['loops list -s failed', 'what has failed'],
        ["loops list --json | jq -r '.loops[].loopId'", 'for scripts'],
      ),
    )
    .action(
      run(async (session, options: ListOptions) => {
        const supervisor = await session.supervisor();
        return listLoops(supervisor, options, session.output, session.clock.now());
      }),
    );
};

function states(text: string): readonly LoopState[] {
  const read = readStates(text);
  if (!('unknown' in read)) return read;
  throw new InvalidArgumentError(`"${read.unknown}" is not a state. The states are: ${ALL_STATES.join(', ')}.`);
}
