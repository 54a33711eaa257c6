import assert from 'node:assert/strict';
import { WrongStateError } from '../../src/core/model/errors.ts';
import { GONE, there, unknown } from '../../src/core/model/looks.ts';
import type { ProcessIdentity } from '../../src/core/model/processIdentity.ts';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import type { Supervisor } from '../../src/core/supervisor.ts';
import type { FakeRun } from '../support/fakeLauncher.ts';
import { machineForEachTest } from '../support/harness.ts';

const machine = machineForEachTest();
const AGENT: ProcessIdentity = { pid: 4_242, startTime: '1', bootId: 'boot' };
const NAMED = { ...AGENT, command: 'agent' };

/** Ends a run of which nobody knows whether its processes live. */
function endUnseen(run: FakeRun): void {
  run.end({ kind: 'lost', exit: {}, remaining: [NAMED], unseen: 'no free descriptors' });
}

const waitingFor = (window: Supervisor, loopId: string) => {
  const loop = window.live().find((view) => view.loop.loopId === loopId)?.loop;
  return loop?.state === 'waiting' ? [loop.for, loop.for === 'you' && loop.need] : loop?.state;
};

const attempts = async (window: Supervisor) => (await window.get('a'))?.attempts.length;

describe('ends that are not confirmed', () => {
  let window: Supervisor;

  beforeEach(async () => {
    window = await machine.open({ maxConcurrent: 1 });
    for (const loopId of ['a', 'b']) await window.submit({ prompt: 'work', loopId });
    machine.launcher.of('a').start(AGENT);
    await machine.soon();
  });

  it('R3.1 a run that nobody can see is shown so, and holds its slot for as long as it is looked for', async () => {
    machine.launcher.of('a').unseen('no free descriptors');
    await machine.clock.advance(60_000);
    const shown = () => window.live().find(({ loop }) => loop.loopId === 'a')?.activity?.unseen;
    assert.equal(shown(), 'no free descriptors');
    assert.deepEqual(machine.alive(), ['a']);
    machine.launcher.of('a').unseen(undefined);
    assert.equal(shown(), undefined);
  });

  it('R3.1 once it is given up its slot is free, and it waits for its user: it is never restarted by itself', async () => {
    endUnseen(machine.launcher.of('a'));
    await machine.clock.advance(60 * 60_000);
    assert.deepEqual(waitingFor(window, 'a'), ['you', 'endUnknown']);
    assert.equal(machine.launcher.runs.filter(({ loopId }) => loopId === 'a').length, 1);
    assert.deepEqual(machine.alive(), ['b']);
    assert.equal(window.status().circuit.consecutiveFailures, 0, 'nobody knows whether it failed');
    const [told] = machine.eventsOf('loop:waiting');
    assert.match(told?.reason ?? '', /no free descriptors/);
  });

  it('R7.6 what not even SIGKILL ends keeps the loop from starting again, whatever its outcome', async () => {
    for (const end of ['ok', 'fail'] as const) {
      const run = machine.launcher.of('a');
      run.end({ exit: { exitCode: end === 'ok' ? 0 : 1 }, remaining: [NAMED] });
      await machine.clock.advance(60_000);
      assert.deepEqual(waitingFor(window, 'a'), ['you', 'notEnded']);
      assert.deepEqual(machine.alive(), ['b']);
      if (end === 'fail') return;
      await window.treatAsEnded('a');
      assert.equal((await window.get('a'))?.state, 'completed');
      machine.launcher.of('b').ok();
      await machine.soon();
      for (const loopId of ['a', 'b']) await window.submit({ prompt: 'work', loopId });
    }
  });

  it('R3.1 Treat as Ended lets it go on, without using up a restart', async () => {
    endUnseen(machine.launcher.of('a'));
    await machine.soon();
    await window.treatAsEnded('a');
    machine.launcher.of('b').ok();
    await machine.soon();
    assert.deepEqual(machine.alive(), ['a']);
    assert.deepEqual([await attempts(window), (await window.find('a'))?.restarts], [2, []]);
    await assert.rejects(window.treatAsEnded('a'), WrongStateError);
    await assert.rejects(window.treatAsEnded('nobody'), WrongStateError);
  });

  it('R3.1 Look Again lets it go on only if its processes are gone', async () => {
    endUnseen(machine.launcher.of('a'));
    await machine.soon();
    for (const look of [there([NAMED]), unknown('no free descriptors')]) {
      machine.launcher.found = look;
      assert.deepEqual(await window.lookAgain('a'), look);
      assert.deepEqual(waitingFor(window, 'a'), ['you', 'endUnknown']);
    }
    machine.launcher.found = GONE;
    assert.deepEqual(await window.lookAgain('a'), GONE);
    assert.equal(waitingFor(window, 'a'), 'queued');
    await assert.rejects(window.lookAgain('a'), WrongStateError);
  });

  it('R3.1 nothing else starts it: not Start Now, not another window, not a raised cap', async () => {
    endUnseen(machine.launcher.of('a'));
    await machine.soon();
    await assert.rejects(window.restartNow('a'), WrongStateError);
    const other = await machine.open({ maxConcurrent: 4 });
    window.configure({ ...DEFAULT_SETTINGS, maxConcurrent: 4 });
    await machine.clock.advance(60_000);
    assert.deepEqual(waitingFor(other, 'a'), ['you', 'endUnknown']);
    assert.deepEqual(machine.alive(), ['b']);
  });

  it('R7.2 a cancel is final, and a guardian that is still there gets the stop', async () => {
    endUnseen(machine.launcher.of('a'));
    await machine.soon();
    assert.equal(await window.cancel('a'), true);
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'cancelled');
    assert.deepEqual(machine.launcher.of('a').stops, ['user']);
  });

  it("R7.2 the user's stop whose end could not be seen ends as cancelled", async () => {
    machine.launcher.onStop = () => {};
    await window.cancel('a');
    endUnseen(machine.launcher.of('a'));
    await machine.soon();
    assert.deepEqual(waitingFor(window, 'a'), ['you', 'endUnknown']);
    await window.treatAsEnded('a');
    assert.equal((await window.get('a'))?.state, 'cancelled');
  });

  it('R3.1 a proven restart of the machine settles it, as the failure that it was', async () => {
    endUnseen(machine.launcher.of('a'));
    await machine.soon();
    machine.kill(window);
    const rebooted = await machine.open(
      { maxConcurrent: 0 },
      { inspector: ({ self, look }) => ({ self: { ...self, bootId: 'next' }, look }) },
    );
    await machine.clock.advance(1_000);
    const loop = await rebooted.find('a');
    assert.deepEqual([loop?.state, loop?.restarts.length], ['queued', 1]);
  });

  it('R3.1 a window of the same boot, or of another machine, settles nothing', async () => {
    endUnseen(machine.launcher.of('a'));
    await machine.soon();
    machine.kill(window);
    const same = await machine.open({ maxConcurrent: 0 });
    await machine.clock.advance(1_000);
    assert.deepEqual(waitingFor(same, 'a'), ['you', 'endUnknown']);
    machine.kill(same);
    const elsewhere = await machine.open(
      { maxConcurrent: 0 },
      {
        inspector: ({ self }) => ({
          self: { ...self, bootId: 'next', machine: 'other' },
          look: () => unknown('it runs on another machine'),
        }),
      },
    );
    await machine.clock.advance(1_000);
    assert.deepEqual(waitingFor(elsewhere, 'a'), ['you', 'endUnknown']);
  });
});

