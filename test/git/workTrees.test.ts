import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWorkTrees } from '../../src/git/workTrees.ts';
import { createWorkers } from '../../src/process/tables/workers.ts';
import { filesOf, GitBench } from './support.ts';

describe('work trees', () => {
  let bench: GitBench;

  beforeEach(() => {
    bench = new GitBench();
    bench.commit({ 'a.txt': 'one\n', 'pkg/b.txt': 'b\n', '.gitignore': '.env\nnode_modules/\n' });
  });
  afterEach(() => bench.dispose());

  it('R12.1 are made at the commit of the submit, on a branch of their own, with the folder in its place', async () => {
    const request = bench.request('loop-7f3a', { title: 'Fix: the "build"!', cwd: join(bench.root, 'pkg') });
    bench.commit({ 'a.txt': 'later\n' });
    const tree = await bench.trees.create(request);
    assert.deepEqual(tree, {
      path: request.path,
      base: request.base,
      branch: 'loops/fix-the-build-7f3a',
      cwd: join(request.path, 'pkg'),
    });
    assert.equal(readFileSync(join(tree.path, 'a.txt'), 'utf8'), 'one\n');
    assert.match(bench.git('worktree', 'list', '--porcelain'), /locked Loop loop-7f3a works here/);
  });

  it('R12.1 a request made twice gives the same work tree, with the work that is in it', async () => {
    const request = bench.request();
    const first = await bench.trees.create(request);
    bench.write({ 'a.txt': 'worked\n' }, first.path);
    assert.deepEqual(await bench.trees.create(request), first);
    assert.equal(readFileSync(join(first.path, 'a.txt'), 'utf8'), 'worked\n');
  });

  for (const [what, prepare] of [
    [
      'interrupted before its files were written',
      (b: GitBench, path: string) => b.git('worktree', 'add', '--no-checkout', '-b', 'loops/fix-the-build-1', path),
    ],
    [
      'interrupted before its set-up was complete',
      (b: GitBench, path: string) => b.git('worktree', 'add', '--lock', '-b', 'loops/fix-the-build-1', path),
    ],
    [
      'removed by hand',
      (b: GitBench, path: string) => {
        b.git('worktree', 'add', '--lock', '-b', 'loops/fix-the-build-1', path);
        rmSync(path, { recursive: true });
      },
    ],
  ] as const) {
    it(`R12.6 one that was ${what} is put in order`, async () => {
      const request = bench.request();
      prepare(bench, request.path);
      const tree = await bench.trees.create(request);
      assert.equal(readFileSync(join(tree.path, 'a.txt'), 'utf8'), 'one\n');
      assert.equal(bench.git('worktree', 'list').split('\n').length, 2);
    });
  }

  it('R12.6 a folder of that name that is not a work tree is moved aside with all it holds', async () => {
    const request = bench.request();
    bench.write({ 'half.txt': 'h' }, request.path);
    const tree = await bench.trees.create(request);
    assert.equal(readFileSync(join(tree.path, 'a.txt'), 'utf8'), 'one\n');
    assert.equal(readFileSync(join(`${tree.path}.old-1`, 'half.txt'), 'utf8'), 'h');
  });

  it('R12.1 a branch of somebody else with that name is left alone', async () => {
    bench.git('branch', 'loops/fix-the-build-1');
    bench.git('checkout', '--quiet', 'loops/fix-the-build-1');
    const theirs = bench.commit({ 'theirs.txt': 't\n' });
    bench.git('checkout', '--quiet', 'main');
    const tree = await bench.trees.create(bench.request());
    assert.equal(tree.branch, 'loops/fix-the-build-1-2');
    assert.equal(bench.git('rev-parse', 'loops/fix-the-build-1'), theirs);
  });

  it('R12.1 says what to do if there can be none', async () => {
    const plain = join(bench.home, 'plain');
    bench.write({ 'x.txt': 'x' }, plain);
    bench.git('init', '--quiet', '--bare', join(bench.home, 'bare.git'));
    bench.git('init', '--quiet', join(bench.home, 'unborn'));
    const reason = async (path: string) => {
      const look = await bench.trees.look(path);
      return look.kind === 'none' ? [look.reason, /[:,] .*(init|choose|commit)/.test(look.message)] : look.kind;
    };
    assert.deepEqual(await reason(plain), ['not-a-repository', true]);
    assert.deepEqual(await reason(join(bench.home, 'bare.git')), ['bare', true]);
    assert.deepEqual(await reason(join(bench.home, 'unborn')), ['unborn', true]);
    assert.equal(await reason(bench.root), 'repository');
    bench.env['PATH'] = bench.home;
    const look = await bench.trees.look(bench.root);
    assert.equal(look.kind === 'none' && look.reason, 'git-missing');
    writeFileSync(join(bench.home, 'git'), '#!/bin/sh\necho git version 2.34.1\n', { mode: 0o755 });
    const old = await bench.trees.look(bench.root);
    assert.equal(old.kind === 'none' && old.reason, 'git-too-old');
  });

  it('R12.2 .worktreeinclude takes ignored files along, and nothing else', async () => {
    writeFileSync(join(bench.home, 'outside.env'), 'outside');
    bench.write({
      '.env': 'KEY=1\n',
      'node_modules/x/i.js': 'i\n',
      'untracked.txt': 'u\n',
      '.worktreeinclude': '.env\nout.env\nuntracked.txt\nnode_modules/\n../outside.env\n',
    });
    bench.write({ '.gitignore': '.env\nout.env\nnode_modules/\n' });
    symlinkSync(join(bench.home, 'outside.env'), join(bench.root, 'out.env'));
    const { path } = await bench.trees.create(bench.request());
    assert.equal(readFileSync(join(path, '.env'), 'utf8'), 'KEY=1\n');
    assert.ok(existsSync(join(path, 'node_modules/x/i.js')));
    assert.equal(existsSync(join(path, 'untracked.txt')), false, 'it is not ignored');
    assert.equal(existsSync(join(path, 'out.env')), false, 'it leads out of the repository');
    assert.equal(existsSync(join(path, '..', 'outside.env')), false);
  });

  it('R12.2 uncommitted changes come along on request, and stay where they are', async () => {
    bench.write({ 'a.txt': 'changed\n', 'new/n.txt': 'n\n' });
    rmSync(join(bench.root, 'pkg/b.txt'));
    const before = filesOf(
      bench.root,
      (path) =>
        path.startsWith('.git/worktrees') ||
        path.startsWith('.git/refs/heads/loops') ||
        path.startsWith('.git/logs/refs/heads/loops'),
    );
    const { commit } = await bench.trees.snapshot(bench.root, '1/0');
    const { path } = await bench.trees.create(bench.request('loop-1', { carry: commit }));
    assert.equal(readFileSync(join(path, 'a.txt'), 'utf8'), 'changed\n');
    assert.equal(readFileSync(join(path, 'new/n.txt'), 'utf8'), 'n\n');
    assert.equal(existsSync(join(path, 'pkg/b.txt')), false);
    const after = filesOf(
      bench.root,
      (path) =>
        path.startsWith('.git/worktrees') ||
        path.startsWith('.git/refs/heads/loops') ||
        path.startsWith('.git/logs/refs/heads/loops'),
    );
    assert.deepEqual(after, before);
  });

  it('R12.1 submodules are set up from the copies that are there', async () => {
    const inner = new GitBench('inner');
    try {
      inner.commit({ 'inner.txt': 'i\n' });
      bench.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.root, 'deps/inner');
      bench.commit({}, 'Add a submodule');
    } finally {
      inner.dispose();
    }
    const { path } = await bench.trees.create(bench.request());
    assert.equal(readFileSync(join(path, 'deps/inner/inner.txt'), 'utf8'), 'i\n');
  });

  it('R12.7 no hook of the repository runs when one is made', async () => {
    const ran = join(bench.home, 'ran');
    for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change'])
      writeFileSync(join(bench.root, '.git', 'hooks', hook), `#!/bin/sh\necho ${hook} >> ${ran}\n`, { mode: 0o755 });
    bench.git('config', 'core.hooksPath', join(bench.root, '.git', 'hooks'));
    rmSync(ran, { force: true });
    await bench.trees.create(bench.request());
    assert.equal(existsSync(ran), false);
  });

  for (const [what, name] of [
    ['spaces', 'my project (copy)'],
    ['another alphabet', 'проект-日本'],
    ['a quote', "it's"],
  ] as const) {
    it(`R12.1 works in a folder with ${what} in its name`, async () => {
      const other = new GitBench(name);
      try {
        other.commit({ 'a.txt': 'one\n' });
        const tree = await other.trees.create(other.request());
        assert.equal(readFileSync(join(tree.path, 'a.txt'), 'utf8'), 'one\n');
      } finally {
        other.dispose();
      }
    });
  }

  it('R12.1 works in a sparse checkout, which the work tree shares', async () => {
    bench.git('sparse-checkout', 'set', '--no-cone', '/a.txt');
    const { path } = await bench.trees.create(bench.request());
    assert.ok(existsSync(join(path, 'a.txt')));
  });

  it('R12.1 works in a shallow clone', async () => {
    bench.commit({ 'a.txt': 'two\n' });
    const shallow = join(bench.home, 'shallow');
    bench.git('clone', '--quiet', '--depth=1', `file://${bench.root}`, shallow);
    const base = bench.git('-C', shallow, 'rev-parse', 'HEAD');
    const path = join(bench.storage, 'worktrees', 's');
    const tree = await bench.trees.create({ loopId: 's', title: 't', cwd: shallow, base, path });
    assert.equal(readFileSync(join(tree.path, 'a.txt'), 'utf8'), 'two\n');
  });

  it('R12.6 lists what would be lost, and removes tree and branch', async () => {
    const tree = await bench.trees.create(bench.request());
    assert.deepEqual(await bench.trees.unsaved(bench.root, tree), { uncommitted: [], ignored: [], commits: 0 });
    bench.write({ 'a.txt': 'worked\n', 'n.txt': 'n\n', '.env': 'made' }, tree.path);
    bench.git('-C', tree.path, 'commit', '--quiet', '-m', 'Work', 'a.txt');
    const unsaved = { uncommitted: ['n.txt'], ignored: ['.env'], commits: 1 };
    assert.deepEqual(await bench.trees.unsaved(bench.root, tree), unsaved);
    await bench.trees.remove(bench.root, tree, true);
    assert.equal(existsSync(tree.path), false);
    assert.match(bench.git('branch', '--list', tree.branch), /loops/);
    await bench.trees.remove(bench.root, tree, false);
    assert.equal(bench.git('branch', '--list', tree.branch), '');
    assert.equal(bench.git('worktree', 'list').split('\n').length, 1);
  });

  it('R12.6 one whose folder was removed by hand can be removed', async () => {
    const tree = await bench.trees.create(bench.request());
    rmSync(tree.path, { recursive: true });
    await bench.trees.remove(bench.root, tree, false);
    assert.equal(bench.git('worktree', 'list').split('\n').length, 1);
  });

  it('R12.1 a repository that was moved is found where it is', async () => {
    const moved = join(bench.home, 'moved');
    renameSync(bench.root, moved);
    const look = await bench.trees.look(bench.root);
    assert.equal(look.kind, 'none');
    assert.equal((await bench.trees.look(moved)).kind, 'repository');
  });

  it('R12.1 is made and removed while another Git registers a work tree, whose entry is there and empty', async () => {
    const entry = join(bench.root, '.git', 'worktrees', 'of-another');
    /** Makes and removes a work tree; the entry is there from one call of Git to the next but one. */
    const beside = async (from: number) => {
      let calls = 0;
      const environment = async () => {
        calls++;
        if (calls === from) {
          mkdirSync(entry, { recursive: true });
          const head = bench.git('rev-parse', 'HEAD');
          const files = { gitdir: join(bench.home, 'of-another', '.git'), HEAD: head, commondir: '' };
          for (const [name, content] of Object.entries(files)) writeFileSync(join(entry, name), content);
        }
        if (calls === from + 2) rmSync(entry, { recursive: true });
        return bench.env;
      };
      const trees = createWorkTrees({ processes: createWorkers(), storage: bench.storage, environment });
      const tree = await trees.create(bench.request(`loop-${from}`));
      assert.equal(readFileSync(join(tree.path, 'a.txt'), 'utf8'), readFileSync(join(bench.root, 'a.txt'), 'utf8'));
      await trees.remove(bench.root, tree, false);
      rmSync(entry, { recursive: true, force: true });
      assert.deepEqual([bench.git('branch', '--list', 'loops/*'), existsSync(tree.path)], ['', false]);
      return calls;
    };
    const calls = await beside(Number.POSITIVE_INFINITY);
    for (let from = 1; from <= calls; from++) await beside(from);
  });

  it('R11.8 any snapshot can be brought back, and left again', async () => {
    const tree = await bench.trees.create(bench.request());
    const first = await bench.trees.snapshot(tree.path, '1/1');
    bench.write({ 'a.txt': 'worse\n', 'junk.txt': 'j\n' }, tree.path);
    bench.git('-C', tree.path, 'commit', '--quiet', '--all', '-m', 'Worse');
    const second = await bench.trees.snapshot(tree.path, '1/2');
    await bench.trees.restore(tree, first.commit);
    assert.equal(readFileSync(join(tree.path, 'a.txt'), 'utf8'), 'one\n');
    assert.equal(existsSync(join(tree.path, 'junk.txt')), false);
    await bench.trees.restore(tree, second.commit);
    assert.equal(readFileSync(join(tree.path, 'a.txt'), 'utf8'), 'worse\n');
    assert.equal(readFileSync(join(tree.path, 'junk.txt'), 'utf8'), 'j\n');
  });

  it('R12.1 says what is in the way when Git refuses', async () => {
    const request = bench.request();
    writeFileSync(join(bench.root, '.git', 'worktrees'), '');
    await assert.rejects(bench.trees.create(request), /git worktree .* in .*repo/);
  });
});
