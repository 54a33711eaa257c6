import type { Loop } from '../model/loop.ts';
import type { OwnWorkTree, WorkTreeOutcome } from '../model/workTree.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';

const WORDS: { readonly [how in WorkTreeOutcome['how']]: string } = {
  merged: 'its work was merged',
  squashed: 'its work was merged as one commit',
  applied: 'its work was applied to the working tree',
  kept: 'its work tree was removed and its branch kept',
  discarded: 'its work tree was discarded',
  removed: 'its work tree is gone',
};

const MERGE_OVER = {
  aborted: 'the merge that stopped at conflicts was aborted',
  'in Git': 'the merge that stopped at conflicts was ended in Git',
} as const;

/**
 * The work tree of a loop is gone (R12.4, R12.6). `base`: the commit that holds the work now, from which the loop would
 * go on.
 */
export function endWorkTree(
  unit: UnitOfWork,
  seq: number,
  outcome: Omit<WorkTreeOutcome, 'at'>,
  base: string | undefined,
): void {
  change(
    unit,
    seq,
    ({ made: _, copies: _1, isSetUp: _2, merging: _3, ...tree }) => ({
      ...tree,
      ...(base !== undefined && { base }),
      outcome: { ...outcome, at: unit.now },
    }),
    WORDS[outcome.how],
  );
}

/** A merge of the loop's work stopped at conflicts in the user's checkout; undefined: it is over. */
export function putMerging(
  unit: UnitOfWork,
  seq: number,
  merging: OwnWorkTree['merging'],
  ended: 'aborted' | 'in Git' = 'aborted',
): void {
  const why = merging ? 'bringing its work home stopped at conflicts' : MERGE_OVER[ended];
  change(unit, seq, ({ merging: _, ...tree }) => ({ ...tree, ...(merging && { merging }) }), why);
}

function change(unit: UnitOfWork, seq: number, next: (tree: OwnWorkTree) => OwnWorkTree, why: string): void {
  const loop: Loop | undefined = unit.liveState.get(seq) ?? unit.tx.bySeq(seq);
  if (!loop?.workTree) return;
  const workTree = next(loop.workTree);
  unit.put({ ...loop, cwd: workTree.made ? loop.cwd : workTree.from, workTree }, why, loop.state);
}
