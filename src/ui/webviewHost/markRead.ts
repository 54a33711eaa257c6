import { isFinished } from '../../core/model/loop.ts';
import type { CommandContext } from '../commands/commandTable.ts';
import type { LoopTarget } from './loopTarget.ts';

/** Marks a loop as read when the user opens it. */
export async function markRead(
  { host, readMarks }: Pick<CommandContext, 'host' | 'readMarks'>,
  { loopId, seq }: LoopTarget,
): Promise<void> {
  const loop = await host.current?.find(loopId, seq);
  if (loop && isFinished(loop)) await readMarks.markRead(loop);
}
