import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GitBench } from './support.ts';

describe('a repository on two machines', () => {
  let bench: GitBench;
  let bare: string;
  let clone: string;

  beforeEach(() => {
    bench = new GitBench();
    bench.commit({ 'a.txt': 'one\n', 'pkg/b.txt': 'b\n' });
    bare = join(bench.home, 'hub.git');
    bench.git('clone', '--quiet', '--bare', '.', bare);
    bench.git('remote', 'add', 'origin', bare);
    bench.git('fetch', '--quiet', 'origin');
    clone = join(bench.home, 'clone');
    bench.git('clone', '--quiet', bare, clone);
  });
  afterEach(() => bench.dispose());

  const address = () => join(bench.home, 'hub');

  it('R16.4 has the same address on both, and no other machine gets a commit that was not pushed', async () => {
    assert.deepEqual(await bench.trees.clone(join(clone, 'pkg')), { root: clone, addresses: [address()] });
    const published = async () => bench.trees.published(bench.root, bench.git('rev-parse', 'HEAD'));
    assert.deepEqual(await published(), { address: address(), remote: 'origin', isPushed: true });
    bench.commit({ 'a.txt': 'two\n' });
    assert.equal((await published())?.isPushed, false);
    bench.git('push', '--quiet', 'origin', 'main');
    assert.equal((await published())?.isPushed, true);
    bench.git('remote', 'remove', 'origin');
    assert.equal(await published(), undefined);
  });

  it('R16.4 gets a commit that it lacks, and has a work tree at it in the same part, without touching its own', async () => {
    const base = bench.commit({ 'new/c.txt': 'c\n' });
    bench.git('push', '--quiet', 'origin', 'main');
    const before = bench.git('-C', clone, 'rev-parse', 'HEAD');
    await bench.trees.fetchCommit(clone, address(), base);
    const path = join(bench.storage, 'worktrees', 'loop-1');
    const tree = await bench.trees.create({ loopId: 'loop-1', title: 'x', cwd: clone, prefix: 'new', base, path });
    assert.equal(tree.cwd, join(path, 'new'));
    assert.equal(readFileSync(join(tree.cwd, 'c.txt'), 'utf8'), 'c\n');
    assert.deepEqual(
      [bench.git('-C', clone, 'rev-parse', 'HEAD'), bench.git('-C', clone, 'status', '--porcelain')],
      [before, ''],
    );
    assert.equal(existsSync(join(clone, 'new')), false);
  });

  it('R16.4 gets one that the server does not give by its name, and needs no server for one that is there', async () => {
    bench.git('-C', bare, 'config', 'uploadpack.allowAnySHA1InWant', 'false');
    bench.git('-C', clone, 'config', 'protocol.version', '0');
    const base = bench.commit({ 'a.txt': 'two\n' });
    bench.commit({ 'a.txt': 'three\n' });
    bench.git('push', '--quiet', 'origin', 'main');
    await bench.trees.fetchCommit(clone, address(), base);
    assert.equal(bench.git('-C', clone, 'cat-file', '-t', base), 'commit');
    bench.git('-C', clone, 'remote', 'set-url', 'origin', join(bench.home, 'nowhere'));
    await bench.trees.fetchCommit(clone, address(), base);
  });

  it('R16.4 says what to do about one that is nowhere, or is none at all', async () => {
    const lost = bench.commit({ 'a.txt': 'two\n' });
    await assert.rejects(bench.trees.fetchCommit(clone, address(), lost), /is not on origin \(.*hub\): push it there/);
    await assert.rejects(
      bench.trees.fetchCommit(clone, 'example.org/other', lost),
      /has no remote example\.org\/other/,
    );
    const option = `--upload-pack=touch ${join(bench.home, 'ran')};`;
    await assert.rejects(bench.trees.fetchCommit(clone, address(), option), /names no commit/);
    assert.equal(existsSync(join(bench.home, 'ran')), false);
  });
});
