import type { Status } from '../../core/model/status.ts';
import { count, formatNumber } from '../text/format.ts';

/** The badge of the view: what waits for an answer, or else how many loops run. */
export function badgeOf({
  asking,
  concurrencyUsed,
  concurrencyMax,
}: Status): { value: number; tooltip: string } | undefined {
  const running = `${formatNumber(concurrencyUsed)} of ${formatNumber(concurrencyMax)} loops running`;
  if (asking.length > 0)
    return { value: asking.length, tooltip: `${count(asking.length, 'question')} to answer, ${running}` };
  return concurrencyUsed === 0 ? undefined : { value: concurrencyUsed, tooltip: running };
}
