import { UnknownLoopError } from '../../core/model/errors.ts';
import type { CommandContext } from '../commands/commandTable.ts';
import { type Fitting, loopOf, rowsOf } from '../commands/target.ts';
import { type LoopTarget, loopTargetOf } from './loopTarget.ts';

/**
 * The loop whose panel is requested: from a row, an object with `loopId` and `seq` (and maybe an attempt number), or an
 * id. Without an argument the user is asked.
 */
export async function panelTarget(
  ctx: CommandContext,
  args: readonly unknown[],
  fitting: Fitting,
): Promise<(LoopTarget & { readonly attempt?: number }) | undefined> {
  const exact = loopTargetOf(args[0]);
  if (exact) return { ...exact, ...(typeof args[1] === 'number' && { attempt: args[1] }) };
  const subject = (await rowsOf(ctx, args))[0]?.subject;
  if (subject && 'loopId' in subject) {
    return { loopId: subject.loopId, seq: subject.seq, ...(subject.kind === 'attempt' && { attempt: subject.number }) };
  }
  const loop = await loopOf(ctx, args, fitting);
  if (!loop) return undefined;
  const found = await (await ctx.host.ready()).find(loop.loopId, loop.seq);
  if (!found) throw new UnknownLoopError(loop.loopId);
  return { loopId: found.loopId, seq: found.seq };
}
