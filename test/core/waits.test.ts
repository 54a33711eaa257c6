import assert from 'node:assert/strict';
import type { LiveLoop } from '../../src/core/model/loop.ts';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import { fakeCatalog, fakeProfile, machineForEachTest } from '../support/harness.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

describe('waits for a time that an agent has named', () => {
  const machine = machineForEachTest();

  async function limitedUntil(until: number) {
    const window = await machine.open({}, { agents: fakeCatalog(fakeProfile('sample')) });
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').end({ exit: { exitCode: 1 }, says: [{ type: 'limit', until, reason: 'limit' }] });
    await machine.soon();
    await window.submit({ prompt: 'work', loopId: 'behind' });
    return window;
  }

  const noTimes: readonly (readonly [string, (now: number) => number])[] = [
    ['the end of time', () => 8.64e27],
    ['infinity', () => Number.POSITIVE_INFINITY],
    ['NaN', () => Number.NaN],
    ['next year', (now) => now + 366 * DAY_MS],
  ];
  for (const [name, at] of noTimes) {
    it(`R3.3 ${name} is no reset: the agent is tried again after a while, as if it had named none`, async () => {
      const window = await limitedUntil(at(machine.clock.now()));
      assert.equal((await machine.books().latest('a'))?.state, 'waiting');
      assert.deepEqual(
        window.status().queued.map(({ loopId, waitingFor }) => [loopId, waitingFor]),
        [['behind', 'limit']],
      );
      assert.equal(window.status().holds[0]?.guessed, true, 'R14.4 it is shown as a guess');
      await machine.clock.advance(16 * MINUTE_MS);
      assert.deepEqual([(await window.get('a'))?.state, (await window.get('behind'))?.state], ['running', 'queued']);
      machine.launcher.of('a').ok();
      await machine.soon();
      assert.equal((await window.get('behind'))?.state, 'running');
    });
  }

  it('R14.4 a reset that has just passed is tried after a minute, then with growing pauses', async () => {
    const window = await limitedUntil(machine.clock.now() - 1);
    const starts: number[] = [];
    const begun = machine.clock.now();
    for (let n = 1; n <= 4; n++) {
      const runs = machine.launcher.runs.length;
      for (let passed = 0; passed < 70 * MINUTE_MS && machine.launcher.runs.length === runs; passed += 30_000)
        await machine.clock.advance(30_000);
      starts.push(Math.round((machine.clock.now() - begun) / MINUTE_MS));
      assert.equal(machine.launcher.runs.length, runs + 1, 'one goes first');
      const until = machine.clock.now() - 1;
      machine.launcher.alive[0]?.end({ exit: { exitCode: 1 }, says: [{ type: 'limit', until, reason: 'limit' }] });
      await machine.soon();
      assert.equal(window.status().holds[0]?.guessed, true);
    }
    assert.deepEqual(starts, [1, 6, 21, 81]);
  });

  it('R3.3 a fraction of a millisecond is no trouble: the wait can be read back', async () => {
    await limitedUntil(machine.clock.now() + MINUTE_MS + 0.25);
    const books = machine.books();
    assert.equal((await books.latest('a'))?.state, 'waiting');
    const gate = books.changes()?.control.gates['account:sample'];
    assert.equal(gate?.state === 'held' && gate.until, machine.clock.now() + MINUTE_MS + 1);
  });

  it('R4.5 a clock that goes back by years keeps nobody waiting for years', async () => {
    const window = await limitedUntil(machine.clock.now() + MINUTE_MS);
    machine.clock.jump(-3 * 366 * DAY_MS);
    await machine.clock.advance(31_000 + MINUTE_MS);
    assert.deepEqual([(await window.get('a'))?.state, (await window.get('behind'))?.state], ['running', 'queued']);
  });

  it('R6.3 what an agent says of its limit is only text: money that comes free ends no wait for a limit', async () => {
    const window = await machine.open({ budget: { ...DEFAULT_SETTINGS.budget, dailyLimit: 1e9 } });
    await window.submit({ prompt: 'work', loopId: 'a' });
    const until = machine.clock.now() + 60 * MINUTE_MS;
    const reason = 'what was left of the daily budget is used up';
    machine.launcher.of('a').end({ exit: { exitCode: 1 }, says: [{ type: 'limit', until, reason }] });
    await machine.soon();
    window.configure({ ...DEFAULT_SETTINGS, budget: { ...DEFAULT_SETTINGS.budget, dailyLimit: 5e9 } });
    await machine.soon();
    assert.deepEqual(
      window.status().waiting.map(({ loopId, for: what }) => [loopId, what]),
      [['a', 'usageLimit']],
    );
  });

  it('a loop that waits for its user is woken by nothing else, and holds neither slot nor money', async () => {
    const window = await machine.open({ maxConcurrent: 1, budget: { ...DEFAULT_SETTINGS.budget, dailyLimit: 1e9 } });
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 1 });
    machine.launcher.of('a').end({ exit: {}, kind: 'lost' });
    await machine.soon();
    const books = machine.books();
    await books.write((tx) => {
      const { until: _, state: _1, ...facts } = tx.latest('a') as Extract<LiveLoop, { until: number }>;
      tx.saveLoop({ ...facts, state: 'waiting', for: 'you', need: 'answer', why: 'its run cannot be seen' });
    });
    machine.clock.jump(3 * DAY_MS);
    await machine.clock.advance(2 * MINUTE_MS);
    assert.deepEqual(window.status().waiting, [{ loopId: 'a', for: 'you', reason: 'its run cannot be seen' }]);
    assert.equal(window.status().budget.reserved, 0);
    assert.deepEqual(
      window.live().map(({ loop }) => loop.loopId),
      ['a'],
    );
    await window.submit({ prompt: 'work', loopId: 'b', estimatedCostUsd: 1 });
    assert.equal((await window.get('b'))?.state, 'running');
    machine.launcher.of('b').ok();
    assert.equal(await window.restartNow('a'), true);
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'running');
  });

  it('R3.3 a reset in a month is waited for', async () => {
    const window = await limitedUntil(machine.clock.now() + 31 * DAY_MS);
    machine.clock.jump(30 * DAY_MS);
    await machine.clock.advance(31_000);
    assert.deepEqual([(await window.get('a'))?.state, (await window.get('behind'))?.state], ['waiting', 'queued']);
    machine.clock.jump(DAY_MS);
    await machine.clock.advance(31_000);
    assert.equal((await window.get('a'))?.state, 'running');
  });
});

describe('limits without a time', () => {
  const machine = machineForEachTest(MINUTE_MS);

  it('R14.4 the guess doubles while each attempt ends at a limit, and is short again after an hour of work', async () => {
    const window = await machine.open({}, { agents: fakeCatalog(fakeProfile('sample')) });
    await window.submit({ prompt: 'work', loopId: 'a' });
    const pauses: number[] = [];
    for (const workedMs of [0, 0, 61 * MINUTE_MS]) {
      await machine.clock.advance(workedMs);
      machine.launcher.of('a').end({ exit: { exitCode: 1 }, says: [{ type: 'limit', reason: 'limit' }] });
      await machine.soon();
      const pauseMs = (window.status().holds[0]?.until ?? 0) - machine.clock.now();
      pauses.push(pauseMs / MINUTE_MS);
      await machine.clock.advance(pauseMs + MINUTE_MS);
      assert.deepEqual(machine.alive(), ['a']);
    }
    assert.deepEqual(pauses, [15, 30, 15]);
  });
});
