/** One step of a move: a loop, and the one that it goes before. `end`: behind all others. */
export type QueueMove = readonly [loopId: string, before: string | { readonly end: true }];

/**
 * The moves that bring `dragged` (loop ids) to where they were dropped in `queue` (loop ids in order): dropped on a loop they take its
 * place, so that they come before it from below and after it from above, as in any list; dropped on nothing (the head of the group)
 * they go to the front. Their order among themselves stays.
 */
export function queueMoves(
  queue: readonly string[],
  dragged: readonly string[],
  target: string | undefined,
): QueueMove[] {
  const moving = new Set(dragged);
  const movers = queue.filter((id) => moving.has(id));
  const [first] = movers;
  if (first === undefined || (target !== undefined && (moving.has(target) || !queue.includes(target)))) return [];
  const from = target === undefined ? 0 : queue.indexOf(target);
  const down = target !== undefined && queue.indexOf(first) < from;
  const before = queue.slice(down ? from + 1 : from).find((id) => !moving.has(id));
  return movers.map((id) => [id, before ?? { end: true }]);
}
