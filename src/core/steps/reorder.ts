import { UnknownLoopError, WrongStateError } from '../model/errors.ts';
import { isFinished } from '../model/loop.ts';
import { isBefore } from '../policy/queue.ts';
import type { QueuedLoop } from '../state/liveState.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';

/** Gives a queued loop another priority; its place follows (R2.3). Returns its new 1-based position. */
export function setPriority(unit: UnitOfWork, loopId: string, priority: number): number {
  const loop = { ...queuedOf(unit, loopId), priority };
  unit.put(loop, `priority ${priority}`);
  return unit.liveState.queue.position(loop);
}

/**
 * Puts a queued loop just before another one, with that one's priority; before all others if none is named (R2.1: the
 * user's hand). Returns its new 1-based position.
 */
export function moveBefore(unit: UnitOfWork, loopId: string, beforeLoopId: string | undefined): number {
  const loop = queuedOf(unit, loopId);
  const [first] = unit.liveState.queue;
  const target = beforeLoopId === undefined ? first : queuedOf(unit, beforeLoopId);
  if (!target || target.seq === loop.seq) return unit.liveState.queue.position(loop);
  const place = placeBefore(unit, target);
  const moved = { ...loop, priority: target.priority, place };
  unit.put(moved, 'moved by the user');
  return unit.liveState.queue.position(moved);
}

/** Puts a queued loop behind all others, with the priority of the last one. Returns its new 1-based position. */
export function moveToEnd(unit: UnitOfWork, loopId: string): number {
  const loop = queuedOf(unit, loopId);
  const { last } = unit.liveState.queue;
  if (!last || last.seq === loop.seq) return unit.liveState.queue.position(loop);
  // Less than the place of whatever is submitted next, which is a whole number above all there have been.
  const moved = { ...loop, priority: last.priority, place: last.place + 0.5 };
  unit.put(moved, 'moved by the user');
  return unit.liveState.queue.position(moved);
}

/** The queued loop of that id. Throws where there is none. */
function queuedOf(unit: UnitOfWork, loopId: string): QueuedLoop {
  const loop = unit.latest(loopId);
  if (!loop) throw new UnknownLoopError(loopId);
  if (loop.state === 'queued') return loop;
  throw new WrongStateError(
    loopId,
    isFinished(loop) ? `is ${loop.state} already` : `is not in the queue, it is ${loop.state}`,
  );
}

/** A place between `target` and its predecessor. Where numbers leave no room, those ahead of it are moved up. */
function placeBefore(unit: UnitOfWork, target: QueuedLoop): number {
  const previous = unit.liveState.queue.previous(target);
  if (!previous) return target.place - 1;
  const between = (previous.place + target.place) / 2;
  if (between > previous.place && between < target.place) return between;
  // By the order of the queue: loops that a priority has brought together may have one place.
  const ahead = [...unit.liveState.queue].filter((loop) => loop.priority === target.priority && isBefore(loop, target));
  for (const loop of ahead) unit.put({ ...loop, place: loop.place - 1 });
  return target.place - 0.5;
}
