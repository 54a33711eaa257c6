import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PushPlan, WorkTree } from '../../src/core/ports/workTrees.ts';
import { filesOf, GitBench } from './support.ts';

const LOOP = { loopId: 'loop-1', title: 'Fix the build' };
type Ready = Extract<PushPlan, { kind: 'ready' }>;

describe('pushing the branch of a loop for a pull request', () => {
  let bench: GitBench;
  let tree: WorkTree;
  let remote: string;

  beforeEach(async () => {
    bench = new GitBench();
    bench.commit({ 'a.txt': 'one\n' });
    tree = await bench.trees.create(bench.request());
    remote = join(bench.home, 'remote.git');
    bench.git('init', '--quiet', '--bare', remote);
  });
  afterEach(() => bench.dispose());

  const plan = () => bench.trees.planPush(bench.root, tree);
  const ready = async () => (await plan()) as Ready;
  const push = (to = 'origin') => bench.trees.push(bench.root, tree, to, LOOP);
  const onRemote = () => bench.git('--git-dir', remote, 'for-each-ref', '--format=%(refname)');
  const addOrigin = () => bench.git('remote', 'add', 'origin', remote);
  const blocked = async (pattern: RegExp) => {
    const looked = await plan();
    assert.equal(looked.kind, 'blocked');
    if (looked.kind === 'blocked') assert.match(looked.message, pattern);
  };
  const refused = async (pattern: RegExp) => {
    const result = await push();
    assert.equal(result.kind, 'refused');
    if (result.kind === 'refused') assert.match(result.message, pattern);
  };

  /** A program on the PATH before all others. */
  const program = (name: string, script: string) => {
    const folder = join(bench.home, 'bin');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    if (!bench.env['PATH']?.startsWith(folder)) bench.env['PATH'] = `${folder}:${bench.env['PATH']}`;
  };

  /** A remote that is pushed to on this disk, and has the address of a host on the web. */
  const onTheWeb = (address: string) => {
    bench.git('remote', 'add', 'origin', address);
    // Git pushes to the folder; who asks for the address of the remote gets that of the host.
    program(
      'git',
      `for arg; do case "$arg" in push) exec ${gitProgram()} -c "url.${remote}.insteadOf=${address}" "$@";; esac; done\n` +
        `exec ${gitProgram()} "$@"`,
    );
  };
  const gitProgram = () => join(bench.git('--exec-path'), 'git');

  it('R12.4 says what would be pushed where, and changes nothing', async () => {
    addOrigin();
    bench.git('remote', 'add', 'mine', 'https://ada:secret@example.com/ada/repo.git');
    bench.git('config', 'remote.pushDefault', 'mine');
    bench.write({ 'a.txt': 'agent\n' }, tree.path);
    bench.git('-C', tree.path, 'commit', '--quiet', '--all', '-m', 'Work');
    bench.write({ 'b.txt': 'b\n' }, tree.path);
    const before = filesOf(bench.home);
    assert.deepEqual(await plan(), {
      kind: 'ready',
      branch: tree.branch,
      remotes: [
        { name: 'mine', address: 'https://example.com/ada/repo.git' },
        { name: 'origin', address: remote },
      ],
      commits: 1,
      uncommitted: 1,
    });
    assert.deepEqual(filesOf(bench.home), before);
  });

  it('R12.4 pushes the branch with all of the work, and nothing else; the work tree stays', async () => {
    addOrigin();
    bench.write({ 'a.txt': 'agent\n' }, tree.path);
    bench.write({ 'mine.txt': 'mine\n' });
    assert.deepEqual(await push(), { kind: 'pushed' });
    assert.equal(onRemote(), `refs/heads/${tree.branch}`);
    const log = bench.git('--git-dir', remote, 'log', '-1', '--format=%s|%(trailers:key=Loop-Id)', tree.branch);
    assert.equal(log, 'Fix the build|Loop-Id: loop-1');
    assert.ok(existsSync(tree.path));
    assert.equal(bench.git('status', '--porcelain'), '?? mine.txt');
    bench.write({ 'a.txt': 'as the reviewer asked\n' }, tree.path);
    assert.deepEqual(await push(), { kind: 'pushed' }, 'it can be pushed again');
  });

  it('R12.4 the pull request goes into the branch that the checked-out one follows', async () => {
    addOrigin();
    bench.write({ 'a.txt': 'agent\n' }, tree.path);
    bench.git('push', '--quiet', '--set-upstream', 'origin', 'main:trunk');
    assert.equal((await ready()).remotes[0]?.into, 'trunk');
    bench.git('--git-dir', remote, 'symbolic-ref', 'HEAD', 'refs/heads/trunk');
    bench.git('remote', 'set-head', 'origin', '--auto');
    assert.equal((await ready()).remotes[0]?.into, undefined, 'the host knows its default branch');
  });

  it('R12.4 if nothing can be pushed it says so, and what to do', async () => {
    bench.write({ 'a.txt': 'agent\n' }, tree.path);
    await blocked(/no remote to push to: add one with "git remote add origin <address>"/);
    await refused(/no remote to push to/);
    addOrigin();
    bench.git('-C', tree.path, 'checkout', '--quiet', '.');
    await blocked(/changed nothing/);
    rmSync(tree.path, { recursive: true });
    await blocked(/work tree .* is gone.*push that by hand/);
    assert.equal(onRemote(), '');
  });

  it('R12.4 never by force: a branch of that name with other commits stays as it is', async () => {
    addOrigin();
    const theirs = bench.commit({ 'theirs.txt': 't\n' });
    bench.git('push', '--quiet', 'origin', `main:${tree.branch}`);
    bench.write({ 'a.txt': 'agent\n' }, tree.path);
    await refused(/has a branch loops\/.* with other commits, which stay.*rename or delete it there/);
    assert.equal(bench.git('--git-dir', remote, 'rev-parse', tree.branch), theirs);
  });

  it('R12.4 a remote that is gone, denies access or refuses is reported with what to do', async () => {
    bench.write({ 'a.txt': 'agent\n' }, tree.path);
    bench.git('remote', 'add', 'origin', join(bench.home, 'nowhere.git'));
    await refused(/did not push .*nowhere\.git.* Try "git push origin loops\/.*" in a terminal/);
    bench.git('remote', 'set-url', 'origin', remote);
    for (const [said, pattern] of [
      ['fatal: could not read Username for https://x:y@h: terminal prompts disabled', /Log in once with "git push/],
      ['Host key verification failed.', /Log in once/],
      ['fatal: unable to access https://h/: Could not resolve host: h', /cannot be reached: check the network/],
    ] as const) {
      program(
        'git',
        `for arg; do test "$arg" = push && echo '${said}' >&2 && exit 128; done\nexec ${gitProgram()} "$@"`,
      );
      await refused(pattern);
    }
    rmSync(join(bench.home, 'bin', 'git'));
    writeFileSync(join(remote, 'hooks', 'pre-receive'), '#!/bin/sh\necho no pushes on Fridays >&2\nexit 1\n', {
      mode: 0o755,
    });
    await refused(/no pushes on Fridays/);
    assert.equal(onRemote(), '');
  });

  it('R12.4 the user’s own hook sees the push, and can refuse it', async () => {
    addOrigin();
    writeFileSync(join(bench.root, '.git', 'hooks', 'pre-push'), '#!/bin/sh\necho tests first >&2\nexit 1\n', {
      mode: 0o755,
    });
    bench.write({ 'a.txt': 'agent\n' }, tree.path);
    await refused(/tests first/);
    assert.equal(onRemote(), '');
  });

  it('R12.4 names the page of the host, and the one that `gh` knows where it is there', async () => {
    onTheWeb('git@github.com:ada/repo.git');
    bench.write({ 'a.txt': 'agent\n' }, tree.path);
    program('gh', 'echo not logged in >&2; exit 4');
    const page = `https://github.com/ada/repo/compare/${tree.branch}?expand=1`;
    assert.deepEqual(await push(), { kind: 'pushed', page });
    program(
      'gh',
      `printf '%s\\n' "$GH_BROWSER" "$@" > ${bench.home}/asked\necho https://github.com/org/repo/compare/x`,
    );
    assert.deepEqual(await push(), { kind: 'pushed', page: 'https://github.com/org/repo/compare/x' });
    const asked = readFileSync(join(bench.home, 'asked'), 'utf8').trim().split('\n');
    const head = ['--web', '--head', `ada:${tree.branch}`];
    assert.deepEqual(asked.slice(0, 9), ['echo', 'pr', 'create', ...head, '--title', 'Fix the build', '--body']);
    program('gh', 'echo https://elsewhere.example/compare/x');
    assert.deepEqual(await push(), { kind: 'pushed', page }, 'the page of another host is none of this remote');
    assert.equal(onRemote(), `refs/heads/${tree.branch}`);
  });

  it('R12.4 a host that we do not know names the page itself', async () => {
    onTheWeb('ssh://git@code.example.com:2222/team/repo.git');
    const says = 'https://elsewhere.example/x\nhttps://code.example.com/team/repo/compare/it';
    writeFileSync(join(remote, 'hooks', 'post-receive'), `#!/bin/sh\necho '${says}' >&2\n`, { mode: 0o755 });
    bench.write({ 'a.txt': 'agent\n' }, tree.path);
    program('gh', 'exit 1');
    assert.deepEqual(await push(), { kind: 'pushed', page: 'https://code.example.com/team/repo/compare/it' });
  });
});
