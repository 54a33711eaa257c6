import { UnknownLoopError } from '../../core/model/errors.ts';
import type { CommandContext } from '../commands/commandTable.ts';
import { type Fitting, loopOf, rowsOf } from '../commands/target.ts';
import { type LoopTarget, loopTargetOf } from './loopTarget.ts';

/**
 * The loop that a panel is asked for: a row (or the loop of a row under it), an object with `loopId` and `seq` (and then the number of an
 * attempt), an id; with nothing, the user is asked.
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
