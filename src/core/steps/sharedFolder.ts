import type { QueuedLoop } from '../state/liveState.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';

/**
 * Whether other loops run in the folder of one that is to start now: their changes cannot be told from each other's, so
 * those are marked too (R12.3). A loop with a work tree of its own shares it with nobody.
 */
export function sharesFolder(unit: UnitOfWork, { seq, cwd, workTree }: QueuedLoop): boolean {
  if (workTree) return false;
  const others = [...unit.liveState.active.values()].filter((other) => other.seq !== seq && other.cwd === cwd);
  for (const other of others) if (!other.sharedFolder) unit.put({ ...other, sharedFolder: true });
  return others.length > 0;
}
