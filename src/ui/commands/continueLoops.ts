import { capLeftOf, type Loop } from '../../core/model/loop.ts';
import { toUsd } from '../../core/model/money.ts';
import { asksForMore, isAtRoundBound } from '../../core/model/needs.ts';
import { formatUsd } from '../text/format.ts';
import { oneLine } from '../text/safeText.ts';
import type { CommandContext } from './commandTable.ts';
import { askText } from './prompts.ts';
import { latestIds, loopsOf } from './target.ts';

/**
 * Lets loops go on that wait for money or more rounds (R6.8, R11.3). A loop that has used up its own cost limit: its
 * user is asked for the new one, unless `args` name it as a number; of several, each gets as much again. Returns how
 * many.
 */
export async function continueLoops(ctx: CommandContext, args: readonly unknown[]): Promise<number> {
  const waits = (loop: Loop) => asksForMore(loop) || isAtRoundBound(loop);
  const called = await loopsOf(ctx, args, {
    title: 'Continue',
    states: ['waiting'],
    live: ({ loop }) => waits(loop),
  });
  const supervisor = await ctx.host.ready();
  const ids = latestIds(supervisor, called);
  const [only] = ids;
  const loop = ids.length === 1 && only !== undefined ? await supervisor.find(only) : undefined;
  const given = typeof args[1] === 'number' ? args[1] : undefined;
  const limit = given ?? (loop && capLeftOf(loop) === 0 ? await askLimit(loop) : undefined);
  if (limit === null) return 0;
  for (const id of ids) await supervisor.continueLoop(id, limit === undefined ? {} : { maxCostUsd: limit });
  return ids.length;
}

/** Asks for the new cost limit of a loop, in USD; `null`: the user dismissed the question. */
async function askLimit({ title, loopId, cost, maxCost = 0 }: Loop): Promise<number | null> {
  const spent = toUsd(cost);
  const answer = await askText({
    title: `Continue “${oneLine(title, 40) || loopId}”`,
    prompt:
      `How much may it cost in all, in USD? It has cost ${formatUsd(spent)}, ` +
      `and its limit was ${formatUsd(toUsd(maxCost))}.`,
    value: (Math.ceil(toUsd(cost + maxCost) * 100) / 100).toFixed(2),
    validate: (value) =>
      value.trim() !== '' && Number.isFinite(Number(value)) && Number(value) > spent
        ? undefined
        : `Enter an amount in USD above ${formatUsd(spent)}.`,
  });
  return typeof answer === 'string' ? Number(answer) : null;
}
