import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unknown } from '../../src/core/model/looks.ts';
import type { BringHomeResult, BringHomeWay, WorkTree } from '../../src/core/ports/workTrees.ts';
import { createWorkTrees } from '../../src/git/workTrees.ts';
import { createWorkers, type Workers } from '../../src/process/tables/workers.ts';
import { stays, until } from '../support/until.ts';
import { deadWorkers, filesOf, GitBench } from './support.ts';

const LOOP = { seq: 1, loopId: 'loop-1', title: 'Fix the build' };
/** A file that both sides can change without a conflict. */
const LONG = '1\n2\n3\n4\n5\n6\n7\n8\n9\n';
const never = () => new Promise<never>(() => undefined);

/** Where Git is when it is cut off: in which of its programs. */
const KILLED = {
  merge: ['smudge new.txt', 'moves main', 'has moved main'],
  squash: ['post-index-change', 'has moved main'],
  apply: ['smudge new.txt'],
} as const;
const LEFT = { merge: ['moves main'], squash: ['pre-commit'], apply: ['smudge new.txt'] } as const;

/**
 * Every program that Git runs on the way. At the one in `LOOP_AT` it kills Git (`LOOP_DO` is `kill`), or waits until
 * the test lets it go on. The Git is the one that its host has noted.
 */
const PROGRAM = (home: string) => `#!/bin/sh
at=$(basename "$0")
case "$at" in
  reference-transaction)
    case "$1 $(cat)" in
      prepared*refs/heads/main*) at='moves main' ;;
      committed*refs/heads/main*) at='has moved main' ;;
    esac ;;
  smudge) at="smudge $1" ;;
esac
if test "$at" = "$LOOP_AT" && test ! -e ${home}/cut; then
  touch ${home}/cut
  if test "$LOOP_DO" = kill; then
    kill -9 $(sed -n 's/.*"git":{"pid":\\([0-9]*\\).*/\\1/p' ${home}/storage/home/*.json)
    exit 1
  fi
  while test ! -e ${home}/go; do sleep 0.01; done
fi
case "$at" in smudge*) cat ;; esac
exit 0
`;

function copy(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
}

