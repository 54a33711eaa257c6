import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { createWorkTrees } from '../../src/git/workTrees.ts';
import { createWorkers } from '../../src/process/tables/workers.ts';
import { machineForEachTest } from '../support/harness.ts';
import { until } from '../support/until.ts';
import { filesOf, GitBench } from './support.ts';

const LOOPS = 6;
const never = () => new Promise<never>(() => undefined);

describe('loops in work trees, with the supervisor and a real repository', () => {
  const machine = machineForEachTest();
  let bench: GitBench;
  beforeEach(() => {
    bench = new GitBench();
    bench.commit({ 'a.txt': 'one\n', 'pkg/b.txt': 'b\n', '.gitignore': 'dist/\n' });
  });
  afterEach(() => bench.dispose());

  const open = (workTrees = bench.trees) => machine.open({ maxConcurrent: LOOPS, maxQueueDepth: 100 }, { workTrees });
  const submit = (window: Supervisor, loopId: string) =>
    window.submit({ prompt: `Do ${loopId}`, loopId, isolation: 'worktree', cwd: join(bench.root, 'pkg') });
  const state = async (window: Supervisor, loopId: string) => (await window.get(loopId))?.state;
  const run = (loopId: string) => machine.launcher.of(loopId);

  /** Waits for what real programs do, while the clock of the supervisor goes on. */
  async function becomes(window: Supervisor, loopId: string, wanted: string): Promise<void> {
    await until(`${loopId} ${wanted}`, async () => {
      await machine.clock.advance(100);
      return (await state(window, loopId)) === wanted;
    });
  }

  /** The agent of a loop writes a file and ends well. */
  async function work(window: Supervisor, loopId: string, files: Readonly<Record<string, string>>): Promise<void> {
    await becomes(window, loopId, 'running');
    bench.write(files, run(loopId).request?.cwd);
    run(loopId).ok();
    await becomes(window, loopId, 'completed');
  }

  /** All that is the user's own in the Git folder and the files. */
  const mine = () => ({
    ...filesOf(bench.root, (path) => path.startsWith('.git/') && !/^\.git\/(index|config|refs\/|hooks\/)/.test(path)),
    stash: bench.git('stash', 'list'),
  });

  it('R12.1 R12.3 R12.4 a loop works beside the user, its row knows what it changed, and a merge brings it home', async () => {
    const window = await open();
    bench.write({ 'a.txt': 'mine, uncommitted\n' });
    bench.git('status');
    const before = mine();
    await submit(window, 'fix');
    assert.equal(await state(window, 'fix'), 'preparing');
    await becomes(window, 'fix', 'running');
    // The launcher starts no agent before that.
    await until('the snapshot before it', async () => (await window.get('fix'))?.attempts.at(-1)?.treeBefore);
    await work(window, 'fix', { 'b.txt': 'b\nmore\n', 'c.txt': 'new\n' });
    assert.match(run('fix').request?.cwd ?? '', /pkg$/, 'its folder keeps its place in the repository');
    const { refs, ...rest } = { refs: bench.git('for-each-ref', '--format=%(refname)'), ...mine() };
    assert.equal(refs.split('\n').length, 2, 'the branch of the loop, and nothing else of ours');
    const others = (files: object) =>
      Object.entries(files).filter(([path]) => !path.startsWith('.git/refs/heads/loops/'));
    assert.deepEqual(others(rest), others(before));
    const { changes } = (await window.get('fix'))?.loop ?? {};
    assert.deepEqual([changes?.files, changes?.insertions, changes?.deletions], [2, 2, 0]);
    const actions = await window.workTrees();
    const review = await actions.review('fix');
    assert.deepEqual(
      review.files.map(({ path, kind }) => [path, kind]),
      [
        ['pkg/b.txt', 'modified'],
        ['pkg/c.txt', 'added'],
      ],
    );
    const [from, to] = await Promise.all(
      [review.from, review.to].map((commit) => actions.readSnapshot(review.commonFolder, commit, 'pkg/b.txt')),
    );
    assert.deepEqual(
      [from, to].map((bytes) => Buffer.from(bytes ?? []).toString()),
      ['b\n', 'b\nmore\n'],
    );
    assert.equal((await actions.preview({ loopId: 'fix' }, 'merge')).meets.kind, 'clean');
    const { result, isRemoved } = await actions.bringHome({ loopId: 'fix' }, 'merge');
    assert.deepEqual([result.kind, isRemoved], ['done', true]);
    assert.match(bench.git('log', '-2', '--format=%B'), /Do fix\s+Loop-Id: fix/);
    assert.equal(readFileSync(join(bench.root, 'a.txt'), 'utf8'), 'mine, uncommitted\n');
    assert.equal(bench.git('branch', '--list', 'loops/*'), '');
  });

  it('R12.6 many loops, a host that dies in between, then Clean Up: nothing of ours is left, and no commit is lost', async () => {
    const ids = Array.from({ length: LOOPS }, (_, n) => `loop-${n}`);
    let isDead = false;
    // What a dead host has begun goes on; it begins nothing more.
    const environment = async () => (isDead ? never() : bench.env);
    const first = await open(createWorkTrees({ processes: createWorkers(), storage: bench.storage, environment }));
    for (const id of ids) await submit(first, id);
    await becomes(first, 'loop-0', 'running');
    isDead = true;
    machine.kill(first);
    const next = await open();
    await machine.clock.advance(11_000);
    for (const id of ids) await work(next, id, { [`${id}.txt`]: `${id}\n` });
    const trees = await bench.trees.stored();
    assert.equal(trees.length, LOOPS, 'one for each loop, and none twice');
    const { tidy } = await next.workTrees();
    const { removable, totalBytes } = await tidy.look();
    assert.deepEqual([removable.length, totalBytes > 0], [LOOPS, true]);
    const branches = await tidy.remove(removable.map(({ path }) => path));
    assert.equal(branches.length, LOOPS);
    for (const branch of branches) assert.match(bench.git('ls-tree', '-r', '--name-only', branch), /pkg\/loop-\d\.txt/);
    assert.deepEqual((await tidy.look()).totalBytes, 0);
    assert.equal(bench.git('worktree', 'list').split('\n').length, 1);
    await next.clearFinished();
    const left = Object.keys(filesOf(bench.storage)).filter((path) => /^worktrees|\/refs\/|\.pack$/.test(path));
    assert.deepEqual(left, [], 'the disk is as it was');
  });

  it('R12.2 a repository that cannot be worked with holds the loop with what to do, and it goes on when that is done', async () => {
    const window = await open();
    bench.write({ '.git/refs/heads/loops': 'in the way' });
    await submit(window, 'b');
    await becomes(window, 'b', 'waiting');
    const { loop } = (await window.get('b')) ?? {};
    assert.ok(loop?.state === 'waiting' && loop.for === 'you' && loop.need === 'workTree');
    assert.match(loop.why, /its work tree could not be made: git worktree/);
    rmSync(join(bench.root, '.git/refs/heads/loops'));
    await window.restartNow('b');
    await becomes(window, 'b', 'running');
  });
});
