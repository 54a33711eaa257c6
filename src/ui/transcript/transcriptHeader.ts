import { isActive, isLive } from '../../core/model/loop.ts';
import type { LoopDetail } from '../../core/model/status.ts';
import { reasonOf } from '../text/loopText.ts';
import type { TranscriptHeader } from './protocol.ts';

/** What the head of the page shows of a loop. */
export function headerOf({ loop, costUsd, costEstimated }: LoopDetail): TranscriptHeader {
  const why = reasonOf(loop);
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
    live: isLive(loop),
  };
}
