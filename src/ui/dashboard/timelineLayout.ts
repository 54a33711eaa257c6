import type { Outcome } from '../../core/model/attempt.ts';
import type { TimelineAttempt } from '../../core/ports/historyQueries.ts';
import { outcomeTone } from '../webviewHost/outcomeWords.ts';

/** How an attempt is drawn. */
export type Tone = 'good' | 'bad' | 'neutral' | 'running';

export interface Bar {
  readonly attempt: TimelineAttempt;
  /** The slot it occupied, from 0. */
  readonly lane: number;
  readonly tone: Tone;
}

export interface Layout {
  /** Ordered by start. */
  readonly bars: readonly Bar[];
  readonly lanes: number;
  /** For each bar, the index of the bar of its loop's next attempt; -1 if there is none. */
  readonly next: Int32Array;
  /** Duration of the longest finished bar (ms): how long before a given time a bar that covers it can begin. */
  readonly longest: number;
}

export function toneOf(outcome: Outcome | undefined): Tone {
  return outcome === undefined ? 'running' : outcomeTone(outcome);
}

/**
 * Assigns attempts to lanes: each gets the lowest lane free at its start, so lanes correspond to slots. Overlapping
 * attempts never share a lane.
 */
export function layOut(attempts: readonly TimelineAttempt[]): Layout {
  const sorted = attempts.toSorted((a, b) => a.startedAt - b.startedAt || a.id - b.id);
  const freeAt: number[] = [];
  const last = new Map<number, number>();
  const next = new Int32Array(sorted.length).fill(-1);
  let longest = 0;
  const bars = sorted.map((attempt, index): Bar => {
    const { startedAt, endedAt = Number.POSITIVE_INFINITY } = attempt;
    const free = freeAt.findIndex((at) => at <= startedAt);
    const lane = free < 0 ? freeAt.length : free;
    // One that began and ended in the same millisecond still occupies its lane.
    freeAt[lane] = Math.max(endedAt, startedAt + 1);
    if (attempt.endedAt !== undefined) longest = Math.max(longest, attempt.endedAt - startedAt);
    const before = last.get(attempt.seq);
    if (before !== undefined) next[before] = index;
    last.set(attempt.seq, index);
    return { attempt, lane, tone: toneOf(attempt.outcome) };
  });
  return { bars, lanes: freeAt.length, next, longest };
}

/** Index of the first bar that begins at `time` or later. */
export function firstFrom(bars: readonly Bar[], time: number): number {
  let low = 0;
  let high = bars.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bars[middle]?.attempt.startedAt ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
