import { UnknownLoopError, WrongStateError } from '../model/errors.ts';
import type { Transition } from '../model/history.ts';
import type { FinishedLoop } from '../model/loop.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { leaveState } from './transitions.ts';

/** How long (ms) a cancelled loop can be put back. */
export const UNDO_MS = 10 * 60_000;

/**
 * Puts a loop that was cancelled while it held no process back into the queue, at its old place (R2.7). It was admitted
 * before, so the gates of a submit are not asked again. Returns its 1-based position.
 */
export function undoCancel(unit: UnitOfWork, cancelled: FinishedLoop): number {
  const { loopId } = cancelled;
  const loop = unit.latest(loopId);
  if (!loop) throw new UnknownLoopError(loopId);
  if (loop.state !== 'cancelled' || loop.seq !== cancelled.seq)
    throw new WrongStateError(loopId, `cannot be put back: it is ${loop.state} by now`);
  if (unit.now - loop.finishedAt > UNDO_MS)
    throw new WrongStateError(loopId, 'was cancelled too long ago to be put back: submit it again instead');
  const queued = { ...leaveState(loop, unit.now), state: 'queued', fresh: loop.attempts === 0 } as const;
  unit.put(queued, 'put back by the user', 'cancelled');
  const position = unit.liveState.queue.position(queued);
  unit.tell({ type: 'loop:queued', loopId, position });
  return position;
}

/** Whether the loop's last change of state took it out of a run: a stop of its user's is final (R7.2). */
export function wasStopped(history: readonly Transition[]): boolean {
  const last = history.findLast(({ from, to }) => from !== to);
  return last?.from === 'running' || last?.from === 'stopping' || last?.from === 'checking';
}
