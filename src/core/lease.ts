import type { Homes } from './homes.ts';
import type { Turn } from './turn.ts';

/** Registers this window with the folders that it has open, or writes that they have changed. */
export function saveLease(turn: Turn): void {
  const { window, probe } = turn.context;
  const lease = { id: window.id, process: probe.self, folders: window.folders, openedAt: turn.now };
  turn.tx.saveWindow(lease);
  turn.putWindows(new Map([...turn.mirror.windows, [lease.id, lease]]));
}

/** Ends the leases of windows that are no more, and takes their runs over as far as that is this window's part. Keeps its own. */
export function takeOver(turn: Turn, homes: Homes): void {
  if (homes.isTakenForDead()) saveLease(turn);
  const dead = homes.dead();
  for (const id of dead) turn.tx.releaseWindow(id);
  if (dead.length > 0) turn.putWindows(new Map([...turn.mirror.windows].filter(([id]) => !dead.includes(id))));
  const windowId = turn.context.window.id;
  for (const loop of [...turn.mirror.active.values()]) {
    if (!homes.shouldAdopt(loop, loop.attempt.windowId)) continue;
    const home = homes.homeOf(loop) === 'here';
    const adopted = turn.putAttempt(loop, { ...loop.attempt, windowId });
    if (adopted) turn.put(home ? { ...adopted, windowId } : adopted, 'adopted by a window', loop.state);
  }
}
