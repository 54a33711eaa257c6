import type { WindowLease } from '../ports/store.ts';
import type { LoopOwnership } from '../state/loopOwnership.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';

/** Registers this window with the folders that it has open, or writes that they have changed. */
export function saveLease(unit: UnitOfWork): void {
  const { window, inspector, machine } = unit.context;
  const lease: WindowLease = {
    ...{ id: window.id, process: inspector.self, folders: window.folders, openedAt: unit.now },
    ...(window.role === 'headless' && { headless: true }),
    ...(machine && { machine: machine.id }),
  };
  unit.tx.saveWindow(lease);
  unit.putWindows(new Map([...unit.liveState.windows, [lease.id, lease]]));
}

/**
 * Ends the leases of windows that are no more, and takes their runs over as far as that is this window's part. Keeps
 * its own.
 */
export function adoptOrphanedRuns(unit: UnitOfWork, ownership: LoopOwnership): void {
  if (ownership.isTakenForDead()) saveLease(unit);
  endDeadLeases(unit, ownership);
  const { id: windowId, role } = unit.context.window;
  const by = role === 'headless' ? 'adopted by the headless host' : 'adopted by a window';
  for (const loop of [...unit.liveState.active.values()]) {
    if (!ownership.shouldAdopt(loop, loop.attempt.windowId)) continue;
    const isOurs = ownership.hostOf(loop) === 'here';
    const adopted = unit.putAttempt(loop, { ...loop.attempt, windowId });
    if (adopted) unit.put(isOurs ? { ...adopted, windowId } : adopted, by, loop.state);
  }
  for (const loop of [...unit.liveState.preparing.values()])
    if (ownership.shouldAdopt(loop, loop.windowId)) unit.put({ ...loop, windowId }, 'adopted by a window');
}

/** Ends the leases of hosts that are no more. */
export function endDeadLeases(unit: UnitOfWork, ownership: LoopOwnership): void {
  const dead = ownership.dead();
  for (const id of dead) unit.tx.releaseWindow(id);
  if (dead.length > 0) unit.putWindows(new Map([...unit.liveState.windows].filter(([id]) => !dead.includes(id))));
}

/** The lease of another headless host, if there is one: a machine has one at most on a store (R15.1). */
export function otherHeadless({ liveState, context }: Pick<UnitOfWork, 'liveState' | 'context'>) {
  return [...liveState.windows.values()].find(
    ({ id, headless, machine }) => headless && id !== context.window.id && machine === context.machine?.id,
  );
}
