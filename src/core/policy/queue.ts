/** What has a place in the queue. */
export interface Queued {
  readonly seq: number;
  readonly priority: number;
  readonly place: number;
}

/**
 * The size of the sorted chunks in which items are kept: a change moves a part of one chunk, however long the queue is.
 */
const LARGEST_CHUNK = 512;

/**
 * The order of the queue (R2.1): higher priority first, equals by place. Every operation takes two binary searches and
 * a move of pointers within one chunk; a position also adds up the sizes of the chunks before it (R2.5).
 */
export class QueueOrder<T extends Queued> implements Iterable<T> {
  /** None of them is empty. */
  readonly #chunks: T[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#chunks[0]?.[0];
  }

  get last(): T | undefined {
    return this.#chunks.at(-1)?.at(-1);
  }

  add(item: T): void {
    this.#size++;
    const index = Math.min(this.#chunkOf(item), this.#chunks.length - 1);
    const chunk = this.#chunks[index];
    if (!chunk) this.#chunks.push([item]);
    else {
      chunk.splice(indexIn(chunk, item), 0, item);
      if (chunk.length > LARGEST_CHUNK) this.#chunks.splice(index + 1, 0, chunk.splice(chunk.length >>> 1));
    }
  }

  /** Takes out the item of that `seq`, priority and place; returns whether it was there. */
  remove(item: Queued): boolean {
    const chunkIndex = this.#chunkOf(item);
    const chunk = this.#chunks[chunkIndex];
    if (!chunk) return false;
    const index = indexIn(chunk, item);
    if (chunk[index]?.seq !== item.seq) return false;
    chunk.splice(index, 1);
    if (chunk.length === 0) this.#chunks.splice(chunkIndex, 1);
    this.#size--;
    return true;
  }

  /** The 1-based position of an item, 0 if it is not here. */
  position(item: Queued): number {
    const chunkIndex = this.#chunkOf(item);
    const chunk = this.#chunks[chunkIndex];
    if (!chunk) return 0;
    const index = indexIn(chunk, item);
    if (chunk[index]?.seq !== item.seq) return 0;
    let before = 0;
    for (let i = 0; i < chunkIndex; i++) before += (this.#chunks[i] as T[]).length;
    return before + index + 1;
  }

  /** The item just before `item` among its equals; undefined when it is the first of them. */
  previous(item: Queued): T | undefined {
    const chunkIndex = this.#chunkOf(item);
    const index = indexIn(this.#chunks[chunkIndex] ?? [], item);
    const previous = index > 0 ? this.#chunks[chunkIndex]?.[index - 1] : this.#chunks[chunkIndex - 1]?.at(-1);
    return previous?.priority === item.priority ? previous : undefined;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const chunk of this.#chunks) yield* chunk;
  }

  /** The index of the first chunk whose last item is not before `item`; the number of chunks if there is none. */
  #chunkOf(item: Queued): number {
    return lowerBound(this.#chunks.length, (index) => isBefore((this.#chunks[index] as T[]).at(-1) as T, item));
  }
}

/** Whether `a` comes before `b` in the queue. */
export function isBefore(a: Queued, b: Queued): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  return a.place < b.place || (a.place === b.place && a.seq < b.seq);
}

function indexIn<T extends Queued>(chunk: readonly T[], item: Queued): number {
  return lowerBound(chunk.length, (index) => isBefore(chunk[index] as T, item));
}

/** The first index from 0 up to `length` for which `isTooLow` is false; it is true for all before it. */
function lowerBound(length: number, isTooLow: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isTooLow(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
