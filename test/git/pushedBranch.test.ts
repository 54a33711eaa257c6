import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkTree } from '../../src/core/ports/workTrees.ts';
import { GitBench } from './support.ts';

const LOOP = { loopId: 'loop-1', title: 'Fix the build' };

describe('the branch of a loop that one machine pushes and another one fetches', () => {
  let bench: GitBench;
  let hub: string;
  let laptop: string;
  let tree: WorkTree;
  let path: string;

  beforeEach(async () => {
    bench = new GitBench();
    bench.commit({ 'a.txt': 'one\n' });
    hub = join(bench.home, 'hub.git');
    laptop = join(bench.home, 'laptop');
    bench.git('clone', '--quiet', '--bare', '.', hub);
    bench.git('remote', 'add', 'origin', hub);
    bench.git('clone', '--quiet', hub, laptop);
    tree = await bench.trees.create(bench.request());
    path = join(bench.storage, 'worktrees', 'here');
  });
  afterEach(() => bench.dispose());

  const push = (remote = 'origin') => bench.trees.pushBranch(bench.root, tree, remote, LOOP);
  const onHub = (...args: string[]) => bench.git('--git-dir', hub, ...args);
  const here = (...args: string[]) => bench.git('-C', laptop, ...args);
  /** Pushes what the agent has done, which must be something. */
  const pushed = async () => (await push()) ?? assert.fail('it has changed nothing');
  const fetch = async (from = pushed(), branch = tree.branch) =>
    bench.trees.fetchBranch(laptop, await from, { branch, path });

  it('R16.9 goes to the remote with all of the work, and nothing else goes', async () => {
    bench.write({ 'a.txt': 'agent\n' }, tree.path);
    bench.write({ 'mine.txt': 'mine\n' });
    bench.git('tag', '-a', '-m', 'mine', 'v1');
    bench.git('config', 'push.followTags', 'true');
    const { address, tip } = await pushed();
    assert.equal(address, join(bench.home, 'hub'));
    assert.equal(onHub('rev-parse', tree.branch), tip);
    assert.equal(onHub('for-each-ref', '--format=%(refname)'), `refs/heads/${tree.branch}\nrefs/heads/main`);
    assert.equal(onHub('show', `${tree.branch}:a.txt`), 'agent');
    assert.match(onHub('log', '-1', '--format=%B', tree.branch), /^Fix the build\n\nLoop-Id: loop-1/);
    assert.deepEqual([existsSync(tree.path), bench.git('status', '--porcelain')], [true, '?? mine.txt']);
    bench.write({ 'a.txt': 'more\n' }, tree.path);
    await pushed();
    assert.equal(onHub('show', `${tree.branch}:a.txt`), 'more', 'later work follows');
  });

  it('R16.9 R12.7 no hook of the repository runs', async () => {
    const hooks = join(bench.home, 'hooks');
    bench.write({ 'a.txt': 'agent\n' }, tree.path);
    const ran = join(bench.home, 'ran');
    mkdirSync(hooks);
    for (const hook of ['pre-push', 'pre-commit', 'commit-msg', 'post-commit', 'reference-transaction'])
      writeFileSync(join(hooks, hook), `#!/bin/sh\necho ${hook} >> '${ran}'\nexit 1\n`, { mode: 0o755 });
    bench.git('config', 'core.hooksPath', hooks);
    const result = await pushed();
    bench.git('-C', laptop, 'config', 'core.hooksPath', hooks);
    await fetch(Promise.resolve(result));
    assert.equal(existsSync(ran), false, existsSync(ran) ? readFileSync(ran, 'utf8') : '');
  });

  it('R16.9 never by force, and what cannot be pushed is a sentence', async () => {
    assert.equal(await push(), undefined, 'there is nothing');
    bench.write({ 'a.txt': 'agent\n' }, tree.path);
    await assert.rejects(push('hub'), /has no remote hub, which loopSupervisor\.pushResultsTo names: correct/);
    await assert.rejects(push('--mirror'), /has no remote --mirror/);
    onHub('branch', tree.branch, 'main');
    await pushed();
    const theirs = bench.commit({ 'theirs.txt': 't\n' });
    bench.git('push', '--quiet', '--force', 'origin', `main:${tree.branch}`);
    bench.write({ 'a.txt': 'more\n' }, tree.path);
    await assert.rejects(push(), /origin has a branch loops\/.* with other commits, which stay as they are/);
    assert.equal(onHub('rev-parse', tree.branch), theirs);
    bench.git('remote', 'set-url', 'origin', join(bench.home, 'nowhere.git'));
    await assert.rejects(push(), /Git did not push loops\/.* to origin: .*nowhere\.git/);
  });

  it('R16.9 comes as a branch of its own, and nothing else of the clone changes', async () => {
    bench.write({ 'a.txt': 'agent\n' }, tree.path);
    const refs = () => here('for-each-ref', '--format=%(refname) %(objectname)');
    const [before, head] = [refs(), here('rev-parse', 'HEAD')];
    const first = await pushed();
    await fetch(Promise.resolve(first));
    assert.equal(here('rev-parse', tree.branch), first.tip);
    const { base, branch } = tree;
    const copy = await bench.trees.create({ ...LOOP, cwd: laptop, prefix: '', base, path, branch });
    assert.equal(readFileSync(join(copy.path, 'a.txt'), 'utf8'), 'agent\n');
    bench.write({ 'a.txt': 'more\n' }, tree.path);
    await fetch();
    assert.equal(readFileSync(join(copy.path, 'a.txt'), 'utf8'), 'more\n', 'later work follows');
    const own = new RegExp(`^refs/heads/${branch} .*\n?`, 'm');
    assert.deepEqual([refs().replace(own, ''), here('rev-parse', 'HEAD')], [before, head]);
  });

  it('R16.9 comes as it was pushed where somebody has gone on with it, and not where it is gone or has been replaced', async () => {
    bench.write({ 'a.txt': 'agent\n' }, tree.path);
    const result = await pushed();
    const tip = () => here('rev-parse', tree.branch);
    here('fetch', '--quiet', 'origin');
    here('checkout', '--quiet', '--detach', `origin/${tree.branch}`);
    writeFileSync(join(laptop, 'review.txt'), 'reviewed\n');
    here('add', '--all');
    here('commit', '--quiet', '-m', 'Review');
    here('push', '--quiet', 'origin', `HEAD:${tree.branch}`);
    await fetch(Promise.resolve(result));
    assert.equal(tip(), result.tip);
    here('push', '--quiet', '--force', 'origin', `main:${tree.branch}`);
    await assert.rejects(fetch(Promise.resolve(result)), /on origin does not hold its commit .* any more/);
    here('push', '--quiet', 'origin', `:${tree.branch}`);
    await assert.rejects(fetch(Promise.resolve(result)), /couldn't find remote ref/);
    await assert.rejects(fetch(Promise.resolve({ ...result, address: 'example.org/x' })), /has no remote example\.org/);
    assert.deepEqual([tip(), here('for-each-ref', 'refs/loops')], [result.tip, '']);
  });

  it('R16.9 what the store says of it cannot act as an option, or lead to another branch', async () => {
    const result = { address: join(bench.home, 'hub'), tip: '--upload-pack=touch ran' };
    await assert.rejects(fetch(Promise.resolve(result)), /names no branch of a loop/);
    const main = { ...result, tip: onHub('rev-parse', 'main') };
    await assert.rejects(fetch(Promise.resolve(main), 'main'), /names no branch of a loop/);
  });
});
