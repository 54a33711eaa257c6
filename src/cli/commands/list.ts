import { InvalidArgumentError } from 'commander';
import { isFinished, type Loop, type LoopState } from '../../core/model/loop.ts';
import type { LiveView } from '../../core/model/status.ts';
import { formatClock, formatCost, formatDuration } from '../../ui/text/format.ts';
import { ALL_STATES } from '../../ui/text/loopStates.ts';
import { EXIT } from '../exitCodes.ts';
import { loopJson } from '../loopJson.ts';
import { listSchema } from '../schemas.ts';
import { positive } from './amounts.ts';
import { type AddCommands, examples } from './command.ts';

/** A live loop with its place, or a finished one. */
interface ListedLoop extends Pick<LiveView, 'position' | 'waitingFor'> {
  readonly loop: Loop;
}

interface ListOptions {
  readonly all?: true;
  readonly state?: readonly LoopState[];
  readonly ids?: true;
  readonly limit: number;
}

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
    .option('-n, --limit <count>', 'at most so many', positive, 50)
    .addHelpText(
      'after',
      examples(
        ['loops list', 'what is live'],
        ['loops list -s failed', 'what has failed'],
        ["loops list --json | jq -r '.loops[].loopId'", 'for scripts'],
      ),
    )
    .action(
      run(async (session, { all, state, ids, limit }: ListOptions) => {
        const supervisor = await session.supervisor();
        const now = session.clock.now();
        const isWanted = (name: LoopState) => (state === undefined ? true : state.includes(name));
        const live = supervisor.live(limit + 1).filter(({ loop }) => isWanted(loop.state));
        const finishedStates = (['completed', 'failed', 'cancelled'] as const).filter(isWanted);
        const wantsFinished = (all ?? state?.some((name) => finishedStates.some((one) => one === name))) === true;
        const room = Math.max(0, limit + 1 - live.length);
        const finished =
          wantsFinished && room > 0 ? await supervisor.finished({ limit: room, states: finishedStates }) : [];
        const views: readonly ListedLoop[] = [...live, ...finished.map((loop) => ({ loop }))];
        const shown = views.slice(0, limit);
        const { output } = session;
        if (output.isJson)
          return output.json(listSchema, {
            loops: shown.map((view) => loopJson(view.loop, view)),
            more: views.length > limit,
          });
        if (ids) {
          output.raw(shown.map(({ loop }) => `${loop.loopId}\n`).join(''));
          return EXIT.ok;
        }
        if (shown.length === 0) {
          output.progress(wantsFinished ? 'No loops.' : 'No live loops. `loops list --all` shows finished ones.');
          return EXIT.ok;
        }
        output.table(
          ['ID', 'STATE', 'TIME', 'COST', 'AGENT', 'TITLE'],
          shown.map((view) => {
            const { loop } = view;
            const json = loopJson(loop, view);
            const place = json.position === undefined ? '' : ` ${json.position}`;
            const time = isFinished(loop) ? formatClock(loop.finishedAt, now) : formatDuration(now - loop.since);
            const why = json.reason === undefined || json.reason === 'slot' ? '' : ` (${json.reason})`;
            return [loop.loopId, `${loop.state}${place}`, time, formatCost(loop), loop.agent, `${loop.title}${why}`];
          }),
        );
        if (views.length > limit) output.progress(`The first ${limit}. --limit shows more.`);
        return EXIT.ok;
      }),
    );
};

function states(text: string): readonly LoopState[] {
  return text.split(',').map((name) => {
    const known = ALL_STATES.find((state) => state === name.trim());
    if (!known) throw new InvalidArgumentError(`"${name}" is no state. There are: ${ALL_STATES.join(', ')}.`);
    return known;
  });
}
