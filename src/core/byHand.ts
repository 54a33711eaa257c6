import { isActive } from './loop.ts';
import { requeue, waitsForMoney } from './settle.ts';
import { requestStop } from './stop.ts';
import type { Turn } from './turn.ts';

/** Ends the present attempt, or the wait, so that the loop starts anew. Answers whether there was one. */
export function restartNow(turn: Turn, loopId: string): boolean {
  const loop = turn.mirror.find(loopId);
  if (!loop || loop.state === 'queued') return false;
  if (isActive(loop)) requestStop(turn, loop, 'restart', 'restarted by the user');
  else requeue(turn, loop, 'started by the user without waiting');
  if (loop.state === 'waiting' && !waitsForMoney(loop)) liftHold(turn, loop.agent);
  return true;
}

/** Whoever starts a loop of an agent whose limit was reached knows better than its last message. If not, it says so again. */
function liftHold(turn: Turn, agent: string): void {
  const { [agent]: lifted, ...holds } = turn.control.holds;
  if (lifted) turn.putControl({ ...turn.control, holds });
}

/** Makes a loop that holds no process this window's. Answers whether there was one. */
export function bringHere(turn: Turn, loopId: string): boolean {
  const loop = turn.mirror.find(loopId);
  if (!loop || isActive(loop)) return false;
  turn.put({ ...loop, windowId: turn.context.window.id }, 'taken over by another window');
  return true;
}

/** Lets go of a permanently failed loop (R5.5). Answers whether it was one. */
export function clearFailed(turn: Turn, loopId: string): boolean {
  const loop = turn.latest(loopId);
  if (loop?.state !== 'failed' || loop.cleared) return false;
  turn.put({ ...loop, cleared: true }, 'cleared by the user', 'failed');
  return true;
}

/** Pauses or resumes dispatch (R2.4). */
export function setPaused(turn: Turn, paused: boolean): void {
  if (turn.control.paused !== paused) turn.putControl({ ...turn.control, paused });
}