describe('bringing work home that is cut off', () => {
  let bench: GitBench;
  let tree: WorkTree;

  let saved: string;

  before(async () => {
    bench = new GitBench();
    saved = `${bench.home}-saved`;
    bench.commit({ 'a.txt': 'one\n', 'b.txt': 'b\n', 'long.txt': LONG, '.gitignore': '.env\n' });
    bench.write({ 'b.txt': 'stashed\n' });
    bench.git('stash', 'push', '--quiet');
    bench.write({ 'b.txt': 'mine\n', 'mine.txt': 'not tracked\n', '.env': 'KEY=1\n' });
    tree = await bench.trees.create(bench.request());
    bench.write({ 'a.txt': 'two, from the agent\n', 'new.txt': 'new, from the agent\n' }, tree.path);
    await bench.trees.commitRest(tree, LOOP, true);
    const names = ['pre-merge-commit', 'reference-transaction', 'pre-commit', 'post-index-change', 'smudge'];
    for (const name of names) {
      bench.write({ [`hooks/${name}`]: PROGRAM(bench.home) }, bench.home);
      chmodSync(join(bench.home, 'hooks', name), 0o755);
    }
    bench.git('config', 'core.hooksPath', join(bench.home, 'hooks'));
    bench.git('config', 'filter.cut.smudge', `${join(bench.home, 'hooks', 'smudge')} %f`);
    bench.write({ '.git/info/attributes': '*.txt filter=cut\n' });
    copy(bench.home, saved);
  });
  beforeEach(() => copy(saved, bench.home));
  after(() => {
    bench.dispose();
    rmSync(saved, { recursive: true, force: true });
  });

  const isThere = (name: string) => existsSync(join(bench.home, name));
  const read = (name: string) => readFileSync(join(bench.root, name), 'utf8');
  const notes = () => (isThere('storage/home') ? readdirSync(join(bench.storage, 'home')) : []);
  const noteOf = () => JSON.parse(readFileSync(join(bench.storage, 'home', notes()[0] ?? ''), 'utf8'));
  const home = (way: BringHomeWay) => bench.trees.bringHome(bench.root, tree, way, LOOP);

  /** Changes a file and commits it alone, past the hooks of these tests. */
  function commitTo(folder: string, name: string, text: string): void {
    bench.write({ [name]: text }, folder);
    bench.git('-C', folder, '-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '-m', 'Change', '--', name);
  }

  /** A host that is gone from the moment on in which its Git is cut off at a point. */
  function cutOff(way: BringHomeWay, at: string, how: 'kill' | 'hold', of = bench.env): Promise<void> {
    const env = { ...of, LOOP_AT: at, LOOP_DO: how };
    const environment = () => (isThere('cut') ? never() : Promise.resolve(env));
    const host = createWorkTrees({ processes: deadWorkers(), storage: bench.storage, environment });
    void host.bringHome(bench.root, tree, way, LOOP);
    return until(`Git at ${at}`, () => isThere('cut')).then(() => undefined);
  }

  /** Kills Git and its host, and waits for the end of both. */
  async function kill(way: BringHomeWay, at: string, of = bench.env): Promise<void> {
    await cutOff(way, at, 'kill', of);
    const { git } = noteOf();
    await until('the end of Git', async () => (await createWorkers().find(git.pid)).state === 'gone');
  }

  /** What the user has, with all that Git says of it. */
  const mine = () => ({
    ...filesOf(bench.root, (path) => path.startsWith('.git')),
    head: bench.git('rev-parse', 'HEAD'),
    status: bench.git('status', '--porcelain'),
    staged: bench.git('diff', '--cached', '--name-only'),
    stash: bench.git('stash', 'list'),
  });
  const isMerging = () =>
    existsSync(join(bench.root, '.git', 'MERGE_MSG')) && !existsSync(join(bench.root, '.git', 'index.lock'));
  const unfinished = () =>
    readdirSync(join(bench.root, '.git')).filter((name) => /^(MERGE_|SQUASH_|AUTO_)|\.lock$/.test(name));

  function isHome(way: BringHomeWay, result: BringHomeResult): void {
    assert.equal(result.kind, 'done', 'message' in result ? result.message : '');
    assert.deepEqual(['a.txt', 'new.txt', 'b.txt', 'mine.txt', '.env'].map(read), [
      'two, from the agent\n',
      'new, from the agent\n',
      'mine\n',
      'not tracked\n',
      'KEY=1\n',
    ]);
    const commits = bench.git('log', '--format=%s', '--first-parent', 'main').split('\n');
    assert.deepEqual(commits, way === 'apply' ? ['Change'] : ['Fix the build', 'Change'], 'once');
    assert.equal(bench.git('diff', '--cached', '--name-only'), '');
    assert.equal(bench.git('stash', 'list').split('\n').length, 1);
    assert.deepEqual([unfinished(), notes()], [[], []]);
    bench.git('fsck', '--no-dangling');
  }

  for (const way of ['merge', 'squash', 'apply'] as const) {
    for (const at of KILLED[way])
      it(`R12.4 ${way}: Git and its host are killed at "${at}": the next one finds it in order, and it is home once`, async () => {
        const before = mine();
        await kill(way, at);
        await bench.trees.settleLeft();
        const isDone = bench.git('rev-parse', 'HEAD') !== before.head;
        if (!isDone) assert.deepEqual(mine(), before, 'as if nobody had begun');
        assert.deepEqual(unfinished(), []);
        const result = await home(way);
        if (isDone) assert.equal(result.kind, 'nothing');
        isHome(way, isDone ? { kind: 'done' } : result);
      });

    for (const at of LEFT[way])
      it(`R12.4 ${way}: its host is killed while Git is at "${at}": the next one waits for it, and it is home once`, async () => {
        await cutOff(way, at, 'hold');
        const { git } = noteOf();
        const workers = createWorkers();
        let looks = 0;
        const look: Workers['look'] = (processes) => {
          if (processes.some(({ pid }) => pid === git.pid)) looks++;
          return workers.look(processes);
        };
        const environment = async () => bench.env;
        const host = createWorkTrees({ processes: { ...workers, look }, storage: bench.storage, environment });
        const next = host.bringHome(bench.root, tree, way, LOOP);
        await until('the next host to wait', () => looks > 2);
        writeFileSync(join(bench.home, 'go'), '');
        isHome(way, await next);
      });
  }

  describe('with a Git that cannot tell beforehand what a merge makes', () => {
    let env: Record<string, string>;
    const trees = () =>
      createWorkTrees({ processes: createWorkers(), storage: bench.storage, environment: async () => env });

    beforeEach('let both sides change the same file, and Git be older than 2.38', () => {
      const old = join(bench.home, 'old');
      const usage = 'echo "usage: git merge-tree <base-tree> <branch1> <branch2>" >&2; exit 129';
      const words = ['#!/bin/sh', `case " $* " in *" merge-tree --write-tree "*) ${usage} ;; esac`];
      bench.write({ 'old/git': [...words, `exec ${bench.git('--exec-path')}/git "$@"`, ''].join('\n') }, bench.home);
      chmodSync(join(old, 'git'), 0o755);
      env = { ...bench.env, PATH: `${old}:${bench.env['PATH']}` };
      commitTo(bench.root, 'long.txt', LONG.replace('1', 'one, of mine'));
      commitTo(tree.path, 'long.txt', LONG.replace('9', 'nine, from the agent'));
    });

    for (const [way, at] of [
      ['merge', 'moves main'],
      ['squash', 'pre-commit'],
    ] as const)
      it(`R12.4 ${way}: Git and its host are killed at "${at}": it is rolled back whole, and comes home once`, async () => {
        const before = mine();
        await kill(way, at, env);
        const [said = ''] = await trees().settleLeft();
        assert.match(said, /was cut off half-way, and was rolled back\. What was found there is the commit/);
        assert.deepEqual([mine(), unfinished(), notes()], [before, [], []]);
        const { kind } = await trees().bringHome(bench.root, tree, way, LOOP);
        assert.equal(kind, 'done');
        assert.match(read('long.txt'), /^one, of mine\n2\n.*\n8\nnine, from the agent\n$/s);
      });

    it('R12.4 conflicts that its user has resolved since stay resolved', async () => {
      commitTo(bench.root, 'a.txt', 'mine too\n');
      await cutOff('merge', 'smudge new.txt', 'hold', env);
      writeFileSync(join(bench.home, 'go'), '');
      await until('the conflicts', () => isMerging());
      bench.write({ 'a.txt': 'both\n' });
      bench.git('add', 'a.txt');
      const before = mine();
      assert.deepEqual(await trees().settleLeft(), []);
      assert.deepEqual(mine(), before);
    });
  });

  it('R12.4 a file that was half written, and one that was ignored before, are rolled back too', async () => {
    bench.write({ '.env': 'KEY=of the agent\n' }, tree.path);
    bench.git('-C', tree.path, 'add', '--force', '.env');
    bench.git('-C', tree.path, 'commit', '--quiet', '-m', 'Add a file that is ignored');
    const before = mine();
    await kill('merge', 'smudge new.txt');
    assert.equal(read('.env'), 'KEY=of the agent\n');
    bench.write({ 'new.txt': 'new, fr' });
    await bench.trees.settleLeft();
    assert.deepEqual(mine(), before);
  });

  it('R12.4 what the user has changed since is kept and named, and comes to no harm', async () => {
    await kill('merge', 'pre-merge-commit');
    bench.write({ 'a.txt': 'two, from the agent\nand a line of mine\n' });
    const [said = ''] = await bench.trees.settleLeft();
    assert.match(
      said,
      /rolled back, except for files changed since \(a\.txt\): .* commit or discard them, then try again/,
    );
    assert.equal(bench.git('status', '--porcelain'), 'M a.txt\n M b.txt\n?? mine.txt');
    assert.deepEqual([read('a.txt'), unfinished()], ['two, from the agent\nand a line of mine\n', []]);
    const refused = await home('merge');
    assert.ok(refused.kind === 'refused' && /uncommitted changes .*\(a\.txt\)/.test(refused.message));
    bench.git('checkout', 'a.txt');
    isHome('merge', await home('merge'));
  });

  it('R12.4 where the user has committed since, nothing is rolled back', async () => {
    await kill('squash', 'pre-commit');
    bench.git('-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '--all', '-m', 'Taken by hand');
    const before = mine();
    assert.deepEqual(await bench.trees.settleLeft(), []);
    assert.deepEqual([mine(), notes()], [before, []]);
  });

  it('R12.4 conflicts that Git had come to are told of by the next host, and are not rolled back', async () => {
    bench.git('-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '-m', 'Mine', '--', 'b.txt');
    bench.write({ 'a.txt': 'mine too\n' });
    bench.git('-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '-m', 'Mine too', '--', 'a.txt');
    await cutOff('merge', 'smudge new.txt', 'hold');
    writeFileSync(join(bench.home, 'go'), '');
    await until('the conflicts', () => isMerging());
    const [said, before] = [await bench.trees.settleLeft(), mine()];
    assert.deepEqual(said, []);
    assert.deepEqual(await bench.trees.preview(bench.root, tree, 'merge', LOOP), {
      kind: 'conflicts',
      paths: ['a.txt'],
    });
    assert.deepEqual(await home('merge'), { kind: 'conflicts', paths: ['a.txt'] });
    assert.deepEqual([mine(), notes()], [before, []]);
  });

  it('R12.4 a lock of a Git that works there stays, and is waited for', async () => {
    await kill('merge', 'smudge new.txt');
    const lock = join(bench.root, '.git', 'index.lock');
    assert.ok(existsSync(lock), 'the killed Git had it');
    const other = spawn('git', ['cat-file', '--batch'], {
      cwd: bench.root,
      env: bench.env,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const next = home('merge');
    await until('a note of the next host', () => notes().length > 1);
    await stays(() => assert.ok(existsSync(lock)), 500);
    other.stdin.end();
    isHome('merge', await next);
  });

  it('R12.4 a Git that cannot be noted is not begun', async () => {
    const before = mine();
    const workers = createWorkers();
    const find = async (pid: number) => (pid === process.pid ? workers.find(pid) : unknown('no free descriptors'));
    const environment = async () => bench.env;
    const host = createWorkTrees({ processes: { ...workers, find }, storage: bench.storage, environment });
    await assert.rejects(
      host.bringHome(bench.root, tree, 'merge', LOOP),
      /Git was not started, .*: no free descriptors/,
    );
    assert.deepEqual(mine(), before);
    isHome('merge', await home('merge'));
  });

  it('R12.4 a Git whose host dies before it is noted is not begun', async () => {
    const program = [
      `import { Git } from ${JSON.stringify(new URL('../../src/git/git.ts', import.meta.url).href)};`,
      "import { writeFileSync } from 'node:fs';",
      'const before = async (pid) => {',
      '  writeFileSync("pid", String(pid));',
      '  process.kill(process.pid, "SIGKILL");',
      '};',
      'await new Git(async () => process.env).run(["init", "made"], { cwd: ".", before });',
    ];
    const options = ['--no-warnings', '--input-type=module', '--eval', program.join('\n')];
    const host = spawn(process.execPath, options, { cwd: bench.home, env: bench.env, stdio: 'ignore' });
    const signal = await new Promise((resolve) => host.once('exit', (_, by) => resolve(by)));
    assert.equal(signal, 'SIGKILL');
    const pid = Number(readFileSync(join(bench.home, 'pid'), 'utf8'));
    await until('its end', async () => (await createWorkers().find(pid)).state === 'gone');
    assert.ok(!isThere('made'));
  });

  it('R12.4 two hosts that bring work into one checkout do so one after the other', async () => {
    const second = { seq: 2, loopId: 'loop-2', title: 'Other' };
    const other = await bench.trees.create(bench.request('loop-2', { title: 'Other' }));
    bench.write({ 'other.txt': 'other\n' }, other.path);
    const host = createWorkTrees({
      processes: createWorkers(),
      storage: bench.storage,
      environment: async () => bench.env,
    });
    const results = await Promise.all([home('merge'), host.bringHome(bench.root, other, 'merge', second)]);
    assert.deepEqual(
      results.map(({ kind }) => kind),
      ['done', 'done'],
    );
    assert.deepEqual([read('new.txt'), read('other.txt'), notes()], ['new, from the agent\n', 'other\n', []]);
  });

  it('R12.4 a note that cannot be read keeps everybody out, and says what to do', async () => {
    await kill('merge', 'smudge new.txt');
    writeFileSync(join(bench.storage, 'home', notes()[0] as string), '{"format":2}');
    const before = mine();
    await assert.rejects(home('merge'), /cannot be read: see that your checkout is as it should be .*remove that file/);
    assert.match((await bench.trees.settleLeft()).join(), /cannot be read/);
    assert.deepEqual(mine(), before);
  });
});
