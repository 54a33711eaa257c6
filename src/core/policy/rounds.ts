import type { Check, CheckResult, RoundBound, ScoreSpec } from '../model/check.ts';
import type { NanoUsd } from '../model/money.ts';

/** How many rounds in a row that change nothing count as no progress (R11.3). */
const UNCHANGED_ROUNDS = 2;
/** How many rounds in a row without a better score count as no progress (R11.8). */
const ROUNDS_WITHOUT_BETTER_SCORE = 3;
/** How many check timeouts in a row make the loop wait for you (R11.2). */
const TIMEOUTS = 2;

/** What becomes of a loop after its check has run (R11.2, R11.3). */
export type AfterCheck =
  | { readonly next: 'completed' }
  | { readonly next: 'round'; readonly round: number }
  | { readonly next: 'wait'; readonly bound: RoundBound };

/** The bounds of the rounds. *Continue* grants as much again (R11.3). */
export interface RoundLimits {
  readonly check: Check;
  /** Rounds granted so far. */
  readonly maxRounds: number;
  /** Wall time (ms) at which the granted time is over; absent: no bound. */
  readonly until?: number;
  /** What is left of the loop's own cap, 10⁻⁹ USD; absent: no cap. */
  readonly costLeft?: NanoUsd;
  /** Results up to this index were seen when the user said *Continue*: they are no reason to stop again. */
  readonly seen: number;
}

/** Decides what follows the last of `results` (oldest first; those of round 0 only say what was there before). */
export function afterCheck(results: readonly CheckResult[], limits: RoundLimits, now: number): AfterCheck {
  const last = results.at(-1);
  if (!last || last.round === 0) return { next: 'round', round: 1 };
  if (last.outcome === 'passed') return { next: 'completed' };
  if (last.outcome === 'unstartable') return { next: 'wait', bound: 'checkUnstartable' };
  const bound = boundReached(results, limits, last, now);
  return bound === undefined ? { next: 'round', round: last.round + 1 } : { next: 'wait', bound };
}

function boundReached(
  results: readonly CheckResult[],
  { check, maxRounds, until, costLeft, seen }: RoundLimits,
  last: CheckResult,
  now: number,
): RoundBound | undefined {
  const fresh = results.slice(seen).filter(({ round }) => round > 0);
  if (fresh.length >= TIMEOUTS && fresh.slice(-TIMEOUTS).every(({ outcome }) => outcome === 'timeout'))
    return 'checkTimeouts';
  if (last.round >= maxRounds) return 'maxRounds';
  if (costLeft !== undefined && costLeft <= 0) return 'maxCost';
  if (until !== undefined && now >= until) return 'maxMinutes';
  if (unchangedInARow(results, fresh.length) >= UNCHANGED_ROUNDS) return 'noProgress';
  if (check.score && roundsWithoutBetter(fresh, check.score) >= ROUNDS_WITHOUT_BETTER_SCORE) return 'noBetterScore';
  return undefined;
}

/** How many of the last `most` results in a row left output and tree as some earlier round had them. */
function unchangedInARow(results: readonly CheckResult[], most: number): number {
  let count = 0;
  for (let at = results.length - 1; at > 0 && count < most; at--, count++) {
    const result = results[at] as CheckResult;
    if (!results.slice(0, at).some((earlier) => isSame(earlier, result))) break;
  }
  return count;
}

function isSame(one: CheckResult, other: CheckResult): boolean {
  return one.digest === other.digest && one.tree === other.tree && one.outcome === other.outcome;
}

/** How many rounds have passed since the best score; 0 where no round had one. */
function roundsWithoutBetter(results: readonly CheckResult[], score: ScoreSpec): number {
  const best = bestRound(results, score);
  if (!best) return 0;
  return results.length - 1 - results.indexOf(best);
}

/** The round with the best score, the earliest of equal ones; undefined where none has a score (R11.8). */
export function bestRound(results: readonly CheckResult[], { better }: ScoreSpec): CheckResult | undefined {
  let best: CheckResult | undefined;
  for (const result of results) {
    if (result.score === undefined) continue;
    const isBetter =
      best?.score === undefined || (better === 'higher' ? result.score > best.score : result.score < best.score);
    if (isBetter) best = result;
  }
  return best;
}
