import assert from 'node:assert/strict';
import { execSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BringHomeWay, WorkTree } from '../../src/core/ports/workTrees.ts';
import { createWorkTrees } from '../../src/git/workTrees.ts';
import { createWorkers } from '../../src/process/tables/workers.ts';
import { smallDisk } from '../support/smallDisk.ts';
import { filesOf, GitBench } from './support.ts';

const LOOP = { seq: 1, loopId: 'loop-1', title: 'Fix the build' };
const FULL = /The disk is full: free some space|See that the disk has space/;
const LARGE = 'x'.repeat(100_000).concat('\n').repeat(10);

describe('work trees where something is wrong with the machine or the repository', () => {
  let bench: GitBench;
  beforeEach(() => {
    bench = new GitBench();
    bench.commit({ 'a.txt': 'one\n' });
  });
  afterEach(() => bench.dispose());

  const left = () => [bench.git('branch', '--list', 'loops/*'), bench.git('worktree', 'list').split('\n').length];

  describe('a disk that is full', () => {
    const disk = smallDisk('loop-supervisor-full-', 8);
    before(function () {
      // Only root may mount a disk.
      if (!disk.isOwn) this.skip();
    });
    afterEach(() => disk.free());
    after(() => disk.dispose());
    const onDisk = (name: string) =>
      createWorkTrees({
        processes: createWorkers(),
        storage: join(disk.folder, name),
        environment: async () => bench.env,
      });

    it('R12.1 while a work tree is made: it says what to do, leaves nothing, and works once there is space', async () => {
      bench.commit({ 'large.txt': LARGE });
      const trees = onDisk('making');
      const request = { ...bench.request(), path: join(disk.folder, 'making', 'tree') };
      disk.fill(200_000);
      await assert.rejects(trees.create(request), FULL);
      assert.deepEqual([...left(), existsSync(request.path)], ['', 1, false]);
      disk.free();
      const tree = await trees.create(request);
      assert.equal(readFileSync(join(tree.path, 'large.txt'), 'utf8'), LARGE);
      assert.equal(tree.branch, 'loops/fix-the-build-1');
    });

    it('R12.3 while a snapshot is taken: it says so, leaves nothing half done, and the next one is whole', async () => {
      const trees = onDisk('snapshots');
      const { commit: before } = await trees.snapshot(bench.root, '1/1');
      const kept = readdirSync(join(disk.folder, 'snapshots', 'snapshots'));
      bench.write({ 'large.txt': Array.from({ length: 200_000 }, (_, n) => `${(n * 7919) % 1_000_003}\n`).join('') });
      disk.fill(20_000);
      await assert.rejects(trees.snapshot(bench.root, '1/2'), FULL);
      disk.free();
      const { commit, commonFolder } = await trees.snapshot(bench.root, '1/3');
      const changes = await trees.changes(commonFolder, before, commit);
      assert.deepEqual(
        changes.map(({ path }) => path),
        ['large.txt'],
      );
      const folder = join(disk.folder, 'snapshots', 'snapshots');
      assert.deepEqual(readdirSync(folder), kept, 'one repository of ours, and nothing half made');
      assert.deepEqual(readdirSync(join(folder, kept[0] ?? '', 'indexes')), []);
    });

    describe('while work is brought home', () => {
      const large = Array.from({ length: 100_000 }, (_, n) => `${(n * 7919) % 1_000_003}\n`).join('');
      let root: string;
      let tree: WorkTree;
      const inRoot = (...args: string[]) => bench.git('-C', root, ...args);
      /** All that is the user's, with what Git says of it. */
      const mine = () => ({
        ...filesOf(root, (path) => path.startsWith('.git')),
        ...{
          head: inRoot('rev-parse', 'HEAD'),
          status: inRoot('status', '--porcelain'),
          log: inRoot('reflog', 'HEAD'),
        },
      });
      const home = (way: BringHomeWay) => bench.trees.bringHome(root, tree, way, LOOP);

      beforeEach(async () => {
        root = join(disk.folder, 'repo');
        mkdirSync(root);
        bench.commit({ 'b.txt': 'b\n', 'mine.txt': 'm\n' });
        bench.git('clone', '--quiet', bench.root, root);
        bench.write({ 'mine.txt': 'not committed\n' }, root);
        tree = await bench.trees.create({ ...bench.request(), cwd: root });
        bench.write({ 'b.txt': 'changed\n', 'large.txt': large }, tree.path);
      });
      afterEach(() => {
        disk.free();
        rmSync(root, { recursive: true });
      });

      it('R12.4 the work stays where it is, and comes home once there is space', async () => {
        const before = mine();
        disk.fill(20_000);
        await assert.rejects(home('merge'), FULL);
        disk.free();
        assert.deepEqual(mine(), before);
        assert.ok(existsSync(join(tree.path, 'large.txt')));
        assert.equal((await home('merge')).kind, 'done');
        assert.ok(existsSync(join(root, 'large.txt')));
      });

      it('R12.4 is refused before anything changes if it would not fit', async () => {
        await bench.trees.commitRest(tree, LOOP, true);
        const before = mine();
        disk.fill(500_000);
        const result = await home('merge');
        assert.ok(
          result.kind === 'refused' && /nearly full: free some space \(\d MB are needed\)/.test(result.message),
        );
        assert.deepEqual(mine(), before);
        disk.free();
        assert.equal((await home('merge')).kind, 'done');
      });

      for (const way of ['merge', 'squash', 'apply'] as const)
        it(`R12.4 ${way} that fails half-way is undone, or says how, and nothing is lost`, async () => {
          await bench.trees.commitRest(tree, LOOP, true);
          // The program of a filter fills the disk when the first file is written.
          const fill = `#!/bin/sh\ntest -e ${bench.home}/once || head -c 9000000 /dev/zero > ${disk.folder}/filler\ncat\n`;
          writeFileSync(join(bench.home, 'fill'), fill, { mode: 0o755 });
          inRoot('config', 'filter.fill.smudge', join(bench.home, 'fill'));
          bench.write({ '.git/info/attributes': 'b.txt filter=fill\n' }, root);
          const before = mine();
          const result = await home(way);
          assert.ok(result.kind === 'refused' && /The disk is full: free some space/.test(result.message));
          disk.free();
          writeFileSync(join(bench.home, 'once'), '');
          const advice = /run there: (git .* -- \.)/.exec(result.message)?.[1];
          if (advice) execSync(advice, { cwd: root, env: bench.env, stdio: 'pipe' });
          assert.deepEqual(mine(), before);
          assert.equal((await home(way)).kind, 'done');
          assert.equal(readFileSync(join(root, 'mine.txt'), 'utf8'), 'not committed\n');
        });
    });
  });

  describe('Git LFS', () => {
    /** Files as LFS keeps them: pointers in the repository, contents beside it. */
    const useLfs = () => {
      const objects = join(bench.home, 'lfs');
      mkdirSync(objects);
      const script = (name: string, lines: string) => {
        const path = join(bench.home, name);
        writeFileSync(path, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
        return path;
      };
      const put = `f=$(mktemp); cat > $f; s=$(sha256sum < $f | cut -c1-64); mv $f ${objects}/$s; echo pointer $s`;
      const get = `read word s; if test "$word" = pointer; then cat ${objects}/$s; else echo "$word $s"; cat; fi`;
      bench.git('config', 'filter.lfs.clean', script('clean', put));
      bench.git('config', 'filter.lfs.smudge', script('smudge', get));
      bench.git('config', 'filter.lfs.required', 'true');
      bench.commit({ '.gitattributes': '*.bin filter=lfs -text\n', 'b.bin': 'large content\n', 'c.bin': 'other\n' });
    };
    const inCommit = (ref: string) => bench.git('show', `${ref}:b.bin`);

    it('R12.1 R12.3 R12.4 a work tree has the contents, the review shows what changed, a merge commits a pointer', async () => {
      useLfs();
      assert.match(inCommit('HEAD'), /^pointer /);
      const tree = await bench.trees.create(bench.request());
      assert.equal(readFileSync(join(tree.path, 'b.bin'), 'utf8'), 'large content\n');
      const before = await bench.trees.snapshot(tree.path, '1/1');
      bench.write({ 'b.bin': 'new content, and longer\n' }, tree.path);
      const after = await bench.trees.snapshot(tree.path, '1/2');
      const changes = await bench.trees.changes(before.commonFolder, before.commit, after.commit);
      assert.deepEqual(
        changes.map(({ path }) => path),
        ['b.bin'],
      );
      const shown = await bench.trees.read(before.commonFolder, after.commit, 'b.bin');
      assert.equal(shown && Buffer.from(shown).toString(), 'new content, and longer\n');
      assert.equal((await bench.trees.bringHome(bench.root, tree, 'merge', LOOP)).kind, 'done');
      assert.match(inCommit('HEAD'), /^pointer /);
      assert.equal(readFileSync(join(bench.root, 'b.bin'), 'utf8'), 'new content, and longer\n');
      assert.equal(bench.git('status', '--porcelain'), '');
    });

    it('R12.1 where its program is missing, it says so with what to do, and leaves nothing', async () => {
      useLfs();
      rmSync(join(bench.home, 'smudge'));
      await assert.rejects(
        bench.trees.create(bench.request()),
        /The program of the filter lfs failed or is missing: install it \(Git LFS: "git lfs install"\)/,
      );
      assert.deepEqual(left(), ['', 1]);
    });
  });

  it('R12.1 R12.3 R12.4 very long paths: a work tree is made, reviewed, merged and removed', async () => {
    const name = 'n'.repeat(200);
    const deep = [...Array.from({ length: 14 }, (_, n) => `${n}${name}`), `${name}.txt`].join('/');
    bench.commit({ [deep]: 'one\n' });
    const tree = await bench.trees.create(bench.request());
    const before = await bench.trees.snapshot(tree.path, '1/1');
    const beside = `${deep}.new`;
    bench.write({ [deep]: 'two\n', [beside]: 'new\n' }, tree.path);
    const after = await bench.trees.snapshot(tree.path, '1/2');
    const changes = await bench.trees.changes(before.commonFolder, before.commit, after.commit);
    assert.deepEqual(changes.map(({ path }) => path).sort(), [deep, beside]);
    assert.equal((await bench.trees.bringHome(bench.root, tree, 'merge', LOOP)).kind, 'done');
    await bench.trees.remove(bench.root, tree, false);
    assert.deepEqual([readFileSync(join(bench.root, beside), 'utf8'), ...left()], ['new\n', '', 1]);
  });

  it('R12.1 R12.3 a repository with a name as long as names can be', async () => {
    const other = new GitBench('r'.repeat(255));
    try {
      other.commit({ 'a.txt': 'one\n' });
      const path = other.trees.pathOf(join(other.root, '.git'), 'tree');
      const tree = await other.trees.create({ ...other.request(), path });
      const { commit, commonFolder } = await other.trees.snapshot(tree.path, '1/1');
      assert.ok(await other.trees.read(commonFolder, commit, 'a.txt'));
    } finally {
      other.dispose();
    }
  });

  describe('names that differ only by case', () => {
    beforeEach(() => bench.git('config', 'core.ignorecase', 'true'));

    it('R12.1 R12.3 R12.4 R12.6 one that an agent renamed so: it is shown, and comes home under its new name', async () => {
      bench.commit({ 'Readme.md': 'one\n' });
      const tree = await bench.trees.create(bench.request());
      const before = await bench.trees.snapshot(tree.path, '1/1');
      bench.git('-C', tree.path, 'mv', 'Readme.md', 'README.md');
      const after = await bench.trees.snapshot(tree.path, '1/2');
      const changes = await bench.trees.changes(before.commonFolder, before.commit, after.commit);
      assert.deepEqual(changes, [
        { path: 'README.md', from: 'Readme.md', kind: 'renamed', insertions: 0, deletions: 0 },
      ]);
      assert.equal((await bench.trees.bringHome(bench.root, tree, 'merge', LOOP)).kind, 'done');
      await bench.trees.remove(bench.root, tree, false);
      assert.equal(bench.git('ls-files'), 'README.md\na.txt');
      assert.deepEqual([bench.git('status', '--porcelain'), ...left()], ['', '', 1]);
    });

    it('R12.1 R12.4 two in one repository: none of what is committed is lost, and a change comes home', async () => {
      const blob = bench.make(['hash-object', '-w', '--stdin'], 'the other\n');
      bench.commit({ 'Notes.md': 'one\n' });
      bench.make(['update-index', '--index-info'], `100644 ${blob}\tnotes.md\n`);
      bench.git('commit', '--quiet', '-m', 'As on a disk that knows both');
      bench.git('checkout', '--quiet', '--force', 'HEAD', '--', '.');
      const tree = await bench.trees.create(bench.request());
      bench.write({ 'a.txt': 'changed\n' }, tree.path);
      assert.equal((await bench.trees.bringHome(bench.root, tree, 'merge', LOOP)).kind, 'done');
      const shown = ['a.txt', 'Notes.md', 'notes.md'].map((name) => bench.git('show', `HEAD:${name}`));
      assert.deepEqual(shown, ['changed', 'one', 'the other']);
    });

    it('R12.4 one of the user’s that the work would write over: it is refused, and stays', async () => {
      const tree = await bench.trees.create(bench.request());
      bench.write({ 'PLAN.md': 'of the agent\n' }, tree.path);
      bench.write({ 'plan.md': 'mine, not committed\n' });
      const result = await bench.trees.bringHome(bench.root, tree, 'merge', LOOP);
      assert.ok(
        result.kind === 'refused' && /uncommitted changes .*\(PLAN\.md\): commit or stash/.test(result.message),
      );
      assert.equal(readFileSync(join(bench.root, 'plan.md'), 'utf8'), 'mine, not committed\n');
      assert.ok(!bench.git('ls-tree', '--name-only', 'HEAD').includes('PLAN'));
    });
  });
});
