import { WrongStateError } from '../model/errors.ts';
import { isActive } from '../model/loop.ts';
import { asksForMore } from '../model/needs.ts';
import { isPending } from '../policy/waits.ts';
import { accountOf, gatesBefore } from '../state/gates.ts';
import type { QueuedLoop } from '../state/liveState.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { withMore } from './allowances.ts';
import { hold, tryGate } from './holds.ts';
import { requestStop } from './requestStop.ts';
import { requeue } from './transitions.ts';
import { isUnconfirmed } from './unconfirmedEnd.ts';

/**
 * Ends the present attempt, or the wait, so that the loop starts over. Returns whether there was one.
 *
 * @throws WrongStateError when processes of its last attempt may still live (R3.1).
 */
export function restartNow(unit: UnitOfWork, loopId: string): boolean {
  const loop = unit.liveState.find(loopId);
  if (!loop || (isActive(loop) && loop.attempt.stop?.by === 'user')) return false;
  if (loop.state === 'queued') return tryLoop(unit, loop);
  if (isUnconfirmed(loop))
    throw new WrongStateError(loopId, 'may still have living processes: look again, or treat it as ended');
  if (isActive(loop)) requestStop(unit, loop, 'restart', 'restarted by the user');
  else requeue(unit, asksForMore(loop) ? withMore(loop) : loop, 'started by the user without waiting');
  if (loop.state === 'waiting' && loop.for === 'usageLimit') tryAccount(unit, accountOf(unit.context, loop.agent));
  return true;
}

/** Ends whatever holds a queued loop, so that one of its like goes first (R14.2). Returns whether anything was held. */
function tryLoop(unit: UnitOfWork, { seq, agent, cwd }: QueuedLoop): boolean {
  const gates = gatesBefore(unit.liveState, unit.context, { agent, folder: cwd });
  const absence = unit.control.gates['absence'];
  if (absence?.state === 'held' && seq <= (absence.lastSeq ?? 0)) gates.push(absence);
  const held = gates.filter(({ state }) => state === 'held');
  for (const gate of held) tryGate(unit, gate);
  return held.length > 0;
}

/**
 * Ends whatever holds an account or a profile of that name, its folders included, so that one loop goes first (R14.2).
 * `machine` and `absence` name what has no other name. Returns whether anything was held.
 */
export function tryAccount(unit: UnitOfWork, name: string): boolean {
  const held = Object.values(unit.control.gates).filter(
    ({ of, state }) => state === 'held' && ('name' in of ? of.name : of.kind) === name,
  );
  for (const gate of held) tryGate(unit, gate);
  return held.length > 0;
}

/** Starts what was held after an absence (R9.5). Returns whether anything was. */
export function startStale(unit: UnitOfWork): boolean {
  const absence = unit.control.gates['absence'];
  if (absence) tryGate(unit, absence);
  return absence !== undefined;
}

/** Holds an account by hand. A time that is no wait, such as one in the past, counts as none. */
export function holdAccount(unit: UnitOfWork, account: string, until: number | undefined): void {
  const named = until !== undefined && isPending(until, unit.now) ? { until: Math.ceil(until) } : {};
  hold(unit, { of: { kind: 'account', name: account }, reason: 'user', why: 'held by the user', ...named });
}

/** Makes a loop that holds no process this window's. Returns whether there was one. */
export function claimLoop(unit: UnitOfWork, loopId: string): boolean {
  const loop = unit.liveState.find(loopId);
  if (!loop || isActive(loop) || loop.state === 'preparing') return false;
  if (loop.repository)
    throw new WrongStateError(loopId, 'was submitted for another machine: its work is in a clone there');
  const { machine, window } = unit.context;
  // Only where it ran can the end of its last run be found out.
  const on = machine && !isUnconfirmed(loop) && { machine: machine.id };
  unit.put({ ...loop, windowId: window.id, ...on }, 'taken over by another window');
  return true;
}

/** Dismisses a permanently failed loop (R5.5). Returns whether it was one. */
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
