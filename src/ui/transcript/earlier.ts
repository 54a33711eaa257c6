import { type AttemptLog, endItem, headingItem, isPlain, promptItem, stderrItem } from './attemptLog.ts';
import { foldLines, openReader } from './forwardCursor.ts';
import { ItemFold } from './itemFold.ts';
import { readBackward } from './logFile.ts';
import { AFTER, BEFORE, type Pos, START, STDERR, type TranscriptItem } from './protocol.ts';

export interface EarlierWindow {
  readonly items: TranscriptItem[];
  /** The position before the first of them. */
  readonly from: Pos;
  readonly atStart: boolean;
}

/** The items before a position of the transcript: about `maxBytes` of output, a heading, or an end. */
export async function stepBack(
  logs: readonly AttemptLog[],
  before: Pos,
  prompt: () => string,
  maxBytes: number,
  now: number,
): Promise<EarlierWindow> {
  const { attempt, offset } = before;
  if (attempt === 0) return { items: [], from: START, atStart: true };
  const log = logs.find((one) => one.attempt.number === attempt);
  if (offset === BEFORE || !log) {
    if (attempt === 1) return { items: [promptItem(prompt())], from: START, atStart: true };
    const previous = logs.findLast((one) => one.attempt.number < attempt)?.attempt.number;
    if (previous === undefined) return { items: [promptItem(prompt())], from: START, atStart: true };
    return stepBack(logs, { attempt: previous, offset: AFTER }, prompt, maxBytes, now);
  }
  if (offset === AFTER) {
    const end = endItem(log);
    const stderr = await stderrItem(log);
    const window = await stepBack(logs, { attempt, offset: STDERR }, prompt, maxBytes, now);
    return { ...window, items: [...window.items, ...(stderr ? [stderr] : []), ...(end ? [end] : [])] };
  }
  if (offset > 0) {
    const { lines, from } = await readBackward(log.out, offset, maxBytes, log.ended);
    if (lines.length > 0) {
      const fold = new ItemFold({ attempt, plain: isPlain(log), midway: from > 0, now });
      foldLines(fold, openReader(log, from), lines);
      return { items: fold.take(), from: { attempt, offset: from }, atStart: false };
    }
  }
  return { items: [headingItem(log)], from: { attempt, offset: BEFORE }, atStart: false };
}
