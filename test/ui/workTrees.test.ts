import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';

describe('work trees of loops, in the workbench', () => {
  const host = useWorkbench({
    settings: {
      'loopSupervisor.defaultAgent': 'sample',
      'loopSupervisor.isolation': 'worktree',
      'loopSupervisor.checks': { 'Work is finished': 'grep -qx finished sample-work.md' },
    },
    size: { width: 1400, height: 900 },
    files: { 'readme.md': '# Project\n' },
  });
  const git = (...args: string[]) => execFileSync('git', args, { cwd: host.workspace, encoding: 'utf8' }).trim();
  /** What belongs to the user, in bytes. */
  const mine = () => [
    readFileSync(join(host.workspace, '.git', 'index')).toString('base64'),
    readFileSync(join(host.workspace, 'readme.md'), 'utf8'),
    git('stash', 'list'),
    git('status', '--porcelain'),
  ];

  before('make the workspace a repository with uncommitted work', () => {
    git('init', '--quiet', '--initial-branch=main');
    git('config', 'user.name', 'Ada');
    git('config', 'user.email', 'ada@example.com');
    git('add', '--all');
    git('commit', '--quiet', '-m', 'Begin');
    writeFileSync(join(host.workspace, 'readme.md'), '# Project\n\nNot committed yet.\n');
    git('status');
  });

  async function submit(prompt: string, from = /From the Last Commit/): Promise<void> {
    const { window } = host;
    await window.tree.show();
    await window.command('Submit in Its Own Work Tree…');
    await window.input.answer('The text for the agent', prompt);
    await window.input.asked('What the loop starts from');
    await window.input.pick(from);
  }

  it('R12.4 submit, review and merge: the commit is there, work tree and branch are gone, and nothing else changed', async () => {
    const { window } = host;
    const before = mine();
    await submit('Write the file [quick] [finish] [cost 0.01]');
    await window.tree.becomes(/^Write the file/, 'completed');
    assert.deepEqual(mine(), before, 'it worked beside the user');
    assert.match(git('branch', '--list', 'loops/*'), /loops\/write-the-file/);
    const said = await until('what it has changed', async () => {
      const text = await window.tree.spoken(/^Write the file/);
      return text.includes('in 1 file') && text;
    });
    assert.match(said, /\d+ lines? added, 0 removed in 1 file/);
    await window.tree.contextAction(/^Write the file/, 'Review Changes');
    await until('the diff editor', async () => (await window.editor.tabs()).some((tab) => tab.includes('Changes of')));
    await until('the file in it', () => window.page.getByText('sample-work.md').first().isVisible());
    await window.screenshot('review');
    await window.tree.contextAction(/^Write the file/, 'Merge…');
    await window.notices.pressInDialog(/Merge “Write the file.*” into main\?/, 'Merge');
    await window.notices.says(/Merged “Write the file.*” into main\./);
    assert.match(git('log', '-1', '--format=%B'), /^Write the file.*Loop-Id: loop-/s);
    assert.deepEqual([git('branch', '--list', 'loops/*'), git('worktree', 'list').split('\n').length], ['', 1]);
    assert.equal(git('for-each-ref', '--format=%(refname)'), 'refs/heads/main');
    assert.deepEqual([mine()[1], mine()[2], mine()[3]], before.slice(1));
  });

  it('R12.4 a second merge of the same lines warns of conflicts, and Abort undoes it', async () => {
    const { window } = host;
    await submit('First one [quick] [finish 2] [cost 0.01]');
    await submit('Second one [quick] [finish 3] [cost 0.01]');
    for (const loop of [/^First one/, /^Second one/]) await window.tree.becomes(loop, 'completed');
    writeFileSync(join(host.workspace, 'sample-work.md'), 'mine\n');
    git('commit', '--quiet', '-m', 'Mine', 'sample-work.md');
    const before = mine();
    const head = git('rev-parse', 'HEAD');
    await window.tree.contextAction(/^Second one/, 'Merge…');
    await window.notices.pressInDialog(/will conflict in 1 file/, 'Merge with Conflicts');
    await window.notices.says(/conflicts in sample-work\.md/);
    assert.match(git('status', '--porcelain'), /^(UU|AA) sample-work\.md/m);
    await window.notices.press(/conflicts in sample-work\.md/, 'Abort');
    await window.notices.says(/was aborted\. Nothing is lost/);
    assert.deepEqual([git('rev-parse', 'HEAD'), mine().slice(1)], [head, before.slice(1)]);
    assert.match(git('branch', '--list', 'loops/*'), /second-one/);
  });

  it('R12.5 R12.6 continues with another prompt in its work tree, and is discarded after a question', async () => {
    const { window } = host;
    await window.tree.show();
    const before = await window.tree.spoken(/^First one/);
    await window.tree.contextAction(/^First one/, 'Continue with…');
    await window.input.answer('What should the agent do next?', 'More of it [quick] [finish]');
    await until('the end of its second attempt', async () => {
      const text = await window.tree.spoken(/^First one/);
      return text !== before && text.includes('completed');
    });
    await window.tree.contextAction(/^First one/, 'Discard…');
    await window.notices.pressInDialog(/Discard what “First one.*” did\?/, 'Discard');
    await until('its branch is gone', async () => !git('branch', '--list', 'loops/*').includes('first-one'));
    assert.equal(git('worktree', 'list').split('\n').length, 2, 'the other one stays');
  });

  it('R12.4 Create Pull Request pushes only after a question that names branch and remote; the work tree stays', async () => {
    const { window } = host;
    const remote = mkdtempSync(join(tmpdir(), 'loop-remote-'));
    git('init', '--quiet', '--bare', remote);
    git('remote', 'add', 'origin', remote);
    const pushed = () => git('--git-dir', remote, 'for-each-ref', '--format=%(refname)');
    const question = /Push branch loops\/pull-me.* to origin\?/;
    try {
      await submit('Pull me [quick] [finish] [cost 0.01]');
      await window.tree.becomes(/^Pull me/, 'completed');
      await window.tree.contextAction(/^Pull me/, 'Create Pull Request…');
      await window.notices.pressInDialog(question, 'Cancel');
      assert.equal(pushed(), '');
      await window.tree.contextAction(/^Pull me/, 'Create Pull Request…');
      await window.notices.pressInDialog(question, 'Push');
      await window.notices.says(/Pushed loops\/pull-me.* to origin\./);
      assert.match(pushed(), /^refs\/heads\/loops\/pull-me\S*$/);
      assert.match(git('worktree', 'list'), /pull-me/);
    } finally {
      git('remote', 'remove', 'origin');
      rmSync(remote, { recursive: true });
    }
  });

  it('R11.8 R12.4 the details show the changes of each round, and the files of an earlier one are merged', async () => {
    const { window } = host;
    writeFileSync(join(host.workspace, 'sample-work.md'), 'to do\n');
    git('add', 'sample-work.md');
    git('commit', '--quiet', '-m', 'Say what is to do', 'sample-work.md');
    await window.tree.show();
    await window.command('Submit with Check…');
    await window.input.answer('The text for the agent', 'By rounds [quick] [finish 2] [cost 0.01]');
    await window.input.asked('What must pass?');
    await window.input.pick('Work is finished');
    await window.tree.becomes(/^By rounds/, 'completed');
    await window.tree.contextAction(/^By rounds/, 'Show Details');
    const tabs = window.page.locator('.tabs-container .tab');
    const details = async () => {
      await tabs.filter({ has: window.page.locator('.label-name').filter({ hasText: /^By rounds/ }) }).click();
      return window.panel('By rounds');
    };
    const rounds = [
      { round: 1, before: ['to do'], after: ['- step 1', 'score: 10', 'unfinished'] },
      { round: 2, before: ['- step 1', 'unfinished'], after: ['- step 1', '- step 2', 'score: 20', 'finished'] },
    ];
    for (const { round, before, after } of rounds) {
      await (await details()).getByRole('button', { name: `Changes of Round ${round}` }).click();
      const tab = tabs.and(window.page.locator('.active')).filter({ hasText: `in round ${round}` });
      await until(`the changes of round ${round}`, async () => {
        const [was, is] = [await window.editor.diff('original'), await window.editor.diff('modified')];
        const isShown = before.every((line) => was.includes(line)) && after.every((line) => is.includes(line));
        if (isShown && (await tab.isVisible())) return true;
        throw new Error(JSON.stringify([await window.editor.tabs(), was, is]));
      });
      await window.screenshot(`review-round-${round}`);
    }
    await (await details()).getByRole('button', { name: 'Use Round 1' }).click();
    await window.notices.says(/work tree of “By rounds.*” has the files of round 1\. What was there is kept\./);
    await (await details()).getByRole('button', { name: 'Merge…' }).click();
    await window.notices.pressInDialog(/Merge “By rounds.*” into main\?/, 'Merge');
    await window.notices.says(/Merged “By rounds.*” into main\./);
    assert.match(git('show', 'HEAD:sample-work.md'), /^- step 1\n\nscore: 10\nunfinished$/m);
    assert.doesNotMatch(`${git('branch', '--list', 'loops/*')} ${git('worktree', 'list')}`, /by-rounds/);
  });
});
