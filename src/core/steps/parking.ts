import type { UnitOfWork } from '../state/unitOfWork.ts';

/** How many one transaction marks: the next one follows at once, and others get their turn in between. */
const CHUNK = 500;

/**
 * Records that loops which have become parked no longer count against the depth of the queue, not even once they can
 * start (R2.2).
 */
export function markParked(unit: UnitOfWork): void {
  for (const loop of unit.liveState.lanes.newlyParked(CHUNK)) unit.put({ ...loop, wasParked: true });
}
