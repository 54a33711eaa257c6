import type { Gone, Unknown } from '../model/looks.ts';
import type { RepositoryRef } from '../model/repository.ts';
import type { ParkedStatus, ParkReason } from '../model/status.ts';
import { gatesOn } from '../policy/accountGate.ts';
import { accountOf, gatesBefore } from '../state/gates.ts';
import type { LaneReason } from '../state/lanes.ts';
import type { QueuedLoop } from '../state/liveState.ts';
import type { Machines } from '../state/machines.ts';
import { gatesOf } from '../state/sharedGates.ts';
import type { Engine } from './engine.ts';

type QueueParts = Pick<Engine, 'context' | 'liveState' | 'machines' | 'placement'>;

/** The first `count` items. */
export function firstOf<T>(items: Iterable<T>, count: number): T[] {
  const first: T[] = [];
  for (const item of items) {
    if (first.length >= count) break;
    first.push(item);
  }
  return first;
}

/** The first `count` parked loops of the queue. */
export function parkedStatuses(parts: QueueParts, count: number): ParkedStatus[] {
  const { queue, lanes } = parts.liveState;
  const parked: ParkedStatus[] = [];
  if (lanes.parked === 0 && !areOthersHeld(parts)) return parked;
  for (const loop of queue) {
    if (parked.length >= count) break;
    const why = parkedFor(parts, loop);
    if (!why) continue;
    const { loopId, priority, submittedAt: enqueuedAt } = loop;
    parked.push({ loopId, position: queue.position(loop), priority, enqueuedAt, ...why });
  }
  return parked;
}

/** Why a queued loop is parked; undefined when it is not. */
export function parkedFor(
  parts: QueueParts,
  loop: QueuedLoop,
): Pick<ParkedStatus, 'reason' | 'why' | 'until'> | undefined {
  const { liveState, machines, context } = parts;
  const lane = liveState.lanes.laneOf(loop);
  if (!lane) return undefined;
  const { id } = lane;
  if ('parked' in id) {
    const absence = liveState.control.gates['absence']?.why;
    return {
      reason: id.parked,
      why: id.parked === 'absence' && absence ? absence : laneWhy(parts, loop, id.parked, id.of),
    };
  }
  if (!machines.isHere(loop)) return heldThere(parts, loop);
  if (!context.agents.find(id.agent)) return { reason: 'profile', why: `there is no agent profile "${id.agent}"` };
  const [gate] = gatesBefore(liveState, context, id);
  if (!gate) return undefined;
  const reason: ParkReason = gate.reason;
  return { reason, why: gate.why, ...(gate.state === 'held' && gate.until !== undefined && { until: gate.until }) };
}

/** Whether anything is held on another machine alone. */
function areOthersHeld({ liveState, context }: QueueParts): boolean {
  const { gates } = liveState.storedControl;
  return Object.values(gates).some(({ of }) => of.machine !== undefined && of.machine !== context.machine?.id);
}

/** What holds a loop of another machine there (R14.1, R16.4): logins, programs and disks are that machine's own. */
function heldThere(
  { liveState, machines, context }: QueueParts,
  loop: QueuedLoop,
): Pick<ParkedStatus, 'reason' | 'why' | 'until'> | undefined {
  const gates = gatesOf(loop.machine, liveState.storedControl.gates);
  const [gate] = gatesOn(gates, accountOf(context, loop.agent), loop.agent, loop.cwd);
  if (!gate) return undefined;
  const until = gate.state === 'held' && gate.until !== undefined ? { until: gate.until } : {};
  const isOfAll = gate.of.machine === undefined;
  return {
    reason: gate.reason,
    why: isOfAll ? gate.why : `on ${machines.nameOf(loop.machine ?? '')}: ${gate.why}`,
    ...until,
  };
}

function laneWhy({ machines, placement }: QueueParts, loop: QueuedLoop, reason: LaneReason, of: string): string {
  switch (reason) {
    case 'window':
      if (loop.repository) return machineWhy(machines, loop, loop.repository);
      return machines.isHere(loop)
        ? 'its folder is open in no window that answers'
        : `nothing on ${machines.nameOf(loop.machine ?? '')}, its machine, answers`;
    case 'folder':
      return folderWhy(of, placement.awayFolder(of));
    case 'absence':
      return 'nobody has looked after it for long';
    case 'memory':
      return 'it ran out of memory, and as much is not free yet';
    case 'budget':
      return of === 'ever' ? 'its estimate is above the daily limit' : 'its estimate does not fit what today has left';
  }
}

/** Why no machine starts a loop that was submitted for another one (R16.4). */
function machineWhy(machines: Machines, { machine }: QueuedLoop, repository: RepositoryRef): string {
  const { address } = repository;
  const takers = machines.takers(repository);
  if (machine === undefined)
    return takers.length === 0
      ? `no machine takes loops of ${address} any more: name a clone in loopSupervisor.repositories`
      : `nothing answers on a machine that takes loops of ${address}`;
  const name = machines.nameOf(machine);
  return takers.includes(machine)
    ? `nothing on ${name}, its machine, answers`
    : `${name}, its machine, takes no loops of ${address} any more: name a clone in loopSupervisor.repositories there`;
}

function folderWhy(path: string, found: Gone | Unknown | undefined): string {
  return found?.state === 'unknown'
    ? `the folder ${path} cannot be looked at: ${found.why}`
    : `the folder ${path} does not exist`;
}
