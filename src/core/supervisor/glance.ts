import type { LiveView } from '../model/status.ts';
import type { AgentCatalog } from '../ports/agents.ts';
import type { AgentLauncher } from '../ports/launcher.ts';
import type { StoreChanges } from '../ports/store.ts';
import { liveViews } from '../runtime/statusView.ts';
import { type SupervisorContext, type SupervisorOptions, useStoredSettings } from '../state/context.ts';
import type { LanePlacement } from '../state/lanes.ts';
import { LiveState } from '../state/liveState.ts';
import { LoopOwnership } from '../state/loopOwnership.ts';
import { Machines } from '../state/machines.ts';
import { Placement } from '../state/placement.ts';

/** What a glance is made with: nothing that starts, stores or follows. */
export interface GlanceOptions
  extends Pick<SupervisorOptions, 'clock' | 'inspector' | 'settings' | 'doubts' | 'window'> {
  readonly agents: Pick<AgentCatalog, 'find'>;
  readonly launcher: Pick<AgentLauncher, 'freeBytes' | 'freeMemoryBytes'>;
}

/**
 * Live loops in the order of the tree, as a caller's supervisor would show them (R15.3), from what a store held at one
 * moment. It may hold no more of the queue than its first `maxQueued` loops.
 */
export function glance(found: StoreChanges, options: GlanceOptions, maxQueued: number): LiveView[] {
  const { settings, doubts = {}, inspector } = options;
  // What a supervisor does with the rest of its parts, a glance does not do.
  const context = { ...options, read: { settings, doubts }, memoryHeld: 0 } as unknown as SupervisorContext;
  useStoredSettings(context, found.control.settings);
  const placement: LanePlacement = {
    laneOf: (loop) => placed.laneOf(loop),
    isHeld: (lane) => placed.isHeld(lane),
    isSameHold: (one, other) => placed.isSameHold(one, other),
  };
  const liveState = new LiveState(placement);
  const machines = new Machines(context, liveState);
  const ownership = new LoopOwnership(context, liveState, machines);
  const placed = new Placement(context, liveState, ownership);
  const windows = found.windows.filter(({ process }) => inspector.look(process).state !== 'gone');
  liveState.apply({ ...found, windows });
  return liveViews(
    { context, liveState, machines, ownership, placement: placed, runs: { of: () => undefined } },
    maxQueued,
  );
}
