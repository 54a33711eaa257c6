/** What has a place in the queue. */
export interface Queued {
  readonly seq: number;
  readonly priority: number;
  readonly place: number;
}

/** Those of one priority in the order of their place; those before `head` have left. */
interface Lane<T> {
  items: T[];
  head: number;
}

const COMPACT_FROM = 1_024;

/**
 * The order of the queue (R2.1): higher priority first, equals by place. Joining at the end, leaving at the front and asking for a
 * position take time that does not grow with the queue; the middle takes a binary search and a move of pointers (R2.5).
 */
export class QueueOrder<T extends Queued> implements Iterable<T> {
  readonly #lanes = new Map<number, Lane<T>>();
  /** Highest first. */
  #priorities: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(item: T): void {
    const lane = this.#lane(item.priority);
    const last = lane.items[lane.items.length - 1];
    if (last === undefined || isBefore(last, item)) lane.items.push(item);
    else insert(lane, item);
    this.#size++;
  }

  /** Takes out the item of that `seq`, priority and place; answers whether it was there. */
  remove(item: Queued): boolean {
    const lane = this.#lanes.get(item.priority);
    if (!lane) return false;
    const index = find(lane, item);
    if (lane.items[index]?.seq !== item.seq) return false;
    if (index === lane.head) lane.head++;
    else lane.items.splice(index, 1);
    this.#size--;
    if (lane.head === lane.items.length) this.#drop(item.priority);
    else if (lane.head >= COMPACT_FROM && lane.head * 2 >= lane.items.length) compact(lane);
    return true;
  }

  /** The 1-based position of an item, 0 if it is not here. */
  position(item: Queued): number {
    let before = 0;
    for (const priority of this.#priorities) {
      const lane = this.#lanes.get(priority) as Lane<T>;
      if (priority === item.priority) {
        const index = find(lane, item);
        return lane.items[index]?.seq === item.seq ? before + index - lane.head + 1 : 0;
      }
      before += lane.items.length - lane.head;
    }
    return 0;
  }

  /** The item just before `item` among its equals; undefined when it is the first of them. */
  previous(item: Queued): T | undefined {
    const lane = this.#lanes.get(item.priority);
    if (!lane) return undefined;
    const index = find(lane, item);
    return index > lane.head ? lane.items[index - 1] : undefined;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const priority of [...this.#priorities]) {
      const lane = this.#lanes.get(priority);
      for (let index = lane?.head ?? 0; lane && index < lane.items.length; index++) yield lane.items[index] as T;
    }
  }

  #lane(priority: number): Lane<T> {
    const found = this.#lanes.get(priority);
    if (found) return found;
    const lane: Lane<T> = { items: [], head: 0 };
    this.#lanes.set(priority, lane);
    this.#priorities = [...this.#lanes.keys()].sort((a, b) => b - a);
    return lane;
  }

  #drop(priority: number): void {
    this.#lanes.delete(priority);
    this.#priorities = this.#priorities.filter((other) => other !== priority);
  }
}

function isBefore(a: Queued, b: Queued): boolean {
  return a.place < b.place || (a.place === b.place && a.seq < b.seq);
}

/** The index of the first item that is not before `item`. */
function find<T extends Queued>(lane: Lane<T>, item: Queued): number {
  let low = lane.head;
  let high = lane.items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(lane.items[middle] as T, item)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A loop that comes back goes near the front: the room that those before it have left is used first. */
function insert<T extends Queued>(lane: Lane<T>, item: T): void {
  const index = find(lane, item);
  if (index === lane.head && lane.head > 0) lane.items[--lane.head] = item;
  else lane.items.splice(index, 0, item);
}

function compact<T>(lane: Lane<T>): void {
  lane.items = lane.items.slice(lane.head);
  lane.head = 0;
}
