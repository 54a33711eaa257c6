import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { filesOf, GitBench } from './support.ts';

describe('snapshots', () => {
  let bench: GitBench;

  beforeEach(() => {
    bench = new GitBench();
    bench.commit({ 'a.txt': 'one\ntwo\n', 'b/c.txt': 'c\n', '.gitignore': 'ignored/\n' });
  });
  afterEach(() => bench.dispose());

  it('R12.3 shows what changed between two of them, with renames and lines', async () => {
    const before = await bench.trees.snapshot(bench.root, '1/1');
    bench.write({ 'a.txt': 'one\nthree\nfour\n', 'new.txt': 'n\n', 'ignored/x': 'x' });
    bench.git('mv', 'b/c.txt', 'b/d.txt');
    const after = await bench.trees.snapshot(bench.root, '1/2');
    const common = join(bench.root, '.git');
    assert.deepEqual(await bench.trees.changes(common, before.commit, after.commit), [
      { path: 'a.txt', kind: 'modified', insertions: 2, deletions: 1 },
      { path: 'b/d.txt', from: 'b/c.txt', kind: 'renamed', insertions: 0, deletions: 0 },
      { path: 'new.txt', kind: 'added', insertions: 1, deletions: 0 },
    ]);
    const read = async (commit: string, path: string) => {
      const bytes = await bench.trees.read(common, commit, path);
      return bytes && Buffer.from(bytes).toString('utf8');
    };
    assert.equal(await read(before.commit, 'a.txt'), 'one\ntwo\n');
    assert.equal(await read(after.commit, 'a.txt'), 'one\nthree\nfour\n');
    assert.equal(await read(before.commit, 'new.txt'), undefined);
  });

  it('R12.3 leave the Git folder and the files of the user as they were, byte for byte', async () => {
    bench.write({ 'a.txt': 'staged\n' });
    bench.git('add', 'a.txt');
    bench.write({ 'a.txt': 'and changed\n', 'untracked.txt': 'u\n' });
    bench.git('stash', 'push', '--quiet', '--', 'b');
    const before = filesOf(bench.root);
    await bench.trees.snapshot(bench.root, '1/1');
    await bench.trees.snapshot(bench.root, '1/2');
    assert.deepEqual(filesOf(bench.root), before);
    assert.deepEqual(bench.git('for-each-ref').includes('loops'), false);
  });

  it('R12.3 outlive a git gc of the user that prunes at once', async () => {
    const { commit } = await bench.trees.snapshot(bench.root, '1/1');
    bench.write({ 'a.txt': 'amended\n' });
    bench.git('commit', '--quiet', '--all', '--amend', '-m', 'Amended');
    bench.git('reflog', 'expire', '--expire=now', '--all');
    bench.git('gc', '--quiet', '--prune=now');
    const bytes = await bench.trees.read(join(bench.root, '.git'), commit, 'a.txt');
    assert.equal(bytes && Buffer.from(bytes).toString(), 'one\ntwo\n');
  });

  it('R12.3 outlive a gc where the objects were packed before', async () => {
    bench.git('gc', '--quiet');
    const { commit } = await bench.trees.snapshot(bench.root, '1/1');
    bench.write({ 'a.txt': 'amended\n' });
    bench.git('commit', '--quiet', '--all', '--amend', '-m', 'Amended');
    bench.git('reflog', 'expire', '--expire=now', '--all');
    bench.git('gc', '--quiet', '--prune=now');
    const bytes = await bench.trees.read(join(bench.root, '.git'), commit, 'b/c.txt');
    assert.equal(bytes && Buffer.from(bytes).toString(), 'c\n');
  });

  it('R12.7 run no hook, no filter and no file watcher of the repository', async () => {
    const ran = join(bench.home, 'ran');
    const program = join(bench.home, 'program.sh');
    writeFileSync(program, `#!/bin/sh\necho "$0 $*" >> ${ran}\ncat\n`, { mode: 0o755 });
    for (const hook of ['post-index-change', 'post-checkout', 'reference-transaction', 'pre-commit'])
      writeFileSync(join(bench.root, '.git', 'hooks', hook), `#!/bin/sh\necho ${hook} >> ${ran}\n`, { mode: 0o755 });
    bench.git('config', 'filter.evil.clean', program);
    bench.git('config', 'filter.evil.smudge', program);
    bench.git('config', 'filter.evil.required', 'true');
    bench.git('config', 'core.fsmonitor', program);
    bench.write({ '.gitattributes': '*.txt filter=evil\n', 'a.txt': 'changed\n', 'more.txt': 'm\n' });
    rmSync(ran, { force: true });
    const one = await bench.trees.snapshot(bench.root, '1/1');
    await bench.trees.changes(join(bench.root, '.git'), one.commit, one.commit);
    assert.equal(existsSync(ran) ? readFileSync(ran, 'utf8') : '', '');
  });

  it('R12.3 take what a filter changes as it is committed, though its files are newer than the index', async () => {
    bench.git('config', 'filter.loud.clean', 'tr a-z A-Z');
    bench.git('config', 'filter.loud.smudge', 'tr A-Z a-z');
    bench.commit({ '.gitattributes': 'loud.txt filter=loud\n', 'loud.txt': 'quiet\n' });
    assert.equal(bench.git('show', 'HEAD:loud.txt'), 'QUIET');
    // Newer than any index that is written now: Git reads it again.
    const later = new Date(Date.now() + 30_000);
    utimesSync(join(bench.root, 'loud.txt'), later, later);
    bench.git('update-index', '--refresh');
    const { tree } = await bench.trees.snapshot(bench.root, '1/1');
    assert.equal(tree, bench.git('rev-parse', 'HEAD^{tree}'));
  });

  describe('of a file that changed in the second in which the index saw it, and kept its size', () => {
    // Git knows times in whole seconds only: a file that is as new as the index is one to read again.
    const SECOND = new Date(1_700_000_000_000);
    const touch = (ms: number) => {
      const time = new Date(SECOND.getTime() + ms);
      utimesSync(join(bench.root, 'a.txt'), time, time);
    };
    const seenInThatSecond = () => {
      // The time of a change cannot be set.
      bench.git('config', 'core.trustctime', 'false');
      touch(100);
      bench.git('update-index', '--refresh');
      utimesSync(join(bench.root, '.git', 'index'), SECOND, SECOND);
    };
    const change = async () => {
      const before = await bench.trees.snapshot(bench.root, '1/1');
      bench.write({ 'a.txt': 'two\n' });
      touch(200);
      const after = await bench.trees.snapshot(bench.root, '1/2');
      return (await bench.trees.changes(join(bench.root, '.git'), before.commit, after.commit)).map(({ path }) => path);
    };

    beforeEach(() => bench.commit({ 'a.txt': 'one\n' }));

    it('R12.3 it is in the snapshot', async () => {
      seenInThatSecond();
      assert.deepEqual(await change(), ['a.txt']);
    });

    it('R12.3 it is in the snapshot as it was staged, where it has a filter', async () => {
      bench.git('config', 'filter.loud.clean', 'tr a-z A-Z');
      bench.git('config', 'filter.loud.smudge', 'tr A-Z a-z');
      bench.commit({ '.gitattributes': 'a.txt filter=loud\n', 'a.txt': 'six\n' });
      bench.write({ 'a.txt': 'two\n' });
      bench.git('add', 'a.txt');
      seenInThatSecond();
      const { tree } = await bench.trees.snapshot(bench.root, '1/1');
      assert.equal(tree, bench.git('write-tree'));
    });

    for (const attribute of ['-text', 'filter=loud'])
      it(`R12.3 it is in the snapshot of a repository with filters (a.txt ${attribute})`, async () => {
        bench.git('config', 'filter.loud.clean', 'tr a-z A-Z');
        bench.git('config', 'filter.loud.smudge', 'tr A-Z a-z');
        bench.commit({ '.gitattributes': `a.txt ${attribute}\n`, 'a.txt': 'six\n' });
        seenInThatSecond();
        assert.deepEqual(await change(), ['a.txt']);
      });
  });

  it('R12.3 leave out and name large untracked files, and take no ignored ones', async () => {
    writeFileSync(join(bench.root, 'large.bin'), Buffer.alloc(11 * 1024 * 1024));
    bench.write({ 'ignored/secret': 's', 'small.txt': 's\n' });
    const { commit, leftOut } = await bench.trees.snapshot(bench.root, '1/1');
    assert.deepEqual(leftOut, ['large.bin']);
    const common = join(bench.root, '.git');
    assert.equal(await bench.trees.read(common, commit, 'ignored/secret'), undefined);
    assert.ok(await bench.trees.read(common, commit, 'small.txt'));
  });

  for (const [what, prepare] of [
    [
      'an index that another Git program has locked',
      (b: GitBench) => writeFileSync(join(b.root, '.git', 'index.lock'), ''),
    ],
    [
      'names with spaces, quotes, line ends and other alphabets',
      (b: GitBench) => b.write({ 'a b/ü "x"\n日本.txt': 'n\n', ':(glob)*': 'g\n' }),
    ],
    [
      'a folder that became a link',
      (b: GitBench) => {
        rmSync(join(b.root, 'b'), { recursive: true });
        symlinkSync('.', join(b.root, 'b'));
      },
    ],
    ['a link that leads nowhere', (b: GitBench) => symlinkSync('/nowhere', join(b.root, 'link'))],
    ['a repository inside that is not tracked', (b: GitBench) => b.git('init', '--quiet', 'inner')],
    [
      'a merge that has stopped at conflicts',
      (b: GitBench) => {
        b.git('checkout', '--quiet', '-b', 'other');
        b.commit({ 'a.txt': 'theirs\n' });
        b.git('checkout', '--quiet', 'main');
        b.commit({ 'a.txt': 'ours\n' });
        assert.throws(() => b.git('merge', 'other'));
      },
    ],
    ['a sparse checkout', (b: GitBench) => b.git('sparse-checkout', 'set', '--no-cone', '/a.txt')],
    ['line ends that are converted', (b: GitBench) => b.git('config', 'core.autocrlf', 'true')],
  ] as const) {
    it(`R12.3 work with ${what}`, async () => {
      prepare(bench);
      const before = await bench.trees.snapshot(bench.root, '1/1');
      appendFileSync(join(bench.root, 'a.txt'), 'appended\n');
      const after = await bench.trees.snapshot(bench.root, '1/2');
      const changed = await bench.trees.changes(join(bench.root, '.git'), before.commit, after.commit);
      assert.deepEqual(
        changed.map(({ path }) => path),
        ['a.txt'],
      );
    });
  }

  it('R12.3 work in a shallow clone and without any commit', async () => {
    bench.commit({ 'a.txt': 'second\n' });
    bench.git('clone', '--quiet', '--depth=1', `file://${bench.root}`, join(bench.home, 'shallow'));
    assert.ok((await bench.trees.snapshot(join(bench.home, 'shallow'), '1/1')).commit);
  });

  it('R11.3 are only for folders in a work tree, which a look at the files tells', async () => {
    bench.write({ 'deep/er/x.txt': 'x' });
    const of = (folder: string) => bench.trees.isWorkTree(folder);
    mkdirSync(join(bench.home, 'empty', '.git'), { recursive: true });
    const found = [join(bench.root, 'deep', 'er'), bench.home, join(bench.home, 'empty')].map(of);
    assert.deepEqual(await Promise.all(found), [true, false, false]);
  });

  it('R12.3 can be taken by several loops that start together', async () => {
    const names = ['1/1', '2/1', '3/1', '4/1'];
    const taken = await Promise.all(names.map((name) => bench.trees.snapshot(bench.root, name)));
    assert.equal(new Set(taken.map(({ tree }) => tree)).size, 1);
  });

  it('R12.3 are removed with the loops that they belong to', async () => {
    const common = join(bench.root, '.git');
    const { commit } = await bench.trees.snapshot(bench.root, '1/1');
    const other = await bench.trees.snapshot(bench.root, '2/1');
    await bench.trees.forget(common, ['1']);
    assert.ok(await bench.trees.read(common, other.commit, 'a.txt'));
    await bench.trees.forget(common, ['2']);
    assert.equal(await bench.trees.diskUse(join(bench.storage, 'snapshots')), 0);
    assert.ok(commit);
    const again = await bench.trees.snapshot(bench.root, '3/1');
    assert.ok(await bench.trees.read(common, again.commit, 'a.txt'), 'one after all are gone is whole');
  });

  it('R12.3 are removed with their loops from whichever repository holds them', async () => {
    const second = new GitBench('second');
    try {
      second.commit({ 'b.txt': 'b\n' });
      await bench.trees.snapshot(bench.root, '1/1');
      await bench.trees.snapshot(second.root, '1/2');
      const kept = await bench.trees.snapshot(second.root, '2/1');
      await bench.trees.forgetEverywhere(['1']);
      assert.ok(await bench.trees.read(join(second.root, '.git'), kept.commit, 'b.txt'));
      await bench.trees.forgetEverywhere(['2', '3']);
      assert.equal(await bench.trees.diskUse(join(bench.storage, 'snapshots')), 0);
    } finally {
      second.dispose();
    }
  });
});
