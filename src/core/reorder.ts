import { UnknownLoopError, WrongStateError } from './errors.ts';
import { isFinished } from './loop.ts';
import type { QueuedLoop } from './mirror.ts';
import type { Turn } from './turn.ts';

/** Gives a queued loop another priority; its place follows (R2.3). Answers its new 1-based position. */
export function setPriority(turn: Turn, loopId: string, priority: number): number {
  const loop = { ...queuedOf(turn, loopId), priority };
  turn.put(loop, `priority ${priority}`);
  return turn.mirror.queue.position(loop);
}

/**
 * Puts a queued loop just before another one, with that one's priority; before all others if none is named (R2.1: the user's hand).
 * Answers its new 1-based position.
 */
export function moveBefore(turn: Turn, loopId: string, beforeLoopId: string | undefined): number {
  const loop = queuedOf(turn, loopId);
  const [first] = turn.mirror.queue;
  const target = beforeLoopId === undefined ? first : queuedOf(turn, beforeLoopId);
  if (!target || target.seq === loop.seq) return turn.mirror.queue.position(loop);
  const place = placeBefore(turn, target);
  const moved = { ...loop, priority: target.priority, place };
  turn.put(moved, 'moved by the user');
  return turn.mirror.queue.position(moved);
}

/** Puts a queued loop behind all others, with the priority of the last one. Answers its new 1-based position. */
export function moveToEnd(turn: Turn, loopId: string): number {
  const loop = queuedOf(turn, loopId);
  const last = [...turn.mirror.queue].at(-1);
  if (!last || last.seq === loop.seq) return turn.mirror.queue.position(loop);
  // Less than the place of whatever is submitted next, which is a whole number above all there have been.
  const moved = { ...loop, priority: last.priority, place: last.place + 0.5 };
  turn.put(moved, 'moved by the user');
  return turn.mirror.queue.position(moved);
}

/** The queued loop of that id. Throws where there is none. */
function queuedOf(turn: Turn, loopId: string): QueuedLoop {
  const loop = turn.latest(loopId);
  if (!loop) throw new UnknownLoopError(loopId);
  if (loop.state === 'queued') return loop;
  throw new WrongStateError(loopId, isFinished(loop) ? `is ${loop.state} already` : `is not in the queue, it is ${loop.state}`);
}

/** A place between `target` and its predecessor. Where numbers leave no room, those ahead of it are moved up. */
function placeBefore(turn: Turn, target: QueuedLoop): number {
  const previous = turn.mirror.queue.previous(target);
  if (!previous) return target.place - 1;
  const between = (previous.place + target.place) / 2;
  if (between > previous.place && between < target.place) return between;
  const ahead = [...turn.mirror.queue].filter((loop) => loop.priority === target.priority && loop.place <= previous.place);
  for (const loop of ahead) turn.put({ ...loop, place: loop.place - 1 });
  return target.place - 0.5;
}
