import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { WorkTreeOutcome } from '../../src/core/model/workTree.ts';
import { changesText, outcomeText, speakChanges } from '../../src/ui/review/changesText.ts';
import { pushDetail, pushQuestion } from '../../src/ui/review/pushText.ts';
import { resumeArguments } from '../../src/ui/review/resumeLine.ts';
import { NO_CONTEXT } from '../../src/ui/text/loopText.ts';
import { finishedRow, liveRow } from '../../src/ui/tree/loopRow.ts';
import { completed, facts, here } from './support/views.ts';

const CHANGES = { commonFolder: '/r/.git', start: 'a', now: 'b', files: 4, insertions: 12, deletions: 3 };
const TREE = { root: '/r', commonFolder: '/r/.git', from: '/r', name: 'fix-1', base: 'c' };
const MADE = { path: '/w', branch: 'loops/fix-1' };

const menuEntries: { command: string; when: string }[] = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
).contributes.menus['view/item/context'];

describe('what a loop has changed, in words', () => {
  it('R12.3 a loop’s row shows changed lines and files, and what became of them', () => {
    const row = (more: object) => finishedRow(completed('a', more), 0, NO_CONTEXT, false);
    assert.match(row({ changes: CHANGES }).description, / · \+12 −3 in 4 files/);
    assert.match(row({ changes: CHANGES }).spoken, /12 lines added, 3 removed in 4 files/);
    const outcome: WorkTreeOutcome = { how: 'merged', at: 0 };
    assert.match(row({ changes: CHANGES, workTree: { ...TREE, outcome } }).description, /in 4 files · merged/);
    assert.equal(changesText({ files: 1, insertions: 1, deletions: 0 }), '+1 −0 in 1 file');
    assert.deepEqual([changesText({ ...CHANGES, files: 0 }), speakChanges(undefined)], ['', '']);
    assert.equal(outcomeText({ workTree: { ...TREE, made: MADE, merging: 'squash' } }), 'merge has conflicts');
  });

  it('R12.4 menus appear if there is something to review or bring home', () => {
    const context = (more: object) => finishedRow(completed('a', more), 0, NO_CONTEXT, false).context;
    assert.equal(context({}), 'loop completed final');
    assert.equal(context({ changes: CHANGES }), 'loop completed final changed');
    assert.equal(
      context({ changes: CHANGES, workTree: { ...TREE, made: MADE } }),
      'loop completed final changed worktree',
    );
    assert.equal(context({ sessionId: 's', workTree: TREE }), 'loop completed final session');
    assert.match(context({ workTree: { ...TREE, made: MADE, merging: 'merge' } }), /worktree merging/);
  });

  it('R12.1 a loop whose work tree is being made says so', () => {
    const row = liveRow(here({ ...facts('a', { since: 0 }), state: 'preparing' }), 3_000, () => '', NO_CONTEXT);
    assert.match(row.description, /3s · .*setting up its work tree/);
    assert.match(row.context, /^loop preparing live here/);
    const menus = menuEntries.filter(({ command }) => command === 'loopSupervisor.cancel');
    for (const { when } of menus) assert.match(row.context, new RegExp(/=~ \/(.*)\//.exec(when)?.[1] ?? 'none'));
  });

  it('R12.4 a session id that is more than an id is never passed to a program', () => {
    const args = ['--resume', '${session}'];
    assert.deepEqual(resumeArguments(args, '2fe6-_1'), ['--resume', '2fe6-_1']);
    for (const id of ['', '-x', '--yolo', 'a b', 'a;b', '$(x)', 'a\nb', 'x'.repeat(300), undefined])
      assert.equal(resumeArguments(args, id), undefined, id);
    assert.equal(resumeArguments(undefined, 'a'), undefined);
  });

  it('R12.4 the question before a push names branch and remote, and says what is pushed and where to', () => {
    const plan = { kind: 'ready', branch: 'loops/fix-1', remotes: [], commits: 2, uncommitted: 1 } as const;
    const remote = { name: 'origin', address: 'git@github.com:me/repo.git', into: 'main' };
    assert.equal(pushQuestion(plan, remote), 'Push branch loops/fix-1 to origin?');
    assert.equal(
      pushDetail(plan, remote),
      'git@github.com:me/repo.git\n\n2 commits and 1 uncommitted file, committed first\n\n' +
        'Then the page opens on which you write the pull request into main. The work tree stays.',
    );
    assert.match(pushDetail({ ...plan, uncommitted: 0 }, { name: 'o', address: '/x' }), /^\/x\n\n2 commits\n/);
  });
});
