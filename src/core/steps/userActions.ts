import { isActive, type LiveLoop, needsUser } from '../model/loop.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { withMore } from './allowances.ts';
import { requestStop } from './requestStop.ts';
import { requeue } from './transitions.ts';

/** Ends the present attempt, or the wait, so that the loop starts anew. Answers whether there was one. */
export function restartNow(unit: UnitOfWork, loopId: string): boolean {
  const loop = unit.liveState.find(loopId);
  if (!loop || loop.state === 'queued') return false;
  if (isActive(loop)) requestStop(unit, loop, 'restart', 'restarted by the user');
  else requeue(unit, asksForMore(loop) ? withMore(loop) : loop, 'started by the user without waiting');
  if (loop.state === 'waiting' && loop.for === 'usageLimit') liftHold(unit, loop.agent);
  return true;
}

function asksForMore(loop: LiveLoop): boolean {
  return needsUser(loop) && loop.need === 'allowance';
}

/** Whoever starts a loop of an agent whose limit was reached knows better than its last message. If not, it says so again. */
function liftHold(unit: UnitOfWork, agent: string): void {
  const { [agent]: lifted, ...holds } = unit.control.holds;
  if (lifted) unit.putControl({ ...unit.control, holds });
}

/** Makes a loop that holds no process this window's. Answers whether there was one. */
export function claimLoop(unit: UnitOfWork, loopId: string): boolean {
  const loop = unit.liveState.find(loopId);
  if (!loop || isActive(loop)) return false;
  unit.put({ ...loop, windowId: unit.context.window.id }, 'taken over by another window');
  return true;
}

/** Lets go of a permanently failed loop (R5.5). Answers whether it was one. */
export function clearFailed(unit: UnitOfWork, loopId: string): boolean {
  const loop = unit.latest(loopId);
  if (loop?.state !== 'failed' || loop.cleared) return false;
  unit.put({ ...loop, cleared: true }, 'cleared by the user', 'failed');
  return true;
}

/** Pauses or resumes dispatch (R2.4). */
export function setPaused(unit: UnitOfWork, paused: boolean): void {
  if (unit.control.paused !== paused) unit.putControl({ ...unit.control, paused });
}
