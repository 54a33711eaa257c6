import assert from 'node:assert/strict';
import { StoreError } from '../../src/core/model/errors.ts';
import { fakeCatalog, fakeProfile, machineForEachTest } from '../support/harness.ts';
import { MoodyStore } from '../support/moodyStore.ts';

describe('stopping', () => {
  const machine = machineForEachTest();

  beforeEach(() => {
    machine.launcher.onStop = () => {};
  });

  const byTerm = { exit: { signal: 'SIGTERM' } };

  it('R7.2 the stop is on record before the first signal', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    const seen: unknown[] = [];
    machine.launcher.onStop = async () => {
      // As somebody else sees it: it is committed.
      const loop = await machine.books().latest('a');
      seen.push(loop?.state, loop?.state === 'stopping' && loop.attempt.stop?.by);
    };
    assert.equal(await window.cancel('a'), true);
    assert.deepEqual(seen, ['stopping', 'user']);
  });

  it('R7.2 a cancel is final: no restart, no limit, no success brings the loop back', async () => {
    const window = await machine.open();
    const ends: readonly (readonly [string, Parameters<ReturnType<typeof machine.launcher.of>['end']>[0]])[] = [
      ['failed', { exit: { exitCode: 1 } }],
      ['done', { says: [{ type: 'end', ok: true }] }],
      ['limited', { exit: { exitCode: 1 }, says: [{ type: 'limit', reason: 'limit' }] }],
      ['lost', { kind: 'lost', exit: {} }],
      ['killed', { exit: { signal: 'SIGKILL' }, stoppedBy: 'timeout' }],
    ];
    for (const [loopId, end] of ends) {
      await window.submit({ prompt: 'work', loopId });
      await window.cancel(loopId);
      machine.launcher.of(loopId).end(end);
      await machine.clock.advance(60_000);
      assert.equal((await window.get(loopId))?.state, 'cancelled', loopId);
    }
    assert.deepEqual(
      machine.typesOf('loop:').filter((type) => type !== 'loop:started' && type !== 'loop:cancelled'),
      [],
    );
    assert.equal(window.status().circuit.consecutiveFailures, 0);
  });

  it('R7.2 a cancel that comes after another stop takes its place', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.restartNow('a');
    await window.cancel('a');
    assert.deepEqual(machine.launcher.of('a').stops, ['restart', 'user']);
    machine.launcher.of('a').end({ ...byTerm, stoppedBy: 'restart' });
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'cancelled');
  });

  it('R7.2 another stop does not take the place of a cancel', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.cancel('a');
    await window.restartNow('a');
    assert.deepEqual(new Set(machine.launcher.of('a').stops), new Set(['user']));
    machine.launcher.of('a').end(byTerm);
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'cancelled');
  });

  it('R7.2 a loop is cancelled only once its processes are gone', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.cancel('a');
    await machine.clock.advance(60_000);
    assert.equal((await window.get('a'))?.state, 'stopping');
    assert.deepEqual(machine.typesOf('loop:cancelled'), []);
    await assert.rejects(window.submit({ prompt: 'work', loopId: 'a' }), { code: 'duplicate-loop' });
    machine.launcher.of('a').end(byTerm);
    await machine.soon();
    assert.deepEqual(machine.typesOf('loop:cancelled'), ['loop:cancelled']);
  });

  it('R7.2 a cancel in one window stops what another window follows', async () => {
    const first = await machine.open({}, { folders: ['/a'] });
    const second = await machine.open({}, { folders: ['/b'] });
    await first.submit({ prompt: 'work', loopId: 'a' });
    await machine.clock.advance(1_000);
    assert.equal(await second.cancel('a'), true);
    assert.ok(machine.launcher.of('a').stops.includes('user'));
    machine.launcher.of('a').end(byTerm);
    await machine.clock.advance(1_000);
    assert.equal((await second.get('a'))?.state, 'cancelled');
  });

  it('R7.2 a stop whose window dies is completed by the next', async () => {
    const first = await machine.open();
    await first.submit({ prompt: 'work', loopId: 'a' });
    await first.cancel('a');
    machine.kill(first);
    const second = await machine.open();
    assert.deepEqual(machine.launcher.of('a').stops, ['user', 'user']);
    machine.launcher.of('a').end(byTerm);
    await machine.soon();
    assert.equal((await second.get('a'))?.state, 'cancelled');
  });

  it('R7.2 a store that cannot be written does not block a stop: after 1 s it is signalled anyway, and recorded later', async () => {
    const store = new MoodyStore();
    const window = await machine.open({}, { store: store.wrap });
    await window.submit({ prompt: 'work', loopId: 'a' });
    store.mood = 'held';
    const answer = window.cancel('a');
    await machine.clock.advance(999);
    assert.deepEqual(machine.launcher.of('a').stops, []);
    await machine.clock.advance(1);
    assert.deepEqual(machine.launcher.of('a').stops, ['user']);
    assert.equal(await answer, true);
    machine.launcher.of('a').end({ ...byTerm, stoppedBy: 'user' });
    store.release();
    await machine.clock.advance(1_000);
    assert.equal((await window.get('a'))?.state, 'cancelled');
  });

  it('R7.2 a store that refuses does not block a stop either, and the end is written once it works again', async () => {
    const store = new MoodyStore();
    const window = await machine.open({}, { store: store.wrap });
    await window.submit({ prompt: 'work', loopId: 'a' });
    store.mood = 'broken';
    const answer = window.cancel('a');
    await machine.soon();
    assert.equal(await answer, true);
    assert.deepEqual(machine.launcher.of('a').stops, ['user']);
    // The guardian knows who had it stopped: that is what is on record in the end.
    machine.launcher.of('a').end({ ...byTerm, stoppedBy: 'user' });
    await machine.clock.advance(5_000);
    store.mood = 'well';
    await machine.clock.advance(2_000);
    assert.equal((await window.get('a'))?.state, 'cancelled');
    assert.ok(machine.logged.some((line) => line.includes('a')));
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL', 'SIGHUP', 'SIGQUIT', 'TERM']) {
    it(`R7.3 ${signal} is meant to end it: a user's stop, recorded first, never restarted`, async () => {
      const window = await machine.open();
      await window.submit({ prompt: 'work', loopId: 'a' });
      machine.launcher.onSignal = async (run) => {
        assert.equal((await machine.books().latest('a'))?.state, 'stopping');
        run.end({ exit: { signal: 'SIGKILL' } });
      };
      assert.equal(await window.killProcessGroup('a', signal), true);
      assert.deepEqual(machine.launcher.of('a').signals, [signal === 'TERM' ? 'SIGTERM' : signal]);
      assert.deepEqual(machine.launcher.of('a').stops, [], 'just that signal');
      await machine.soon();
      assert.equal((await window.get('a'))?.state, 'cancelled');
    });
  }

  for (const signal of ['SIGSTOP', 'SIGCONT', 'SIGUSR1', 'USR2']) {
    it(`R7.3 ${signal} records nothing`, async () => {
      const window = await machine.open();
      await window.submit({ prompt: 'work', loopId: 'a' });
      const before = await window.get('a');
      assert.equal(await window.killProcessGroup('a', signal), true);
      assert.deepEqual(await window.get('a'), before);
      machine.launcher.of('a').fail();
      await machine.soon();
      assert.equal((await window.get('a'))?.state, 'backingOff');
    });
  }

  it('R7.3 SIGTERM is the default; an already dead group is no error, and its loop is settled as its end is known', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').fail();
    assert.equal(await window.killProcessGroup('a'), false);
    await machine.soon();
    assert.deepEqual(machine.launcher.of('a').signals, ['SIGTERM']);
    assert.equal(await window.killProcessGroup('nobody'), false);
    await window.submit({ prompt: 'work', loopId: 'b' });
    await window.cancel('b');
    machine.launcher.of('b').end(byTerm);
    await machine.soon();
    assert.equal(await window.killProcessGroup('b'), false, 'it is over');
  });

  it('R7.3 a mere signal that is ignored does not keep a cancel from its steps', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.killProcessGroup('a', 'SIGTERM');
    assert.deepEqual(machine.launcher.of('a').stops, []);
    await window.cancel('a');
    assert.deepEqual(machine.launcher.of('a').stops, ['user']);
  });

  it('R7.3 a kill that comes upon a later attempt, begun by another window, reaches that one', async () => {
    const first = await machine.open();
    const second = await machine.open();
    await first.submit({ prompt: 'work', loopId: 'a' });
    await machine.clock.advance(1_000);
    await first.restartNow('a');
    machine.launcher.of('a').end(byTerm);
    await machine.soon();
    assert.equal(machine.launcher.runs.length, 2, 'and the second window has not looked yet');
    assert.equal(await second.killProcessGroup('a'), true);
    assert.deepEqual(machine.launcher.of('a').signals, ['SIGTERM']);
  });

  it('R7.3 a store that cannot be written does not block a signal', async () => {
    const store = new MoodyStore();
    const window = await machine.open({}, { store: store.wrap });
    await window.submit({ prompt: 'work', loopId: 'a' });
    store.mood = 'held';
    const answer = window.killProcessGroup('a', 'SIGKILL');
    await machine.clock.advance(1_000);
    assert.equal(await answer, true);
    assert.deepEqual(machine.launcher.of('a').signals, ['SIGKILL']);
    store.release();
    await machine.soon();
  });

  it('R7.2 Stop All cancels whatever is live, and starts nothing on the way', async () => {
    const window = await machine.open({
      maxConcurrent: 3,
      budget: { dailyLimit: 5e9, warnAtPercent: 90, minAllowance: 5e8, onExceeded: 'finish' },
    });
    await window.submit({ prompt: 'work', loopId: 'runs', estimatedCostUsd: 1 });
    await window.submit({ prompt: 'work', loopId: 'waits', estimatedCostUsd: 0 });
    machine.launcher.of('waits').fail();
    await machine.soon();
    await window.pause();
    // The head does not fit beside what runs and was spent since; what is behind it would.
    await window.submit({ prompt: 'work', loopId: 'head', estimatedCostUsd: 3 });
    await window.submit({ prompt: 'work', loopId: 'next', estimatedCostUsd: 0.5 });
    await window.recordCost('waits', 2);
    await window.resume();
    assert.deepEqual(machine.alive(), ['runs']);
    assert.equal(await window.stopAll(), 4);
    await machine.soon();
    assert.equal(machine.launcher.runs.length, 2, 'only those that had run');
    machine.launcher.of('runs').end(byTerm);
    await machine.clock.advance(60_000);
    for (const loopId of ['runs', 'waits', 'head', 'next'])
      assert.equal((await window.get(loopId))?.state, 'cancelled', loopId);
    assert.equal(await window.stopAll(), 0);
  });

  it('R7.2 Stop All stops what runs though the store cannot be written; what waits is cancelled when it can, or it is said that it was not', async () => {
    const store = new MoodyStore();
    const window = await machine.open({ maxConcurrent: 1 }, { store: store.wrap });
    await window.submit({ prompt: 'work', loopId: 'runs' });
    await window.submit({ prompt: 'work', loopId: 'waits' });
    store.tell(new StoreError('locked', 'The database is held by another program.'));
    store.mood = 'held';
    const held = window.stopAll();
    await machine.clock.advance(1_000);
    assert.deepEqual(machine.launcher.of('runs').stops, ['user']);
    store.tell(undefined);
    store.release();
    assert.equal(await held, 2);
    machine.launcher.of('runs').end({ ...byTerm, stoppedBy: 'user' });
    await machine.soon();
    assert.deepEqual(
      [(await window.get('runs'))?.state, (await window.get('waits'))?.state],
      ['cancelled', 'cancelled'],
    );

    await window.submit({ prompt: 'work', loopId: 'other' });
    await window.submit({ prompt: 'work', loopId: 'behind' });
    store.mood = 'broken';
    await assert.rejects(window.stopAll(), /The database is damaged/);
    assert.deepEqual(machine.launcher.of('other').stops, ['user']);
    store.mood = 'well';
    assert.equal((await window.get('behind'))?.state, 'queued');
  });

  it('R7.2 the steps and the grace of a stop are those of its profile and the settings', async () => {
    const stopSteps = [
      { signal: 'SIGINT' as const, share: 0.6 },
      { signal: 'SIGTERM' as const, share: 0.4 },
    ];
    const plain = fakeProfile('sample');
    const agents = fakeCatalog(fakeProfile('sample', { plan: (request) => ({ ...plain.plan(request), stopSteps }) }));
    const window = await machine.open({ killGraceMs: 7_500 }, { agents });
    await window.submit({ prompt: 'work', loopId: 'a' });
    const { request } = machine.launcher.of('a');
    assert.deepEqual(request?.plan.stopSteps, stopSteps);
    await window.cancel('a');
    assert.deepEqual(machine.launcher.of('a').graces, [7_500]);
  });

  it("R7.4 what was swept and what was kept is in the loop's history; what was kept can be ended from there", async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    const process = (pid: number, command: string) => ({ pid, startTime: 's', bootId: 'b', command });
    machine.launcher.of('a').end({ swept: [process(11, 'node'), process(12, 'sh')], kept: [process(13, 'tmux')] });
    await machine.soon();
    const why = async () => (await window.get('a'))?.history.map((row) => row.why) ?? [];
    assert.ok((await why()).includes('cleaned up: node (11), sh (12)'));
    assert.ok((await why()).includes('spared: tmux (13)'));
    assert.equal(await window.endSpared('a', 11), false, 'that one was not kept');
    assert.equal(await window.endSpared('a', 13), true);
    assert.ok((await why()).includes('ended by the user: tmux (13)'));
  });

  it('R7.4 what an older loop of the id has left is ended by naming that loop', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'old', loopId: 'a' });
    machine.launcher
      .of('a')
      .end({ says: [{ type: 'end', ok: true }], kept: [{ pid: 13, startTime: 's', bootId: 'b', command: 'tmux' }] });
    await machine.soon();
    const seq = (await window.get('a'))?.loop.seq;
    await window.submit({ prompt: 'new', loopId: 'a' });
    assert.equal(await window.endSpared('a', 13), false, 'the latest has left nothing');
    assert.equal(await window.endSpared('a', 13, seq), true);
    assert.equal((await window.get('a', seq))?.history.at(-1)?.why, 'ended by the user: tmux (13)');
  });

  it('R7.4 a process that was ended is said to be, though the store does not take the note', async () => {
    const store = new MoodyStore();
    const window = await machine.open({}, { store: store.wrap });
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher
      .of('a')
      .end({ says: [{ type: 'end', ok: true }], kept: [{ pid: 13, startTime: 's', bootId: 'b', command: 'tmux' }] });
    await machine.soon();
    store.mood = 'broken';
    assert.equal(await window.endSpared('a', 13), true);
    store.mood = 'well';
    assert.ok(machine.logged.some((line) => line.includes('The end of tmux (13) could not be recorded.')));
  });

  it('R7.4 what is ended from there is noted in the state in which its loop then is', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher
      .of('a')
      .end({ exit: { exitCode: 1 }, kept: [{ pid: 13, startTime: 's', bootId: 'b', command: 'tmux' }] });
    await machine.clock.advance(5_000);
    machine.launcher.terminateSpared = async () => {
      machine.launcher.of('a').ok();
      await machine.soon();
      return true;
    };
    assert.equal(await window.endSpared('a', 13), true);
    assert.deepEqual(
      (await window.get('a'))?.history.slice(-2).map(({ from, to }) => [from, to]),
      [
        ['running', 'completed'],
        ['completed', 'completed'],
      ],
    );
  });
});
