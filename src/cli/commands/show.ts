import { existsSync } from 'node:fs';
import { count, formatClock, formatUsd } from '../../ui/text/format.ts';
import { oneLine } from '../../ui/text/safeText.ts';
import { cleanText } from '../../ui/webviewHost/cleanText.ts';
import { CallError, EXIT } from '../exitCodes.ts';
import type { LoopJson } from '../listSchema.ts';
import { detailJson } from '../loopJson.ts';
import { showSchema } from '../schemas.ts';
import type { Session } from '../session.ts';
import { heldBack, nextCall, stateLine } from '../stateLine.ts';
import { type AddCommands, examples } from './command.ts';

/** How much of any text but the prompt is shown, characters. */
const MOST = 2_000;
/** How many of its last changes are shown. */
const LAST_CHANGES = 20;

export const addShow: AddCommands = (program, run) => {
  program
    .command('show')
    .summary('show everything about a loop')
    .description(
      'Shows a loop: its prompt, attempts with outcome and cost, the paths of their output, and its last changes.',
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
        const { loop } = detail;
        const json = detailJson(detail, await logsHere(session, detail.machine));
        if (output.isJson) return output.json(showSchema, json);
        const now = clock.now();
        const next = nextCall(loop);
        const held = heldBack(await session.supervisor(), loop);
        const facts: readonly (readonly [string, string])[] = [
          ['Loop', json.loopId],
          ['State', held === undefined ? stateLine(loop) : `${stateLine(loop)}: ${held}`],
          ...(next === undefined ? [] : [['Next', next] as const]),
          ['Agent', json.agent],
          ...(json.machine === undefined ? [] : [['Machine', json.machine] as const]),
          ['Folder', json.cwd],
          ['Cost', costText(json)],
          ...(json.maxCostUsd === undefined ? [] : [['Cap', formatUsd(json.maxCostUsd)] as const]),
          ...(json.check === undefined ? [] : [['Check', json.check] as const]),
          ['Submitted', formatClock(loop.submittedAt, now)],
        ];
        output.line(output.style('bold', oneLine(json.title, MOST)));
        for (const [name, text] of facts) output.line(`${name.padEnd(10)} ${oneLine(text, MOST)}`);
        output.line();
        // A line end of any kind is one: nothing is drawn over.
        output.line(cleanText(json.prompt.replace(/\r\n?/g, '\n')).trimEnd());
        if (json.attemptList.length > 0) output.line();
        for (const [index, attempt] of detail.attempts.entries()) {
          const what = attempt.isCheck ? 'Check' : 'Attempt';
          const how = attempt.outcome === undefined ? 'running' : `${attempt.outcome}: ${attempt.reason ?? ''}`;
          const cost = attempt.cost.usd > 0 ? `  ${formatUsd(attempt.cost.usd)}` : '';
          output.line(
            `${what} ${attempt.number}  ${formatClock(attempt.startedAt, now)}${cost}  ${oneLine(how, MOST)}`,
          );
          const log = json.attemptList[index]?.log;
          if (log !== undefined) output.line(output.style('dim', `  ${log}`));
        }
        output.line();
        const earlier = detail.history.length - LAST_CHANGES;
        if (earlier > 0) output.line(output.style('dim', `${count(earlier, 'earlier change')}: --json has them`));
        for (const { at, to, why } of detail.history.slice(-LAST_CHANGES))
          output.line(`${formatClock(at, now)}  ${to}: ${oneLine(why, MOST)}`);
        return EXIT.ok;
      }),
    );
};

/**
 * Where the output of an attempt is on this machine. What another machine has is here once `loops logs` has fetched it
 * (R16.8).
 */
async function logsHere(session: Session, machine: string | undefined): Promise<(token: string) => string | undefined> {
  const [supervisor, logs] = [await session.supervisor(), await session.logs()];
  if (machine === undefined) return (token) => logs(token).stdout;
  return (token) => {
    const copy = supervisor.copiedOutput(token)?.out;
    return copy !== undefined && existsSync(copy) ? copy : undefined;
  };
}

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
