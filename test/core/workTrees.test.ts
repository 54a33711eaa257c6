import assert from 'node:assert/strict';
import { InvalidLoopError, NoWorkTreeError } from '../../src/core/model/errors.ts';
import type { NoRepositoryReason } from '../../src/core/model/workTree.ts';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { FakeWorkTrees } from '../support/fakeWorkTrees.ts';
import { machineForEachTest } from '../support/harness.ts';

describe('a loop in a work tree of its own', () => {
  const machine = machineForEachTest();
  let git: FakeWorkTrees;
  beforeEach(() => {
    git = new FakeWorkTrees();
  });
  const open = (settings = {}) => machine.open(settings, { workTrees: git });
  const submit = (window: Supervisor, more = {}) =>
    window.submit({ prompt: 'Fix it', loopId: 'a', isolation: 'worktree', ...more });
  const loopOf = async (window: Supervisor) => (await window.get('a'))?.loop;
  const stateOf = async (window: Supervisor) => (await loopOf(window))?.state;
  const never = () => new Promise<never>(() => undefined);
  const run = () => machine.launcher.of('a');

  it('R12.1 is prepared in a slot, and then runs in its work tree', async () => {
    let made = () => {};
    git.onCreate = () => new Promise((resolve) => (made = resolve));
    const window = await open({ maxConcurrent: 1 });
    assert.deepEqual(await submit(window), { loopId: 'a', queued: false, position: 0 });
    await window.submit({ prompt: 'other', loopId: 'b' });
    await machine.soon();
    assert.equal(await stateOf(window), 'preparing');
    assert.deepEqual([window.status().concurrencyUsed, machine.alive()], [1, []]);
    assert.deepEqual(
      window.status().preparing.map(({ loopId }) => loopId),
      ['a'],
    );
    made();
    await machine.soon();
    assert.deepEqual(machine.alive(), ['a'], 'it keeps its slot');
    const loop = await loopOf(window);
    assert.deepEqual(loop?.workTree?.made, { path: run().request?.cwd, branch: 'loops/a' });
    assert.equal(loop?.workTree?.from, '/project');
    assert.equal(git.requests[0]?.base, 'head', 'made from the commit that was checked out at submit');
    assert.deepEqual(machine.typesOf('loop:').slice(0, 3), ['loop:preparing', 'loop:queued', 'loop:started']);
  });

  it('R12.1 the setting decides where the submit does not, and the folder itself stays the default', async () => {
    const window = await open({ isolation: 'worktree' });
    await window.submit({ prompt: 'x', loopId: 'a' });
    await window.submit({ prompt: 'x', loopId: 'b', isolation: 'folder' });
    await machine.soon();
    assert.deepEqual(
      [(await loopOf(window))?.cwd, (await window.get('b'))?.loop.cwd],
      [git.requests[0]?.path, '/project'],
    );
  });

  for (const reason of ['not-a-repository', 'bare', 'unborn', 'git-too-old', 'git-missing', 'unknown'] as const)
    it(`R12.1 is refused at submit where there can be none (${reason}), with what to do`, async () => {
      git.found = { kind: 'none', reason: reason satisfies NoRepositoryReason, message: 'Run "git init" first.' };
      const window = await open();
      await assert.rejects(submit(window), (error) => {
        assert.ok(error instanceof NoWorkTreeError);
        assert.deepEqual([error.code, error.reason], ['no-work-tree', reason]);
        assert.match(error.message, /not submitted: Run "git init" first/);
        return true;
      });
      assert.deepEqual(
        machine.eventsOf('loop:rejected').map((event) => event.reason),
        ['invalid'],
      );
      assert.equal(await window.get('a'), undefined);
    });

  it('R15.4 what a loop submits works beside it, and never in a work tree of its own', async () => {
    const window = await open({ isolation: 'worktree', maxSubmitDepth: 1 });
    await submit(window);
    await machine.soon();
    const inside = { prompt: 'x', loopId: 'b', parent: 'a', cwd: run().request?.cwd ?? '' };
    await assert.rejects(window.submit({ ...inside, isolation: 'worktree' }), /not in a work tree of its own/);
    await window.submit(inside);
    await machine.soon();
    assert.equal(machine.launcher.of('b').request?.cwd, run().request?.cwd);
  });

  it('R1.3 names the field of an isolation that is none', async () => {
    const window = await open();
    for (const [field, spec] of [
      ['isolation', { isolation: 'container' }],
      ['carryChanges', { isolation: 'worktree', carryChanges: 1 }],
      ['carryChanges', { isolation: 'folder', carryChanges: true }],
    ] as const)
      await assert.rejects(
        window.submit({ prompt: 'x', ...spec } as never),
        (error) => error instanceof InvalidLoopError && error.field === field,
      );
  });

  it('R12.2 takes uncommitted changes along on request, and lets go of them where the submit is refused', async () => {
    const window = await open();
    await submit(window, { carryChanges: true });
    await machine.soon();
    const [carried] = git.snapshots;
    assert.match(carried ?? '', /^carry-/);
    assert.equal(git.requests[0]?.carry, `commit of ${carried}`);
    assert.deepEqual(git.forgotten, [carried?.split('/')[0]], 'the work tree has them now');
    await assert.rejects(submit(window, { carryChanges: true }), { code: 'duplicate-loop' });
    assert.equal(git.forgotten.length, 2);
  });

  it('R12.2 a work tree that cannot be made holds the loop, which says why and can be started again', async () => {
    git.onCreate = () => Promise.reject(new Error('The disk is full: free some space and try again'));
    const window = await open();
    await submit(window);
    await machine.soon();
    const loop = await loopOf(window);
    assert.ok(loop?.state === 'waiting' && loop.for === 'you');
    assert.deepEqual([loop.need, /disk is full/.test(loop.why)], ['workTree', true]);
    assert.equal(window.status().concurrencyUsed, 0, 'it holds no slot');
    git.onCreate = async () => undefined;
    assert.equal(await window.restartNow('a'), true);
    await machine.soon();
    assert.equal(await stateOf(window), 'running');
  });

  it('R12.2 the set-up command runs once, before the agent, and is no attempt of the agent', async () => {
    const window = await open({ workTree: { setup: 'npm ci', maxTotalBytes: 1, maxAgeMs: 1 } });
    await submit(window);
    await machine.soon();
    assert.deepEqual([run().request?.plan.args.at(-1), run().request?.cwd], ['npm ci', git.requests[0]?.path]);
    run().ok();
    await machine.soon();
    assert.equal(run().request?.plan.command, 'sample');
    run().end({ exit: { exitCode: 3 } });
    await machine.clock.advance(10_000);
    assert.equal(run().request?.plan.command, 'sample', 'a restart does not set it up again');
    const { attempts } = (await window.get('a')) ?? {};
    assert.deepEqual(
      attempts?.map(({ isSetup = false }) => isSetup),
      [true, false, false],
    );
    assert.equal(window.status().circuit.consecutiveFailures, 1);
  });

  it('R12.2 a set-up command that fails holds the loop, and says what it said last', async () => {
    const window = await open({ workTree: { setup: 'npm ci', maxTotalBytes: 1, maxAgeMs: 1 } });
    await submit(window);
    await machine.soon();
    run().end({ exit: { exitCode: 1 }, says: [{ type: 'checked', report: 'a\nno such package', digest: '' }] });
    await machine.soon();
    const loop = await loopOf(window);
    assert.ok(loop?.state === 'waiting' && loop.for === 'you' && loop.need === 'workTree');
    assert.match(loop.why, /set-up command .* failed: no such package/);
    assert.equal(window.status().circuit.consecutiveFailures, 0);
    await window.restartNow('a');
    assert.equal(run().request?.plan.args.at(-1), 'npm ci', 'it is tried again');
  });

  it('R7.2 a cancel while it is prepared is final, and its work tree goes', async () => {
    let made = () => {};
    git.onCreate = () => new Promise((resolve) => (made = resolve));
    const window = await open();
    await submit(window);
    await machine.soon();
    await window.cancel('a');
    assert.equal(await stateOf(window), 'cancelled');
    made();
    await machine.soon();
    assert.deepEqual(git.removed, [{ path: git.requests[0]?.path, keepBranch: false }]);
    assert.deepEqual([await stateOf(window), machine.alive()], ['cancelled', []]);
  });

  it('R12.6 a host that dies while it makes a work tree leaves it to the next, and none is made twice', async () => {
    git.onCreate = never;
    const first = await open();
    await submit(first);
    await machine.soon();
    machine.kill(first);
    git.onCreate = async () => undefined;
    const next = await open();
    await machine.clock.advance(11_000);
    assert.equal(await stateOf(next), 'running');
    assert.equal(new Set(git.requests.map(({ path }) => path)).size, 1, 'the same one');
  });

  it('R9.1 a shutdown puts it back in its place', async () => {
    git.onCreate = never;
    const window = await open();
    await submit(window);
    await machine.soon();
    await window.shutdown(0);
    assert.equal(machine.books().latest('a') instanceof Promise, true);
    assert.equal((await machine.books().latest('a'))?.state, 'queued');
  });

  it('R9.1 R12.6 one that is made while a shutdown puts its loop back stays that loop’s', async () => {
    let made = () => {};
    git.onCreate = () => new Promise((resolve) => (made = resolve));
    machine.launcher.onStop = () => undefined;
    const window = await open();
    await window.submit({ prompt: 'x', loopId: 'b' });
    await submit(window);
    await machine.soon();
    // It waits for b, which does not end.
    void window.shutdown(60_000);
    await machine.soon();
    made();
    await machine.soon();
    assert.deepEqual([await stateOf(window), git.removed], ['queued', []]);
  });

  describe('that is removed by hand', () => {
    const away = new Set<string>();
    const look = (path: string) =>
      away.has(path) ? { state: 'gone' as const } : { state: 'there' as const, value: path };
    const path = () => git.requests[0]?.path ?? '';
    const lastError = async (window: Supervisor) => {
      const loop = await loopOf(window);
      return loop && 'lastError' in loop ? loop.lastError?.reason : undefined;
    };

    async function running(more = {}): Promise<Supervisor> {
      away.clear();
      const window = await machine.open({}, { workTrees: git, look: look as never });
      git.onCreate = async (request) => void away.delete(request.path);
      await submit(window, more);
      await machine.soon();
      return window;
    }

    it('R12.6 is made again from its branch, and the failure of its run is put down to that', async () => {
      const window = await running();
      away.add(path());
      run().end({ exit: { exitCode: 1 } });
      await machine.soon();
      assert.equal(await lastError(window), 'its work tree was removed while it worked there');
      await machine.clock.advance(10_000);
      assert.equal(git.requests[1]?.branch, 'loops/a');
      assert.equal(await stateOf(window), 'running');
      assert.equal(window.status().circuit.consecutiveFailures, 0, 'its account has done nothing wrong');
    });

    it('R12.6 under a run that goes on ends that run with the reason', async () => {
      const window = await running();
      const first = run();
      away.add(path());
      await machine.clock.advance(6_000);
      assert.deepEqual(first.stops, [], 'it may only be moved for a moment');
      await machine.clock.advance(6_000);
      assert.deepEqual(first.stops, ['restart']);
      first.end({ exit: { signal: 'SIGTERM' }, stoppedBy: 'restart' });
      await machine.soon();
      assert.equal(await lastError(window), 'its work tree was removed while it worked there');
      await machine.clock.advance(10_000);
      assert.deepEqual([await stateOf(window), git.requests[1]?.branch], ['running', 'loops/a']);
    });

    it('R12.6 one that is back at the next look goes on, and unknown is not gone', async () => {
      await running();
      away.add(path());
      await machine.clock.advance(6_000);
      away.delete(path());
      await machine.clock.advance(6_000);
      away.add(path());
      await machine.clock.advance(3_000);
      assert.deepEqual(run().stops, []);
    });

    for (const commits of [2, 0])
      it(`R7.2 R12.6 a cancel while it is made again loses nothing of the ${commits} commits on its branch`, async () => {
        const window = await running();
        away.add(path());
        run().end({ exit: { exitCode: 1 } });
        let made = () => {};
        git.onCreate = () => new Promise((resolve) => (made = resolve));
        await machine.clock.advance(10_000);
        assert.equal(await stateOf(window), 'preparing');
        git.unsavedWork = { uncommitted: [], ignored: [], commits };
        await window.cancel('a');
        const left = (await loopOf(window))?.workTree?.made;
        assert.deepEqual(left, { path: path(), branch: 'loops/a' }, 'tidying finds it, should this host die now');
        made();
        await machine.soon();
        assert.deepEqual(git.removed, [{ path: path(), keepBranch: commits > 0 }]);
      });

    it('R12.6 something that removes it again and again uses up the restarts', async () => {
      const window = await running();
      for (let time = 0; time < 4; time++) {
        away.add(path());
        run().end({ exit: { exitCode: 1 } });
        await machine.clock.advance(40_000);
      }
      assert.equal(await stateOf(window), 'failed');
    });

    it('R12.6 R2.2 a loop whose agent moved the folder that it works in waits for that, and no work tree is made again', async () => {
      git.within = '/pkg';
      const window = await running();
      away.add(`${path()}/pkg`);
      run().end({ exit: { exitCode: 1 } });
      await machine.clock.advance(10_000);
      const [view] = window.live();
      assert.deepEqual([view?.loop.state, view?.waitingFor, git.requests.length], ['queued', 'folder', 1]);
      away.clear();
      await machine.clock.advance(60_000);
      assert.equal(await stateOf(window), 'running');
    });
  });
});

