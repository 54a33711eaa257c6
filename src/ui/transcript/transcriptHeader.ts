import { isActive, isLive } from '../../core/model/loop.ts';
import type { LoopDetail } from '../../core/model/loopDetail.ts';
import { ANY_MACHINE } from '../../core/model/repository.ts';
import { reasonOf } from '../text/loopText.ts';
import { oneLine } from '../text/safeText.ts';
import type { TranscriptHeader } from './protocol.ts';

/** What the head of the page shows of a loop. `isDemo`: whether its costs are play money. */
export function headerOf({ loop, costUsd, costEstimated, machine }: LoopDetail, isDemo: boolean): TranscriptHeader {
  const why = [otherMachine(machine), reasonOf(loop)].filter((text) => text !== undefined).join('. ') || undefined;
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

/** Runs leave their output on the machine that runs them (R16.4). */
function otherMachine(machine: string | undefined): string | undefined {
  if (machine === undefined || machine === ANY_MACHINE) return undefined;
  return `Its output is on ${oneLine(machine, 60)}, where it runs: open it in a window there`;
}
