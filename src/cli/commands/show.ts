import { formatClock, formatUsd } from '../../ui/text/format.ts';
import { CallError, EXIT } from '../exitCodes.ts';
import { detailJson } from '../loopJson.ts';
import { type LoopJson, showSchema } from '../schemas.ts';
import type { Session } from '../session.ts';
import { type AddCommands, examples } from './command.ts';

export const addShow: AddCommands = (program, run) => {
  program
    .command('show')
    .summary('show everything about a loop')
    .description(
      'Shows a loop: its prompt, attempts with outcome and cost, the paths of their output, and its history.',
    )
    .argument('<id>', 'the id of a loop; of several with that id the latest')
    .addHelpText(
      'after',
      examples(['loops show loop-1a2b3c', 'for people'], ['loops show --json a | jq .prompt', 'one field']),
    )
    .action(
      run(async (session, id: string) => {
        const { output, clock } = session;
        const detail = await find(session, id);
        const logs = await session.logs();
        const json = detailJson(detail, (token) => logs(token).stdout);
        if (output.isJson) return output.json(showSchema, json);
        const now = clock.now();
        const facts: readonly (readonly [string, string])[] = [
          ['Loop', json.loopId],
          ['State', json.reason === undefined ? json.state : `${json.state}: ${json.reason}`],
          ['Agent', json.agent],
          ...(json.machine === undefined ? [] : [['Machine', json.machine] as const]),
          ['Folder', json.cwd],
          ['Cost', costText(json)],
          ...(json.maxCostUsd === undefined ? [] : [['Cap', formatUsd(json.maxCostUsd)] as const]),
          ...(json.check === undefined ? [] : [['Check', json.check] as const]),
          ['Submitted', formatClock(detail.loop.submittedAt, now)],
        ];
        output.line(output.style('bold', json.title));
        for (const [name, text] of facts) output.line(`${name.padEnd(10)} ${text}`);
        output.line();
        output.line(json.prompt.trimEnd());
        if (json.attemptList.length > 0) output.line();
        for (const attempt of detail.attempts) {
          const what = attempt.isCheck ? 'Check' : 'Attempt';
          const how = attempt.outcome === undefined ? 'running' : `${attempt.outcome}: ${attempt.reason ?? ''}`;
          output.line(`${what} ${attempt.number}  ${formatClock(attempt.startedAt, now)}  ${how}`);
          // What another machine has is read by `loops logs`.
          if (json.machine === undefined) output.line(output.style('dim', `  ${logs(attempt.token).stdout}`));
        }
        return EXIT.ok;
      }),
    );
};

function costText({ costUsd, costEstimated, costAtLeast }: LoopJson): string {
  if (costUsd === 0 && costAtLeast) return 'unknown';
  const guess = costEstimated ? ' (part of it is a guess)' : '';
  return `${costAtLeast ? 'at least ' : ''}${formatUsd(costUsd)}${guess}`;
}

async function find(session: Session, id: string) {
  const detail = await (await session.supervisor()).get(id);
  if (!detail) throw new CallError(EXIT.notFound, `There is no loop ${id}.`);
  return detail;
}
