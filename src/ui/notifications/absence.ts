import type { FinishedLoop } from '../../core/model/loop.ts';
import { toUsd } from '../../core/model/money.ts';
import { formatClock, formatNumber, formatUsd } from '../text/format.ts';

/** Nobody has looked for so long (ms): what happened meanwhile is one summary. */
export const ABSENCE_MS = 4 * 3_600_000;
/** The window has been without focus for so long (ms): single notices wait, for nobody sees them come and go. */
export const AWAY_MS = 30 * 60_000;

/** What happened while nobody looked. */
export interface Happened {
  readonly finished: readonly FinishedLoop[];
  /** Loops that wait for the user now. */
  readonly needYou: number;
}

/** One sentence on what happened since `from` (wall time, ms); undefined if nothing did. */
export function absenceSummary({ finished, needYou }: Happened, from: number, now: number): string | undefined {
  const of = (state: FinishedLoop['state']) => finished.filter((loop) => loop.state === state).length;
  const counts = [
    [of('completed'), 'completed'],
    [of('failed'), 'failed'],
    [needYou, needYou === 1 ? 'needs you' : 'need you'],
  ] as const;
  const said = counts.flatMap(([n, what]) => (n > 0 ? [`${formatNumber(n)} ${what}`] : []));
  if (said.length === 0) return undefined;
  const cost = finished.reduce((sum, loop) => sum + loop.cost, 0);
  const paid = cost > 0 ? ` Finished loops cost ${formatUsd(toUsd(cost))}.` : '';
  return `While you were away since ${formatClock(from, now)}: ${said.join(', ')}.${paid}`;
}
