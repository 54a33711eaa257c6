import * as z from 'zod/mini';
import { json } from './codecs.ts';

/**
 * Changes are kept for so many numbers of the counter: a few thousand transactions. A host that slept longer reads all
 * live loops.
 */
export const CHANGES_KEPT = 1 << 16;
/** They are trimmed whenever the counter passes a multiple of this. */
const TRIMMED_EACH = 1 << 12;

const seqs = json(z.array(z.int()));

/** Whether changes are due for trimming, now that the counter has gone from `from` to `to`. */
export function isTrimDue(from: number, to: number): boolean {
  return Math.floor(from / TRIMMED_EACH) !== Math.floor(to / TRIMMED_EACH);
}

/**
 * The loops of rows of `changes`, oldest first, in the order of their last change; undefined if a row cannot be read.
 */
export function changedLoops(rows: Iterable<{ readonly loops?: unknown }>): number[] | undefined {
  const changed = new Set<number>();
  for (const row of rows) {
    const loops = z.safeParse(seqs, row.loops);
    if (!loops.success) return undefined;
    for (const seq of loops.data) {
      changed.delete(seq);
      changed.add(seq);
    }
  }
  return [...changed];
}
