/** One move: a loop, and the loop that it goes before. `end`: after all others. */
export type QueueMove = readonly [loopId: string, before: string | { readonly end: true }];

/**
 * Moves `dragged` (loop ids) to the drop position in `queue` (loop ids in order). Dropped on a loop, they take its
 * place: before it from below, after it from above. Dropped on nothing (the group's header), they go to the front.
 * Their relative order stays.
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