describe('windows that nobody can see', () => {
  it('R7.4 R9.2 the lease of such a window stands, and its runs are adopted only when it is gone', async () => {
    let look: 'unknown' | 'real' = 'unknown';
    const first = await machine.open({}, { folders: ['/a'] });
    await first.submit({ prompt: 'work', loopId: 'a' });
    const other = await machine.open(
      {},
      {
        folders: ['/b'],
        inspector: (real) => ({
          self: real.self,
          look: (process) => (look === 'unknown' ? unknown('no free descriptors') : real.look(process)),
        }),
      },
    );
    const followedBy = () => {
      const loop = other.live()[0]?.loop;
      return loop?.state === 'running' ? loop.attempt.windowId : loop?.state;
    };
    const firstId = machine.idOf(first);
    machine.kill(first);
    await machine.clock.advance(60 * 60_000);
    assert.equal(followedBy(), firstId, 'nobody knows whether that window is gone');
    assert.deepEqual(machine.alive(), ['a']);
    look = 'real';
    await machine.clock.advance(30_000);
    assert.equal(followedBy(), machine.idOf(other));
    assert.deepEqual(machine.alive(), ['a'], 'and it is the same run');
  });

  it('R1.3 a folder that cannot be looked at fails no loop: it starts when that is possible', async () => {
    let isBlind = false;
    const look = (path: string) => (isBlind ? unknown('no free descriptors') : there(path));
    const window = await machine.open({ maxConcurrent: 1 }, { look });
    for (const loopId of ['a', 'b']) await window.submit({ prompt: 'work', loopId });
    isBlind = true;
    machine.launcher.of('a').ok();
    await machine.clock.advance(60_000);
    assert.deepEqual([machine.alive(), waitingFor(window, 'b')], [[], 'queued']);
    await assert.rejects(window.submit({ prompt: 'work' }), /no free descriptors/);
    isBlind = false;
    await machine.clock.advance(10_000);
    assert.deepEqual(machine.alive(), ['b']);
  });
});