describe('snapshots around runs', () => {
  const machine = machineForEachTest();

  it('R12.3 are taken before and after each run, and the loop shows what it has changed', async () => {
    const git = new FakeWorkTrees();
    const window = await machine.open({}, { workTrees: git });
    await window.submit({ prompt: 'x', loopId: 'a', check: { command: 'npm test', checkFirst: false } });
    await machine.soon();
    machine.launcher.of('a').ok();
    await machine.soon();
    machine.launcher.of('a').end({ exit: { exitCode: 0 } });
    await machine.soon();
    assert.deepEqual(git.snapshots, ['1/1-before', '1/1', '1/2-before', '1/2']);
    const detail = await window.get('a');
    assert.deepEqual(
      detail?.attempts.map(({ treeBefore, treeAfter }) => [treeBefore, treeAfter]),
      [
        ['commit of 1/1-before', 'commit of 1/1'],
        ['commit of 1/2-before', 'commit of 1/2'],
      ],
    );
    const { changes } = detail?.loop ?? {};
    assert.deepEqual(
      [changes?.start, changes?.now, changes?.files, changes?.insertions, changes?.deletions],
      ['commit of 1/1-before', 'commit of 1/2', 1, 12, 3],
    );
  });

  it('R12.3 the review says of loops that ran in one folder at the same time that the changes may be theirs together', async () => {
    const git = new FakeWorkTrees();
    const window = await machine.open({}, { workTrees: git });
    for (const loopId of ['a', 'b']) await window.submit({ prompt: 'x', loopId });
    await window.submit({ prompt: 'x', loopId: 'c', isolation: 'worktree' });
    for (const loopId of ['a', 'b', 'c']) {
      await machine.clock.advance(1_000);
      machine.launcher.of(loopId).ok();
    }
    await machine.clock.advance(1_000);
    await window.submit({ prompt: 'x', loopId: 'd' });
    await machine.clock.advance(1_000);
    machine.launcher.of('d').ok();
    await machine.soon();
    const actions = await window.workTrees();
    const shared = ['a', 'b', 'c', 'd'].map(async (loopId) => (await actions.review(loopId)).isShared);
    assert.deepEqual(await Promise.all(shared), [true, true, false, false]);
  });
});
