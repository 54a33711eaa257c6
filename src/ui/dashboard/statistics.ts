import type { LoopState } from '../../core/model/loop.ts';
import type { TimelineAttempt } from '../../core/ports/historyQueries.ts';

/** A loop derived from the attempts in range. Times are wall times in ms, amounts 10⁻⁹ USD. */
export interface LoopRow {
  readonly seq: number;
  readonly loopId: string;
  readonly title: string;
  readonly agent: string;
  readonly state: LoopState;
  /** Runs of its agent: neither of its check nor of the set-up of its work tree. */
  readonly attempts: number;
  /** Its rounds; 1 without a check. */
  readonly rounds: number;
  readonly startedAt: number;
  /** When its last attempt ended; absent while one runs. */
  readonly endedAt?: number;
  /** Total running time of its attempts (ms); running ones count up to `now`. */
  readonly ranMs: number;
  readonly cost: number;
  readonly costEstimated: number;
}

/** The loops of these attempts, newest first. */
export function loopRows(attempts: Iterable<TimelineAttempt>, now: number): LoopRow[] {
  const rows = new Map<number, LoopRow>();
  /** How many runs of a loop were not its agent's. */
  const others = new Map<number, number>();
  for (const attempt of attempts) {
    const { seq, loopId, title, agent, state, startedAt, endedAt } = attempt;
    const before = rows.get(seq);
    if (attempt.isCheck || attempt.isSetup) others.set(seq, (others.get(seq) ?? 0) + 1);
    const last = endedAt === undefined ? undefined : Math.max(endedAt, before?.endedAt ?? 0);
    rows.set(seq, {
      seq,
      loopId,
      title,
      agent,
      state,
      attempts: Math.max(attempt.number, before?.attempts ?? 0),
      rounds: Math.max(attempt.round ?? 1, before?.rounds ?? 1),
      startedAt: Math.min(startedAt, before?.startedAt ?? startedAt),
      ...(last === undefined ? {} : { endedAt: last }),
      ranMs: (before?.ranMs ?? 0) + Math.max(0, (endedAt ?? now) - startedAt),
      cost: (before?.cost ?? 0) + attempt.cost,
      costEstimated: (before?.costEstimated ?? 0) + attempt.costEstimated,
    });
  }
  return [...rows.values()]
    .map((row) => ({ ...row, attempts: row.attempts - (others.get(row.seq) ?? 0) }))
    .sort((a, b) => b.startedAt - a.startedAt || b.seq - a.seq);
}

/** Success and durations of the loops that have ended. */
export interface Summary {
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Completed of completed and failed, 0 to 1; absent when there are none. */
  readonly successRate?: number;
  /** Median and 90th percentile of the running time of completed loops (ms). */
  readonly medianMs?: number;
  readonly p90Ms?: number;
  /** Attempts beyond the first of each round. */
  readonly restarts: number;
}

export function summarize(rows: readonly LoopRow[]): Summary {
  const of = (state: LoopState) => rows.filter((row) => row.state === state);
  const completed = of('completed');
  const failed = of('failed').length;
  const durations = completed.map(({ ranMs }) => ranMs).sort((a, b) => a - b);
  const medianMs = quantile(durations, 0.5);
  const p90Ms = quantile(durations, 0.9);
  return {
    completed: completed.length,
    failed,
    cancelled: of('cancelled').length,
    ...(completed.length + failed > 0 && { successRate: completed.length / (completed.length + failed) }),
    ...(medianMs !== undefined && { medianMs }),
    ...(p90Ms !== undefined && { p90Ms }),
    restarts: rows.reduce((sum, { attempts, rounds }) => sum + Math.max(0, attempts - rounds), 0),
  };
}

/** One step on the time axis, with the loops that ended in it. */
export interface Bucket extends Summary {
  /** Its beginning: wall time, ms. */
  readonly at: number;
}

/**
 * Counts loops that ended in each step beginning at `starts` (wall times, ms, ascending). Earlier ends are left out.
 */
export function buckets(rows: readonly LoopRow[], starts: readonly number[]): Bucket[] {
  const groups = starts.map((): LoopRow[] => []);
  for (const row of rows) {
    const { endedAt } = row;
    if (endedAt !== undefined) groups[starts.findLastIndex((start) => start <= endedAt)]?.push(row);
  }
  return groups.map((group, index) => ({ at: starts[index] ?? 0, ...summarize(group) }));
}

/** A quantile of sorted numbers (nearest rank). */
function quantile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}
