import type { CheckOutcome } from '../../core/model/check.ts';
import type { AttemptDetail, LoopDetail } from '../../core/model/loopDetail.ts';
import { oneLine } from './safeText.ts';

/** How a check ended, as people say it. */
export const CHECK_WORDS: { readonly [outcome in CheckOutcome]: string } = {
  passed: 'passed',
  failed: 'did not pass',
  timeout: 'took too long',
  unstartable: 'could not be started',
};

type Run = Pick<AttemptDetail, 'number' | 'isCheck' | 'isSetup' | 'round'>;

/** What a run was for: an attempt of the agent, the work of a round, or its check (R11). */
export function runLabel({ number, isCheck, isSetup, round }: Run): string {
  if (isSetup) return 'Set-up of its work tree';
  if (isCheck) return round === 0 ? 'Check before the first round' : `Check of round ${round}`;
  return round === undefined ? `Attempt ${number}` : `Round ${round}`;
}

/** The same within a sentence: `round 2`, `the check of round 2`. */
export function runPlace(run: Run): string {
  const label = runLabel(run);
  return `${run.isCheck || run.isSetup ? 'the ' : ''}${label[0]?.toLowerCase()}${label.slice(1)}`;
}

/** What the agent said last in a loop's latest run of it; undefined where it has said nothing. */
export function lastWordsOf({ attempts }: Pick<LoopDetail, 'attempts'>): string | undefined {
  return attempts.findLast(({ isCheck }) => !isCheck)?.lastWords;
}

/** What the last check of a loop's work has shown, in a few words; undefined where none has run yet (R11.2). */
export function proofWords({ loop, checks }: Pick<LoopDetail, 'loop' | 'checks'>): string | undefined {
  const last = checks.findLast(({ round }) => round > 0);
  if (!loop.check || !last) return undefined;
  return `${oneLine(loop.check.command, 40)} ${CHECK_WORDS[last.outcome]} in round ${last.round}`;
}
