import assert from 'node:assert/strict';
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { withFaults } from '../support/faults.ts';
import { GitBench } from './support.ts';

describe('work trees in our storage', () => {
  let bench: GitBench;
  beforeEach(() => {
    bench = new GitBench();
    bench.commit({ 'a.txt': 'one\n', '.gitignore': 'dist/\nnode_modules/\n' });
  });
  afterEach(() => bench.dispose());

  const make = (loopId: string) => {
    const request = bench.request(loopId);
    return bench.trees.create({ ...request, path: bench.trees.pathOf(`${bench.root}/.git`, loopId) });
  };

  it('R12.6 are found with branch, repository and the time of the last change', async () => {
    const tree = await make('loop-1');
    const [stored] = await bench.trees.stored();
    assert.equal(stored?.path, tree.path);
    assert.deepEqual(stored?.tree, { commonFolder: `${bench.root}/.git`, branch: tree.branch });
    assert.ok((stored?.changedAt ?? 0) > 0);
  });

  it('R12.6 one whose repository is gone is found too, and only what is in our storage can be removed', async () => {
    const tree = await make('loop-1');
    renameSync(bench.root, `${bench.root}-gone`);
    const [stored] = await bench.trees.stored();
    assert.deepEqual([stored?.path, stored?.tree], [tree.path, undefined]);
    await bench.trees.removeStored(`${bench.root}-gone`);
    assert.ok(existsSync(`${bench.root}-gone`));
    await bench.trees.removeStored(tree.path);
    assert.ok(!existsSync(tree.path));
  });

  for (const code of ['EMFILE', 'EIO', 'EACCES', 'ESTALE'])
    it(`R12.6 ${code}: one that cannot be looked at is neither without a repository nor without work`, async () => {
      const tree = await make('loop-1');
      bench.write({ 'b.txt': 'work\n' }, tree.path);
      const faults = {
        code,
        calls: ['readFileSync', 'statSync'] as const,
        path: (path: string) => path.startsWith(tree.path),
      };
      await withFaults(faults, async () => {
        assert.deepEqual(await bench.trees.stored(), []);
        await assert.rejects(bench.trees.unsaved(bench.root, tree), /cannot be looked at/);
      });
      assert.equal((await bench.trees.stored()).length, 1);
      assert.deepEqual((await bench.trees.unsaved(bench.root, tree)).uncommitted, ['b.txt']);
    });

  it('R12.6 an orphan can be let go with its commits on its branch, from the Git folder alone', async () => {
    const tree = await make('loop-1');
    bench.write({ 'b.txt': 'work\n' }, tree.path);
    const common = `${bench.root}/.git`;
    const orphan = { ...tree, base: '', cwd: tree.path };
    assert.equal(await bench.trees.commitRest(orphan, { loopId: 'x', title: 'Work' }, false), true);
    assert.equal((await bench.trees.unsaved(common, orphan)).commits, 1);
    await bench.trees.remove(common, orphan, true);
    assert.ok(!existsSync(tree.path));
    assert.equal(bench.git('show', `${tree.branch}:b.txt`), 'work');
    assert.equal(bench.git('worktree', 'list').split('\n').length, 1);
  });

  it('R12.6 one that its agent moved to another branch, or to none, loses no commit and removes nobody else’s branch', async () => {
    bench.git('branch', 'develop');
    bench.commit({ 'a.txt': 'two\n' });
    for (const [loopId, leave] of [
      ['loop-1', ['develop']],
      ['loop-2', ['--detach']],
    ] as const) {
      const tree = await make(loopId);
      bench.git('-C', tree.path, 'checkout', '--quiet', ...leave);
      const { tree: found } = (await bench.trees.stored()).find(({ path }) => path === tree.path) ?? {};
      assert.equal(found?.branch, `loops/${loopId}`);
      bench.write({ 'b.txt': `${loopId}\n` }, tree.path);
      const orphan = { ...tree, branch: found?.branch ?? '', base: '' };
      await bench.trees.commitRest(orphan, { loopId, title: 'Work' }, false);
      assert.equal((await bench.trees.unsaved(bench.root, orphan)).commits, 1);
      await bench.trees.remove(bench.root, orphan, true);
      assert.equal(bench.git('show', `loops/${loopId}:b.txt`), loopId);
    }
    assert.equal(bench.git('log', '-1', '--format=%s', 'develop'), 'Change');
    assert.equal(bench.git('rev-parse', 'develop'), bench.git('rev-parse', 'main~1'));
  });

  it('R12.6 ignored files of the set-up are not the loop’s, those that come later are', async () => {
    const tree = await make('loop-1');
    bench.write({ 'node_modules/x/index.js': '' }, tree.path);
    await bench.trees.noteSetUp(tree);
    bench.write({ 'dist/out.js': '' }, tree.path);
    assert.deepEqual((await bench.trees.unsaved(bench.root, tree)).ignored, ['dist/']);
  });

  it('R12.6 one that a crash left half made is known as such', async () => {
    const whole = await make('loop-1');
    const path = bench.trees.pathOf(`${bench.root}/.git`, 'loop-2');
    bench.git('worktree', 'add', '--quiet', '--no-checkout', '-b', 'loops/half', path);
    const found = await bench.trees.stored();
    const halfMade = found.filter(({ isHalfMade }) => isHalfMade);
    assert.deepEqual([found.length, halfMade.map((one) => one.path)], [2, [path]]);
    assert.ok(existsSync(whole.path));
  });

  it('R12.6 a removal that a crash interrupted is finished, and never taken for deleted files', async () => {
    const tree = await make('loop-1');
    renameSync(tree.path, `${tree.path}.removed`);
    assert.deepEqual(await bench.trees.stored(), []);
    assert.ok(!existsSync(`${tree.path}.removed`));
    await bench.trees.remove(bench.root, tree, false);
    assert.deepEqual(
      [bench.git('worktree', 'list').split('\n').length, bench.git('branch', '--list', 'loops/*')],
      [1, ''],
    );
  });

  it('R12.6 a work tree of the user’s on a disk that is away stays known to Git', async () => {
    const theirs = join(bench.home, 'usb', 'tree');
    bench.git('worktree', 'add', '--quiet', '-b', 'theirs', theirs);
    renameSync(join(bench.home, 'usb'), join(bench.home, 'away'));
    const tree = await make('loop-1');
    rmSync(tree.path, { recursive: true });
    const again = await make('loop-1');
    await bench.trees.remove(bench.root, again, false);
    renameSync(join(bench.home, 'away'), join(bench.home, 'usb'));
    assert.equal(bench.git('-C', theirs, 'status', '--porcelain'), '');
  });

  it('R12.2 changes kept for a submit and never used are removed after a while', async () => {
    bench.write({ 'a.txt': 'changed\n' });
    for (const name of ['carry-1/1', 'carry-2/1', '7/1']) await bench.trees.snapshot(bench.root, name);
    const later = Date.now() + 60_000;
    await bench.trees.forgetGroups('carry-', ['carry-2'], 0);
    await bench.trees.forgetGroups('carry-', ['carry-2'], later);
    const refs = bench.git('--git-dir', snapshots(bench), 'for-each-ref', '--format=%(refname)');
    assert.deepEqual(refs.split('\n'), ['refs/loops/7/1', 'refs/loops/carry-2/1']);
  });

  it('R12.1 a scratch repository has what is in it as its first commit, and can be merged into without any identity', async () => {
    const folder = join(bench.home, 'scratch');
    bench.write({ 'readme.md': 'x\n' }, folder);
    await bench.trees.makeScratch(folder);
    const look = await bench.trees.look(folder);
    assert.ok(look.kind === 'repository' && look.repository.branch === 'main');
    assert.equal(bench.git('-C', folder, 'config', '--local', 'user.name'), 'Loop Supervisor');
    assert.equal(bench.git('-C', folder, 'show', 'HEAD:readme.md'), 'x');
  });

  it('R12.6 one that goes on from the branch of a work tree that was removed has its commits', async () => {
    const tree = await make('loop-1');
    bench.write({ 'b.txt': 'work\n' }, tree.path);
    await bench.trees.commitRest(tree, { loopId: 'x', title: 'Work' }, true);
    await bench.trees.remove(bench.root, tree, true);
    const request = { ...bench.request('loop-1'), path: tree.path, branch: tree.branch };
    const again = await bench.trees.create(request);
    assert.deepEqual([again.branch, existsSync(`${again.path}/b.txt`)], [tree.branch, true]);
  });
});

/** Our only repository of snapshots. */
function snapshots({ storage }: GitBench): string {
  const [name = ''] = readdirSync(join(storage, 'snapshots'));
  return join(storage, 'snapshots', name);
}
