import type { AttemptLog } from './attemptLog.ts';
import { readBackward, sizeOf } from './logFile.ts';
import { AFTER, BEFORE, type Pos, START } from './protocol.ts';

/** Output shown at once, bytes. */
export const WINDOW = 256 * 1024;
/** Logs up to this size (bytes) are read from the beginning, so that all costs are exact. */
export const SMALL_LOG = 1024 * 1024;

/** The position from which to read: about a window before the end, or the beginning of a small log. */
export async function openingPlace(logs: readonly AttemptLog[]): Promise<Pos> {
  let shown = 0;
  for (const log of logs.toReversed()) {
    const size = await sizeOf(log.out);
    const attempt = log.attempt.number;
    if (size > SMALL_LOG) {
      const { from } = await readBackward(log.out, AFTER, Math.max(WINDOW - shown, WINDOW / 8), log.ended);
      return { attempt, offset: from === 0 ? BEFORE : from };
    }
    shown += size;
    if (shown >= WINDOW) return { attempt, offset: BEFORE };
  }
  return START;
}
