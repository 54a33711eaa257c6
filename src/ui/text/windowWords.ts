import type { UsageWindow } from '../../core/model/usageWindow.ts';
import { formatClock } from './format.ts';
import { oneLine } from './safeText.ts';

/** How full a usage window is: `five hour window 72 %, resets 15:40`. */
export function windowWords({ name, used, resetsAt }: UsageWindow, now: number): string {
  const resets = resetsAt === undefined ? '' : `, resets ${formatClock(resetsAt, now)}`;
  return `${oneLine(name, 40)} window ${Math.round(used * 100)} %${resets}`;
}
