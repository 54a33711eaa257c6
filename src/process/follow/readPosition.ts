import * as z from 'zod/mini';
import type { Json } from '../../core/model/agentEvent.ts';

const mark = z.object({ file: z.string(), head: z.string() });
const position = z.object({
  /** Bytes that were read before the file that is there now began. */
  before: z.int().check(z.nonnegative()),
  mark: z.exactOptional(mark),
  keys: z.exactOptional(z.json()),
});

/**
 * Where a log was read to, as stored with the read offset: the offset counts on when a log is read again from its
 * start, so it needs to be known where the present file began, which file that was, and what was reported.
 */
export type ReadPosition = z.infer<typeof position>;

/** A position as it was stored; one that makes no sense, and that of an older version, begins at the beginning. */
export function parsePosition(stored: Json | undefined): ReadPosition {
  return position.safeParse(stored).data ?? { before: 0 };
}
