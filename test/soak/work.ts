import type { Seeded } from '../support/seeded.ts';

const MOST_STEPS = 5;
const MOST_STEP_NANO = 5_000_000;
/** What an honest attempt costs at most, 10⁻⁹ USD: the estimate of every loop. */
export const LONGEST_ATTEMPT_NANO = MOST_STEPS * MOST_STEP_NANO;
/** A claim that is an amount, though beyond every estimate: it counts. */
const HUGE_NANO = 3_000_000_000;

/** What lying agents write as their cost: all but the last are no amounts, and must not count. */
const LIES: readonly string[] = [
  '{"cost":-5000000}',
  '{"cost":1e999}',
  '{"cost":-1e999}',
  '{"cost":"12"}',
  '{"cost":null}',
  '{"cost":[7]}',
  '{"cost":1e300}',
  '{"cost":0.5}',
  '{"cost":9007199254740993}',
  '{"cost":true}',
];

/** One loop's work. */
export interface Work {
  readonly prompt: string;
  readonly estimatedCostUsd: number;
  readonly mischief: string;
  /** What it may claim beyond its estimate, 10⁻⁹ USD. */
  readonly excuseNano: number;
}

export function makeWork(random: Seeded): Work {
  const mischief = random.pick([
    'none',
    'none',
    'none',
    'none',
    'none',
    'fork',
    'fork',
    'lie',
    'lie',
    'crash',
    'hang',
    'flood',
  ]) as string;
  const isHuge = mischief === 'lie' && random.chance(0.05);
  const steps = random.between(1, MOST_STEPS);
  const attempts = random.between(1, 2);
  const prompt = JSON.stringify({
    steps,
    stepMs: random.between(5, 120),
    cost: random.between(1, MOST_STEP_NANO),
    mischief,
    // A lie does not make an attempt fail: there is no second one unless it is killed.
    attempts,
    lie: isHuge ? JSON.stringify({ cost: HUGE_NANO }) : random.pick(LIES),
  });
  return {
    prompt,
    estimatedCostUsd: LONGEST_ATTEMPT_NANO / 1e9,
    mischief,
    excuseNano: isHuge ? HUGE_NANO * steps * attempts : 0,
  };
}
