import { isActive, isLive } from '../../core/model/loop.ts';
import type { LoopDetail } from '../../core/model/loopDetail.ts';
import { reasonOf } from '../text/loopText.ts';
import type { TranscriptHeader } from './protocol.ts';

/**
 * What the head of the page shows of a loop. `isDemo`: whether its costs are play money. `away`: what is to be said of
 * its output, where that is on another machine.
 */
export function headerOf(
  { loop, costUsd, costEstimated }: LoopDetail,
  isDemo: boolean,
  away: string | undefined,
): TranscriptHeader {
  const why = [away, reasonOf(loop)].filter((text) => text !== undefined).join('. ') || undefined;
  return {
    loopId: loop.loopId,
    seq: loop.seq,
    title: loop.title,
    agent: loop.agent,
    cwd: loop.cwd,
    state: loop.state,
    since: isActive(loop) ? loop.attempt.startedAt : loop.since,
    ...('until' in loop ? { until: loop.until } : {}),
    ...(why === undefined ? {} : { why }),
    attempts: loop.attempts,
    usd: costUsd,
    estimated: costEstimated,
    demo: isDemo,
    live: isLive(loop),
  };
}
