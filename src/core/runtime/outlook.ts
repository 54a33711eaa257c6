import type { HoldReason } from '../model/gate.ts';
import type { QueuedLoop } from '../state/liveState.ts';
import type { Engine } from './engine.ts';
import { parkedFor } from './queueView.ts';

type OutlookParts = Pick<Engine, 'context' | 'liveState' | 'machines' | 'ownership' | 'placement'>;

/** Holds that end by themselves. All others need a person: a login, a key, a program. */
const ENDS_BY_ITSELF: readonly HoldReason[] = ['usageLimit', 'machine'];

/** Whether something runs, or can start some time without a person (R15.1). */
export function goesOn(parts: OutlookParts): boolean {
  const { liveState, context } = parts;
  if (liveState.slotsTaken > 0 || liveState.timed.size > 0) return true;
  if (liveState.control.paused || context.unknownSettings.length > 0) return false;
  for (const loop of liveState.queue) if (canStart(parts, loop)) return true;
  return false;
}

function canStart(parts: OutlookParts, loop: QueuedLoop): boolean {
  const lane = parts.liveState.lanes.laneOf(loop)?.id;
  if (lane && 'parked' in lane) {
    // The headless host acts for a folder that no window has open.
    if (lane.parked === 'window')
      return !loop.repository && parts.machines.isHere(loop) && parts.ownership.isTrusted(loop);
    return lane.parked === 'memory' || (lane.parked === 'budget' && lane.of === 'today');
  }
  const parked = parkedFor(parts, loop);
  return parked === undefined || ENDS_BY_ITSELF.some((reason) => reason === parked.reason);
}
