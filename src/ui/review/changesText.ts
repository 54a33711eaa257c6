import type { Loop } from '../../core/model/loop.ts';
import type { LoopChanges, WorkTreeOutcome } from '../../core/model/workTree.ts';
import { count, formatNumber } from '../text/format.ts';

/** `+12 −3 in 4 files`; empty where nothing has changed. */
export function changesText(changes: Pick<LoopChanges, 'files' | 'insertions' | 'deletions'> | undefined): string {
  if (!changes || changes.files === 0) return '';
  const { files, insertions, deletions } = changes;
  return `+${formatNumber(insertions)} −${formatNumber(deletions)} in ${count(files, 'file')}`;
}

/** The same for a screen reader. */
export function speakChanges(changes: LoopChanges | undefined): string {
  if (!changes || changes.files === 0) return '';
  const { files, insertions, deletions } = changes;
  return `${count(insertions, 'line')} added, ${formatNumber(deletions)} removed in ${count(files, 'file')}`;
}

const OUTCOMES: { readonly [how in WorkTreeOutcome['how']]: string } = {
  merged: 'merged',
  squashed: 'merged',
  applied: 'applied',
  kept: 'branch kept',
  discarded: 'discarded',
  removed: 'work tree gone',
};

/** What has become of a loop's work: `merged`. Empty while it is where the loop left it. */
export function outcomeText({ workTree }: Pick<Loop, 'workTree'>): string {
  if (workTree?.merging) return 'merge has conflicts';
  return workTree?.outcome && !workTree.made ? OUTCOMES[workTree.outcome.how] : '';
}
