import type { LoopOwnership } from '../state/loopOwnership.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';

/** Registers this window with the folders that it has open, or writes that they have changed. */
export function saveLease(unit: UnitOfWork): void {
  const { window, inspector } = unit.context;
  const lease = { id: window.id, process: inspector.self, folders: window.folders, openedAt: unit.now };
  unit.tx.saveWindow(lease);
  unit.putWindows(new Map([...unit.liveState.windows, [lease.id, lease]]));
}

/**
 * Ends the leases of windows that are no more, and takes their runs over as far as that is this window's part. Keeps
 * its own.
 */
export function adoptOrphanedRuns(unit: UnitOfWork, ownership: LoopOwnership): void {
  if (ownership.isTakenForDead()) saveLease(unit);
  const dead = ownership.dead();
  for (const id of dead) unit.tx.releaseWindow(id);
  if (dead.length > 0) unit.putWindows(new Map([...unit.liveState.windows].filter(([id]) => !dead.includes(id))));
  const windowId = unit.context.window.id;
  for (const loop of [...unit.liveState.active.values()]) {
    if (!ownership.shouldAdopt(loop, loop.attempt.windowId)) continue;
    const isOurs = ownership.hostOf(loop) === 'here';
    const adopted = unit.putAttempt(loop, { ...loop.attempt, windowId });
    if (adopted) unit.put(isOurs ? { ...adopted, windowId } : adopted, 'adopted by a window', loop.state);
  }
  for (const loop of [...unit.liveState.preparing.values()])
    if (ownership.shouldAdopt(loop, loop.windowId)) unit.put({ ...loop, windowId }, 'adopted by a window');
}
