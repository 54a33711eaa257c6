import type { FinishedLoop } from '../../core/model/loop.ts';
import { toUsd } from '../../core/model/money.ts';
import { formatClock, formatNumber, formatUsd } from '../text/format.ts';

/** After an absence of this long (ms), one summary replaces single notices. */
export const ABSENCE_MS = 4 * 3_600_000;
/** After this long without focus (ms), notices wait: nobody would see them. */
export const AWAY_MS = 30 * 60_000;

/** What happened during an absence. */
export interface Happened {
  readonly finished: readonly FinishedLoop[];
  /** Loops that need the user now. */
  readonly needYou: number;
  /** Whether an agent is the demo, whose costs are play money. */
  isDemo(agent: string): boolean;
}

/** What was absent: the user, or every window while the headless host went on (R15.1). */
export type Absent = 'you were away' | 'no window was open';

/** Summarizes what happened since `from` (wall time, ms); undefined if nothing did. */
export function absenceSummary(
  { finished, needYou, isDemo }: Happened,
  from: number,
  now: number,
  absent: Absent = 'you were away',
): string | undefined {
  const of = (state: FinishedLoop['state']) => finished.filter((loop) => loop.state === state).length;
  const counts = [
    [of('completed'), 'completed'],
    [of('failed'), 'failed'],
    [needYou, needYou === 1 ? 'needs you' : 'need you'],
  ] as const;
  const said = counts.flatMap(([n, what]) => (n > 0 ? [`${formatNumber(n)} ${what}`] : []));
  if (said.length === 0) return undefined;
  const cost = finished.reduce((sum, loop) => sum + (isDemo(loop.agent) ? 0 : loop.cost), 0);
  const paid = cost > 0 ? ` Finished loops cost ${formatUsd(toUsd(cost))}.` : '';
  return `While ${absent} since ${formatClock(from, now)}: ${said.join(', ')}.${paid}`;
}
