import type { Outcome } from '../../../src/core/model/attempt.ts';
import type { LoopState } from '../../../src/core/model/loop.ts';
import type { TimelineAttempt } from '../../../src/core/ports/historyQueries.ts';

const TITLES = [
  'Fix the flaky test',
  'Update the changelog',
  'Rename the module',
  'Write docs for the API',
  'Upgrade the compiler',
];

/**
 * Attempts of so many loops in four slots up to `now` (wall time, ms), the same each time: some fail, some are
 * restarted, the last ones run.
 */
export function manyLoops(loops: number, now: number, spanMs: number, running = 3): TimelineAttempt[] {
  let seed = 7;
  const random = () => {
    seed = (seed * 48271) % 2147483647;
    return seed / 2147483647;
  };
  const slots = [0, 0, 0, 0].map((_, i) => now - spanMs + i * 1000);
  const length = (spanMs / loops) * 4;
  const attempts: TimelineAttempt[] = [];
  for (let seq = 1; seq <= loops; seq++) {
    const fails = random() < 0.12;
    const cancelled = random() < 0.04;
    const tries = fails ? 1 + Math.floor(random() * 3) : random() < 0.08 ? 2 : 1;
    const live = seq > loops - running;
    let at = 0;
    for (let number = 1; number <= tries; number++) {
      const slot = slots.indexOf(Math.min(...slots));
      const startedAt = Math.round(Math.max(slots[slot] ?? 0, at) + length * 0.05 * random());
      const endedAt = Math.round(startedAt + (length * (0.2 + random() * 0.8)) / tries);
      const last = number === tries;
      const outcome: Outcome = !last || fails ? 'exit' : cancelled ? 'cancelled' : 'ok';
      const state: LoopState = live ? 'running' : fails ? 'failed' : cancelled ? 'cancelled' : 'completed';
      const cost = Math.round(random() * 5e7);
      attempts.push({
        id: attempts.length + 1,
        seq,
        loopId: `loop-${seq}`,
        title: `${TITLES[seq % TITLES.length]} ${seq}`,
        agent: ['claude', 'codex', 'sample'][seq % 3] ?? 'sample',
        number,
        startedAt: Math.min(startedAt, now - 1000),
        ...(live && last ? {} : { endedAt: Math.min(endedAt, now - 10), outcome }),
        cost,
        costEstimated: seq % 3 === 1 ? cost : 0,
        state,
      });
      slots[slot] = endedAt;
      at = endedAt + length * 0.1;
    }
  }
  return attempts;
}
