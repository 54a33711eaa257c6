import type { PushPlan, PushRemote } from '../../core/ports/workTrees.ts';
import { count } from '../text/format.ts';
import { oneLine } from '../text/safeText.ts';

type ReadyPlan = Extract<PushPlan, { kind: 'ready' }>;

const LONGEST_NAME = 200;

/** The question before anything is pushed: it names branch and remote (R12.4). */
export function pushQuestion({ branch }: ReadyPlan, { name }: PushRemote): string {
  return `Push branch ${oneLine(branch, LONGEST_NAME)} to ${oneLine(name, LONGEST_NAME)}?`;
}

/** What exactly is pushed, where to, and what follows. */
export function pushDetail({ commits, uncommitted }: ReadyPlan, { address, into }: PushRemote): string {
  const what = [
    ...(commits > 0 ? [count(commits, 'commit')] : []),
    ...(uncommitted > 0 ? [`${count(uncommitted, 'uncommitted file')}, committed first`] : []),
  ];
  const target = into === undefined ? '' : ` into ${oneLine(into, LONGEST_NAME)}`;
  return [
    oneLine(address, LONGEST_NAME),
    what.join(' and '),
    `Then the page opens on which you write the pull request${target}. The work tree stays.`,
  ].join('\n\n');
}
