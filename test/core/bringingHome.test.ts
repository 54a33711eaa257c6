import assert from 'node:assert/strict';
import { InvalidLoopError, WrongStateError } from '../../src/core/model/errors.ts';
import type { PlanRequest } from '../../src/core/ports/agents.ts';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { FakeWorkTrees } from '../support/fakeWorkTrees.ts';
import { fakeCatalog, fakeProfile, machineForEachTest } from '../support/harness.ts';

describe('what a loop in a work tree of its own leaves', () => {
  const machine = machineForEachTest();
  let git: FakeWorkTrees;
  let asked: PlanRequest[];
  beforeEach(() => {
    git = new FakeWorkTrees();
    asked = [];
  });

  async function open(): Promise<Supervisor> {
    const agent = fakeProfile('claude', {
      canResume: true,
      plan: (request) => {
        asked.push(request);
        return { command: 'claude', args: [], env: {}, sessionId: request.resume ?? 's1', stopSteps: [] };
      },
    });
    return machine.open({ defaultAgent: 'claude' }, { workTrees: git, agents: fakeCatalog(agent) });
  }

  async function finished(more = {}): Promise<Supervisor> {
    const window = await open();
    await window.submit({ prompt: 'Fix it', loopId: 'a', isolation: 'worktree', ...more });
    await machine.soon();
    run().say({ type: 'session', sessionId: 's1' });
    await end();
    return window;
  }

  const run = () => machine.launcher.of('a');
  async function end(exitCode = 0): Promise<void> {
    run().end({ exit: { exitCode } });
    await machine.soon();
  }
  const loopOf = async (window: Supervisor) => (await window.get('a'))?.loop;
  const ref = { loopId: 'a' };

  it('R12.4 the review is of what it changed since before its first run, and of now', async () => {
    const window = await finished();
    const { from, to, files, isShared } = await (await window.workTrees()).review('a');
    assert.deepEqual([from, to, isShared], ['commit of 1/1-before', 'commit of 1/now', false]);
    assert.deepEqual(files, git.differs);
  });

  it('R12.4 a live loop can be reviewed, and so can one round or one attempt', async () => {
    const window = await open();
    const check = { command: 'npm test', checkFirst: false };
    await window.submit({ prompt: 'x', loopId: 'a', isolation: 'worktree', check });
    await machine.soon();
    assert.equal((await (await window.workTrees()).review('a')).to, 'commit of 1/now');
    await assert.rejects((await window.workTrees()).review('a', { round: 1 }), /that run has not ended yet/);
    for (const code of [0, 1, 0, 0]) await end(code);
    const spans = await Promise.all(
      [{ round: 1 }, { round: 2 }, { attempt: 3 }].map(async (query) => {
        const { from, to } = await (await window.workTrees()).review('a', query);
        return [from, to];
      }),
    );
    assert.deepEqual(spans, [
      ['commit of 1/1-before', 'commit of 1/1'],
      ['commit of 1/3-before', 'commit of 1/3'],
      ['commit of 1/3-before', 'commit of 1/3'],
    ]);
  });

  it('R12.3 without Git there is no review, and that is said', async () => {
    git.found = { kind: 'none', reason: 'not-a-repository', message: '' };
    const window = await open();
    await window.submit({ prompt: 'x', loopId: 'a' });
    await end();
    await assert.rejects(
      (await window.workTrees()).review('a'),
      /has no changes to review.*where a loop runs in a Git repository/,
    );
  });

  for (const [way, how] of [
    ['merge', 'merged'],
    ['squash', 'squashed'],
    ['apply', 'applied'],
  ] as const)
    it(`R12.4 after ${way} its work tree and branch are gone at once`, async () => {
      const window = await finished();
      const { result, isRemoved } = await (await window.workTrees()).bringHome(ref, way);
      assert.deepEqual(
        [result.kind, isRemoved, git.removed.map(({ keepBranch }) => keepBranch)],
        ['done', true, [false]],
      );
      const { workTree, cwd } = (await loopOf(window)) ?? {};
      assert.deepEqual(
        [workTree?.made, workTree?.outcome?.how, workTree?.base, cwd],
        [undefined, how, 'merged', '/project'],
      );
      await assert.rejects(
        (await window.workTrees()).bringHome(ref, way),
        /has no work tree any more: its work was brought home/,
      );
    });

  it('R12.6 a work tree with ignored files of the loop’s making stays until its user has decided', async () => {
    git.unsavedWork = { uncommitted: [], ignored: ['dist/'], commits: 0 };
    const window = await finished();
    const { isRemoved, ignored } = await (await window.workTrees()).bringHome(ref, 'merge');
    assert.deepEqual([isRemoved, ignored, git.removed], [false, ['dist/'], []]);
    await (await window.workTrees()).discard(ref, 'merged');
    assert.equal((await loopOf(window))?.workTree?.outcome?.how, 'merged');
  });

  it('R12.4 conflicts are remembered until they are aborted', async () => {
    git.result = { kind: 'conflicts', paths: ['a.txt'] };
    const window = await finished();
    await assert.rejects((await window.workTrees()).abort(ref), /no merge under way/);
    const { isRemoved } = await (await window.workTrees()).bringHome(ref, 'merge');
    assert.deepEqual([isRemoved, (await loopOf(window))?.workTree?.merging], [false, 'merge']);
    await (await window.workTrees()).abort(ref);
    assert.deepEqual([git.aborted, (await loopOf(window))?.workTree?.merging], [1, undefined]);
  });

  for (const [what, see] of [
    ['Abort Merge', (window: Supervisor) => abortOf(window)],
    ['a further merge', async (window: Supervisor) => void (await (await window.workTrees()).preview(ref, 'merge'))],
    ['tidying up', async (window: Supervisor) => (await window.workTrees()).tidy.tidy()],
  ] as const)
    it(`R12.4 conflicts that the user resolved in Git are over: ${what} sees it`, async () => {
      git.result = { kind: 'conflicts', paths: ['a.txt'] };
      const window = await finished();
      await (await window.workTrees()).bringHome(ref, 'merge');
      const merging = async () => (await loopOf(window))?.workTree?.merging;
      await (await window.workTrees()).tidy.tidy();
      assert.equal(await merging(), 'merge', 'it is under way');
      git.stopped = false;
      await see(window);
      assert.deepEqual([await merging(), git.aborted], [undefined, 0]);
    });

  async function abortOf(window: Supervisor): Promise<void> {
    await assert.rejects((await window.workTrees()).abort(ref), /no merge under way any more: it was ended in Git/);
  }

  it('R12.4 nothing is brought home from a loop that runs, or that has no work tree', async () => {
    const window = await open();
    await window.submit({ prompt: 'x', loopId: 'a', isolation: 'worktree' });
    await machine.soon();
    await assert.rejects((await window.workTrees()).bringHome(ref, 'merge'), /still at work/);
    await window.submit({ prompt: 'x', loopId: 'b' });
    await machine.soon();
    machine.launcher.of('b').ok();
    await machine.soon();
    await assert.rejects((await window.workTrees()).bringHome({ loopId: 'b' }, 'merge'), WrongStateError);
    assert.deepEqual(git.asked, []);
  });

  it('R12.4 Keep Branch commits the rest and leaves the branch; Discard leaves nothing', async () => {
    const window = await finished();
    assert.equal(await (await window.workTrees()).keepBranch(ref), 'loops/a');
    const { outcome } = (await loopOf(window))?.workTree ?? {};
    assert.deepEqual([outcome?.how, outcome?.branch, git.removed[0]?.keepBranch], ['kept', 'loops/a', true]);
    await window.continueWith('a', 'More');
    await machine.soon();
    assert.equal(git.requests[1]?.branch, 'loops/a', 'it goes on from the branch');
    await end();
    await (await window.workTrees()).discard(ref);
    assert.deepEqual(
      [(await loopOf(window))?.workTree?.outcome?.how, git.removed[1]?.keepBranch],
      ['discarded', false],
    );
  });

  it('R12.4 its branch is pushed to the remote that was confirmed, which stands in its history; the work tree stays', async () => {
    const window = await finished();
    const workTrees = await window.workTrees();
    assert.deepEqual(await workTrees.planPush(ref), git.pushPlan);
    assert.deepEqual(git.pushed, [], 'a plan pushes nothing');
    git.pushResult = { kind: 'refused', message: 'origin cannot be reached' };
    assert.deepEqual(await workTrees.push(ref, 'origin'), git.pushResult);
    const whys = async () => (await window.get('a'))?.history.map(({ why }) => why).join() ?? '';
    assert.doesNotMatch(await whys(), /pushed/);
    git.pushResult = { kind: 'pushed', page: 'https://example.com/compare' };
    assert.deepEqual(await workTrees.push(ref, 'origin'), git.pushResult);
    assert.match(await whys(), /its branch loops\/a was pushed to origin/);
    assert.deepEqual([git.removed, (await loopOf(window))?.workTree?.made?.branch], [[], 'loops/a']);
  });

  it('R12.4 nothing of a loop that runs is pushed', async () => {
    const window = await open();
    await window.submit({ prompt: 'x', loopId: 'a', isolation: 'worktree' });
    await machine.soon();
    await assert.rejects((await window.workTrees()).push(ref, 'origin'), /still at work/);
    assert.deepEqual(git.pushed, []);
  });

  it('R12.5 goes on with a further prompt in its session and work tree', async () => {
    const window = await finished();
    const place = await window.continueWith('a', 'Now the tests');
    assert.deepEqual(place, { loopId: 'a', queued: false, position: 0 });
    const last = asked.at(-1);
    assert.deepEqual([last?.prompt, last?.resume, last?.newMessage], ['Now the tests', 's1', true]);
    assert.equal(last?.cwd, git.requests[0]?.path);
    assert.equal(git.requests.length, 1);
    await assert.rejects(window.continueWith('a', 'x'), /only a finished loop/);
    await end();
    assert.match(
      (await window.get('a'))?.history.map(({ why }) => why).join() ?? '',
      /continued by the user with: Now/,
    );
    await assert.rejects(window.continueWith('a', '  '), InvalidLoopError);
  });

  it('R12.5 a session that cannot go on gets both prompts, and a check follows as before', async () => {
    const window = await finished({ check: { command: 'npm test', checkFirst: false, context: 'fresh' } });
    await end(1);
    await end();
    await end();
    assert.equal((await loopOf(window))?.state, 'completed');
    await window.continueWith('a', 'Now the docs');
    await machine.soon();
    assert.deepEqual([asked.at(-1)?.resume, asked.at(-1)?.prompt], [undefined, 'Fix it\n\nNow the docs']);
    await end();
    assert.equal((await loopOf(window))?.state, 'checking');
    assert.equal((await loopOf(window))?.rounds?.round, 3, 'its rounds go on counting');
  });

  it('R11.8 Use Round N brings its files back, and keeps what was there', async () => {
    const window = await finished({ check: { command: 'npm test', checkFirst: false } });
    for (const code of [1, 0, 0]) await end(code);
    await (await window.workTrees()).useRound(ref, 1);
    assert.deepEqual(git.restored, ['commit of 1/1']);
    assert.equal(git.snapshots.at(-1), '1/before-round-1');
    await assert.rejects((await window.workTrees()).useRound(ref, 7), /no snapshot of round 7/);
  });

  it('R12.6 what a removed loop leaves of snapshots goes with it', async () => {
    const window = await finished();
    await window.removeFinished('a');
    assert.deepEqual(git.forgotten, ['1']);
  });
});
