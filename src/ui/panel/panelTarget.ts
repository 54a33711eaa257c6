import { UnknownLoopError } from '../../core/errors.ts';
import type { CommandContext } from '../commands/commandTable.ts';
import { type Fitting, loopOf, rowsOf } from '../commands/target.ts';
import { type LoopTarget, loopTargetOf } from './loopTarget.ts';

/**
 * The loop that a panel is asked for: a row (or the loop of an attempt's row), an object with `loopId` and `seq` (and then the number of an
 * attempt), an id; with nothing, the user is asked.
 */
export async function panelTarget(
  ctx: CommandContext,
  args: readonly unknown[],
  fitting: Fitting,
): Promise<(LoopTarget & { readonly attempt?: number }) | undefined> {
  const exact = loopTargetOf(args[0]);
  if (exact) return { ...exact, ...(typeof args[1] === 'number' && { attempt: args[1] }) };
  const subject = rowsOf(ctx, args)[0]?.subject;
  if (subject?.kind === 'loop') return { loopId: subject.loopId, seq: subject.seq };
  const loopId = await loopOf(ctx, args, fitting);
  const detail = loopId === undefined ? undefined : (await ctx.host.ready()).get(loopId);
  if (!detail) {
    if (loopId !== undefined) throw new UnknownLoopError(loopId);
    return undefined;
  }
  return { loopId: detail.loopId, seq: detail.loop.seq, ...(subject?.kind === 'attempt' && { attempt: subject.number }) };
}
