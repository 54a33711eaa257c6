import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkTree } from '../../src/core/ports/workTrees.ts';
import { filesOf, GitBench } from './support.ts';

const LOOP = { seq: 1, loopId: 'loop-1', title: 'Fix the build' };

describe('bringing work home', () => {
  let bench: GitBench;
  let tree: WorkTree;
  const read = (path: string) => readFileSync(join(bench.root, path), 'utf8');

  beforeEach(async () => {
    bench = new GitBench();
    bench.commit({ 'a.txt': 'one\ntwo\nthree\n', 'b.txt': 'b\n' });
    tree = await bench.trees.create(bench.request());
  });
  afterEach(() => bench.dispose());

  it('R12.4 a merge commits what the agent left, with the title and a trailer', async () => {
    bench.write({ 'a.txt': 'one\n2\nthree\n', 'new.txt': 'n\n' }, tree.path);
    assert.deepEqual(await bench.trees.preview(bench.root, tree, 'merge', LOOP), { kind: 'clean' });
    const result = await bench.trees.bringHome(bench.root, tree, 'merge', LOOP);
    assert.equal(result.kind, 'done');
    assert.equal(read('a.txt'), 'one\n2\nthree\n');
    assert.equal(read('new.txt'), 'n\n');
    assert.equal(
      bench.git('log', '-1', '--format=%s|%(trailers:key=Loop-Id)', tree.branch),
      'Fix the build|Loop-Id: loop-1',
    );
    await bench.trees.remove(bench.root, tree, false);
    assert.equal(bench.git('branch', '--list', 'loops/*'), '');
    assert.equal(bench.git('status', '--porcelain'), '');
  });

  it('R12.4 a squash is one commit', async () => {
    bench.write({ 'a.txt': 'x\n' }, tree.path);
    bench.git('-C', tree.path, 'commit', '--quiet', '--all', '-m', 'wip');
    bench.write({ 'b.txt': 'y\n' }, tree.path);
    assert.equal((await bench.trees.bringHome(bench.root, tree, 'squash', LOOP)).kind, 'done');
    assert.equal(bench.git('log', '--format=%s', '-2'), 'Fix the build\nChange');
    assert.equal(bench.git('status', '--porcelain'), '');
  });

  it('R12.4 an apply leaves uncommitted changes, beside the user’s own', async () => {
    bench.write({ 'a.txt': 'x\n', 'new.txt': 'n\n' }, tree.path);
    bench.write({ 'b.txt': 'mine\n' });
    const head = bench.git('rev-parse', 'HEAD');
    assert.equal((await bench.trees.bringHome(bench.root, tree, 'apply', LOOP)).kind, 'done');
    assert.equal(bench.git('rev-parse', 'HEAD'), head);
    assert.deepEqual([read('a.txt'), read('b.txt'), read('new.txt')], ['x\n', 'mine\n', 'n\n']);
    assert.equal(bench.git('diff', '--cached', '--name-only'), '');
  });

  it('R12.4 a preview changes nothing in the user’s repository, byte for byte', async () => {
    bench.write({ 'a.txt': 'agent\n', 'new.txt': 'n\n', 'ü "x".txt': 'agent\n' }, tree.path);
    bench.commit({ 'a.txt': 'user\n', 'ü "x".txt': 'user\n' });
    bench.write({ 'b.txt': 'mine\n' });
    const before = filesOf(bench.home, (path) => path.startsWith('storage/snapshots'));
    assert.deepEqual(await bench.trees.preview(bench.root, tree, 'merge', LOOP), {
      kind: 'conflicts',
      paths: ['a.txt', 'ü "x".txt'],
    });
    assert.deepEqual(
      filesOf(bench.home, (path) => path.startsWith('storage/snapshots')),
      before,
    );
  });

  it('R12.3 a preview leaves nothing of ours either', async () => {
    await bench.trees.snapshot(tree.path, '1/1');
    bench.write({ 'a.txt': 'agent\n' }, tree.path);
    await bench.trees.preview(bench.root, tree, 'merge', LOOP);
    await bench.trees.forgetEverywhere(['1']);
    assert.deepEqual(readdirSync(join(bench.storage, 'snapshots')), []);
  });

  for (const way of ['merge', 'squash', 'apply'] as const) {
    it(`R12.4 ${way}: conflicts leave Git’s own state, and Abort undoes the merge with nothing lost`, async () => {
      bench.write({ 'a.txt': 'agent\n' }, tree.path);
      bench.commit({ 'a.txt': 'user\n' });
      bench.write({ 'mine.txt': 'uncommitted\n' });
      const head = bench.git('rev-parse', 'HEAD');
      const result = await bench.trees.bringHome(bench.root, tree, way, LOOP);
      assert.deepEqual(result, { kind: 'conflicts', paths: ['a.txt'] });
      assert.match(read('a.txt'), /<<<<<<</);
      assert.equal(await bench.trees.isStopped(bench.root, way), true);
      await bench.trees.abort(bench.root, way);
      assert.deepEqual([read('a.txt'), read('mine.txt')], ['user\n', 'uncommitted\n']);
      assert.equal(bench.git('rev-parse', 'HEAD'), head);
      assert.equal(bench.git('show', `${tree.branch}:a.txt`), 'agent', 'the branch still holds the work');
      assert.equal(await bench.trees.isStopped(bench.root, way), false);
    });
  }

  it('R12.4 is refused with a sentence, before anything is changed', async () => {
    bench.write({ 'a.txt': 'agent\n' }, tree.path);
    const refused = async (pattern: RegExp) => {
      const before = filesOf(bench.root);
      const result = await bench.trees.bringHome(bench.root, tree, 'merge', LOOP);
      assert.equal(result.kind, 'refused');
      if (result.kind === 'refused') assert.match(result.message, pattern);
      assert.deepEqual(filesOf(bench.root), before);
    };
    bench.write({ 'a.txt': 'mine\n' });
    await refused(/uncommitted changes .*\(a\.txt\).*commit or stash/);
    bench.git('checkout', '--quiet', 'a.txt');
    bench.write({ 'c.txt': 'c\n' });
    bench.git('add', 'c.txt');
    await refused(/staged changes/);
    bench.git('reset', '--quiet');
    writeFileSync(join(bench.root, '.git', 'index.lock'), '');
    await refused(/index\.lock/);
    bench.git('update-ref', '-d', 'refs/none');
  });

  for (const step of ['staged', 'committed'])
    it(`R12.4 is refused where the loop renamed a file that the user changed meanwhile (${step})`, async () => {
      bench.git('-C', tree.path, 'mv', 'b.txt', 'renamed.txt');
      if (step === 'committed') bench.git('-C', tree.path, 'commit', '--quiet', '-m', 'Renamed');
      bench.write({ 'b.txt': 'of the user\n' });
      const sentence = /You have uncommitted changes in files that the loop changed too \(b\.txt\)/;
      const preview = await bench.trees.preview(bench.root, tree, 'merge', LOOP);
      assert.match(preview.kind === 'blocked' ? preview.message : preview.kind, sentence);
      assert.equal(read('b.txt'), 'of the user\n');
    });

  for (const way of ['merge', 'squash', 'apply'] as const)
    it(`R12.4 is refused where the agent rewrote the first commit (${way})`, async () => {
      bench.write({ 'b.txt': 'of the agent\n' }, tree.path);
      bench.git('-C', tree.path, 'commit', '--quiet', '--all', '--amend', '-m', 'All anew');
      const preview = await bench.trees.preview(bench.root, tree, way, LOOP);
      const result = await bench.trees.bringHome(bench.root, tree, way, LOOP);
      for (const it of [preview, result])
        assert.match(
          'message' in it ? it.message : it.kind,
          /no commit in common with .*: its agent rewrote the first one, or another history/,
        );
      assert.deepEqual([read('b.txt'), bench.git('status', '--porcelain')], ['b\n', '']);
    });

  it('R12.4 new files in a folder in which the user has others come home', async () => {
    bench.write({ 'notes/mine.md': 'm\n' });
    bench.write({ 'notes/of the loop.md': 'l\n' }, tree.path);
    assert.equal((await bench.trees.bringHome(bench.root, tree, 'merge', LOOP)).kind, 'done');
    assert.deepEqual([read('notes/mine.md'), read('notes/of the loop.md')], ['m\n', 'l\n']);
  });

  it('R12.4 says that there is nothing to bring home', async () => {
    assert.deepEqual(await bench.trees.preview(bench.root, tree, 'merge', LOOP), { kind: 'nothing' });
    assert.deepEqual(await bench.trees.bringHome(bench.root, tree, 'merge', LOOP), { kind: 'nothing' });
  });

  it('R12.4 the user’s hooks run as usual in what the user asked for, and can refuse it', async () => {
    writeFileSync(join(bench.root, '.git', 'hooks', 'commit-msg'), '#!/bin/sh\necho no: ticket missing >&2\nexit 1\n', {
      mode: 0o755,
    });
    bench.write({ 'a.txt': 'agent\n' }, tree.path);
    await assert.rejects(bench.trees.bringHome(bench.root, tree, 'merge', LOOP), /ticket missing/);
    assert.equal(readFileSync(join(tree.path, 'a.txt'), 'utf8'), 'agent\n');
  });

  for (const [way, hook] of [
    ['merge', 'pre-merge-commit'],
    ['squash', 'pre-commit'],
  ] as const)
    it(`R12.4 ${way}: if a hook refuses it half-way, the checkout is restored`, async () => {
      bench.write({ 'a.txt': 'agent\n', 'new.txt': 'n\n' }, tree.path);
      await bench.trees.commitRest(tree, LOOP, true);
      bench.write({ 'b.txt': 'mine\n' });
      bench.write({ [`.git/hooks/${hook}`]: '#!/bin/sh\necho no: tests fail >&2\nexit 1\n' });
      chmodSync(join(bench.root, '.git', 'hooks', hook), 0o755);
      const result = await bench.trees.bringHome(bench.root, tree, way, LOOP);
      assert.ok(result.kind === 'refused' && /no: tests fail/.test(result.message));
      assert.deepEqual([read('a.txt'), read('b.txt')], ['one\ntwo\nthree\n', 'mine\n']);
      assert.equal(bench.git('status', '--porcelain'), 'M b.txt');
      assert.ok(!existsSync(join(bench.root, '.git', 'MERGE_HEAD')));
    });

  it('R12.4 two loops that edit the same lines: the second says that it will conflict', async () => {
    const other = await bench.trees.create({ ...bench.request('loop-2'), title: 'Other' });
    bench.write({ 'a.txt': 'first\n' }, tree.path);
    bench.write({ 'a.txt': 'second\n' }, other.path);
    assert.equal((await bench.trees.bringHome(bench.root, tree, 'merge', LOOP)).kind, 'done');
    assert.deepEqual(await bench.trees.preview(bench.root, other, 'merge', LOOP), {
      kind: 'conflicts',
      paths: ['a.txt'],
    });
    assert.ok(existsSync(other.path));
  });

  for (const [what, leave] of [
    ['made a branch of its own', ['checkout', '--quiet', '-b', 'fix/own']],
    ['works without a branch', ['checkout', '--quiet', '--detach']],
  ] as const)
    it(`R12.4 R12.6 an agent that ${what}: its commits come home, and none is lost before`, async () => {
      bench.git('-C', tree.path, ...leave);
      bench.write({ 'a.txt': 'committed\n' }, tree.path);
      bench.git('-C', tree.path, 'commit', '--quiet', '--all', '-m', 'Elsewhere');
      bench.write({ 'new.txt': 'not committed\n' }, tree.path);
      const { commits } = await bench.trees.unsaved(bench.root, tree);
      assert.equal(commits, leave.includes('fix/own' as never) ? 0 : 1, 'that no branch has');
      assert.deepEqual(await bench.trees.preview(bench.root, tree, 'merge', LOOP), { kind: 'clean' });
      assert.equal((await bench.trees.bringHome(bench.root, tree, 'merge', LOOP)).kind, 'done');
      assert.deepEqual([read('a.txt'), read('new.txt')], ['committed\n', 'not committed\n']);
    });

  it('R12.4 R12.6 if it left commits on both, or a half-done merge, says so and touches neither', async () => {
    const inTree = (...args: string[]) => bench.git('-C', tree.path, ...args);
    const refused = async (pattern: RegExp) => {
      const before = filesOf(bench.root);
      const result = await bench.trees.bringHome(bench.root, tree, 'merge', LOOP);
      assert.equal(result.kind, 'refused');
      if (result.kind === 'refused') assert.match(result.message, pattern);
      assert.deepEqual(filesOf(bench.root), before);
    };
    inTree('checkout', '--quiet', '-b', 'other');
    bench.write({ 'a.txt': 'on the other\n' }, tree.path);
    inTree('commit', '--quiet', '--all', '-m', 'Other');
    inTree('checkout', '--quiet', tree.branch);
    bench.write({ 'a.txt': 'on its own\n' }, tree.path);
    inTree('commit', '--quiet', '--all', '-m', 'Own');
    inTree('checkout', '--quiet', 'other');
    await refused(/on branch other, and loops\/.* has commits that are not there: run "git merge loops\//);
    await assert.rejects(bench.trees.commitRest(tree, LOOP, false), /has commits that are not there/);
    assert.throws(() => inTree('merge', '--quiet', tree.branch));
    await refused(/left a merge half done in .*: finish or abort it/);
  });
});
