import assert from 'node:assert/strict';
import { toNano } from '../../src/core/model/money.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../src/core/model/settings.ts';
import type { RunEnd, RunObserver } from '../../src/core/ports/launcher.ts';
import type { FakeLauncher } from '../support/fakeLauncher.ts';
import { type Harness, machineForEachTest } from '../support/harness.ts';
import { MoodyStore } from '../support/moodyStore.ts';

const ENDED: RunEnd = {
  kind: 'exited',
  exit: { exitCode: 0 },
  at: 0,
  swept: [],
  kept: [],
  remaining: [],
  last: { from: 0, to: 0, events: [], readerState: null },
  hadOutput: true,
  errorLine: '',
};

/** Those who hear of the runs that are launched from now on, in their order. */
function observersOf(launcher: FakeLauncher): RunObserver[] {
  const observers: RunObserver[] = [];
  const launch = launcher.launch.bind(launcher);
  launcher.launch = (request, observer) => {
    observers.push(observer);
    return launch(request, observer);
  };
  return observers;
}

describe('slots and circuit', () => {
  const machine = machineForEachTest();

  const ONE_TRY = { restart: { maxRestarts: 0, windowMs: 300_000, maxTotal: 1_000 } };
  const circuit = (failureThreshold: number, halfOpenMaxProbes = 1): Partial<Settings> => ({
    circuit: { failureThreshold, cooldownMs: 120_000, halfOpenMaxProbes },
  });
  const changes = () => machine.eventsOf('circuit:change').map(({ from, to }) => `${from} → ${to}`);

  it('R3.1 one cap over all windows', async () => {
    const first = await machine.open({ maxConcurrent: 3 }, { folders: ['/a'] });
    const second = await machine.open({ maxConcurrent: 3 }, { folders: ['/b'] });
    for (let n = 0; n < 4; n++) {
      await Promise.all([
        first.submit({ prompt: 'work', loopId: `a${n}` }),
        second.submit({ prompt: 'work', loopId: `b${n}` }),
      ]);
      assert.ok(machine.launcher.alive.length <= 3);
    }
    assert.equal(machine.launcher.alive.length, 3);
    for (let ended = 0; ended < 8; ended++) {
      machine.launcher.alive[0]?.ok();
      await machine.clock.advance(1_000);
      assert.equal(
        machine.launcher.alive.length,
        Math.min(3, 7 - ended),
        'R3.3 filled within a second, whichever window ends and starts',
      );
    }
    assert.equal(first.finishedCount().total, 8);
  });

  it('R3.1 a lowered cap ends nothing and starts nothing until it is met', async () => {
    const window = await machine.open({ maxConcurrent: 3 });
    for (const loopId of ['a', 'b', 'c', 'd']) await window.submit({ prompt: 'work', loopId });
    window.configure({ ...DEFAULT_SETTINGS, maxConcurrent: 1 });
    machine.launcher.of('a').ok();
    machine.launcher.of('b').ok();
    await machine.soon();
    assert.deepEqual(machine.alive(), ['c']);
    machine.launcher.of('c').ok();
    await machine.soon();
    assert.deepEqual(machine.alive(), ['d']);
  });

  it('R3.1 what is being stopped holds its slot: a raised cap gives only what is really free', async () => {
    const window = await machine.open({ maxConcurrent: 2 });
    machine.launcher.onStop = () => {};
    for (const loopId of ['a', 'b', 'c', 'd']) await window.submit({ prompt: 'work', loopId });
    await window.cancel('b');
    window.configure({ ...DEFAULT_SETTINGS, maxConcurrent: 3 });
    await machine.soon();
    assert.deepEqual(machine.alive(), ['a', 'b', 'c']);
  });

  it('R3.2 a slot is given back once, though the end is reported twice', async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    const observers = observersOf(machine.launcher);
    for (const loopId of ['a', 'b', 'c']) await window.submit({ prompt: 'work', loopId });
    observers[0]?.ended(ENDED);
    observers[0]?.ended(ENDED);
    await machine.soon();
    observers[0]?.ended(ENDED);
    await machine.soon();
    assert.equal(window.status().concurrencyUsed, 1);
    assert.deepEqual(
      [(await window.get('a'))?.state, (await window.get('b'))?.state, (await window.get('c'))?.state],
      ['completed', 'running', 'queued'],
    );
    assert.equal((await window.get('a'))?.history.filter(({ to }) => to === 'completed').length, 1);
  });

  it('R3.2 the end of an attempt, told again, does not end the attempt after it', async () => {
    const window = await machine.open();
    const observers = observersOf(machine.launcher);
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').fail();
    await machine.clock.advance(2_000);
    assert.equal(observers.length, 2);
    observers[0]?.output({
      from: 0,
      to: 10,
      events: [{ type: 'cost', cost: 5, source: 'reported' }],
      readerState: null,
    });
    observers[0]?.ended(ENDED);
    await machine.soon();
    const detail = await window.get('a');
    assert.deepEqual(
      [detail?.state, detail?.attempts.length, detail?.attempts[1]?.outcome, detail?.costUsd],
      ['running', 2, undefined, 0],
    );
  });

  it('R3.2 the end of an attempt, reported twice, does not end the check that follows it in its slot', async () => {
    const window = await machine.open();
    const observers = observersOf(machine.launcher);
    await window.submit({ prompt: 'work', loopId: 'a', check: { command: 'npm test', checkFirst: false } });
    observers[0]?.ended(ENDED);
    observers[0]?.ended(ENDED);
    await machine.soon();
    const detail = await window.get('a');
    assert.deepEqual(
      [detail?.state, detail?.attempts.map(({ outcome }) => outcome), window.status().concurrencyUsed],
      ['checking', ['ok', undefined], 1],
    );
  });

  it('R3.2 an end that is in the store already moves neither the loop nor its circuit again', async () => {
    const store = new MoodyStore();
    const window = await machine.open(ONE_TRY, { store: store.wrap });
    await window.submit({ prompt: 'work', loopId: 'a' });
    store.hasAllEnds = true;
    machine.launcher.of('a').fail();
    await machine.soon();
    const { running, circuits } = window.status();
    assert.deepEqual(
      running.map(({ loopId }) => loopId),
      ['a'],
    );
    assert.deepEqual([circuits.map((one) => one.consecutiveFailures), machine.typesOf('loop:failed')], [[], []]);
  });

  it('R3.2 a launch that throws gives its slot back too, and what was committed stays so', async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    const launch = machine.launcher.launch.bind(machine.launcher);
    machine.launcher.launch = () => {
      machine.launcher.launch = launch;
      throw new Error('too many open files');
    };
    assert.equal((await window.submit({ prompt: 'work', loopId: 'a' })).queued, false);
    await machine.soon();
    const failed = await window.get('a');
    assert.deepEqual(
      [failed?.state, failed?.attempts[0]?.outcome, failed?.attempts[0]?.reason],
      ['queued', 'interrupted', 'too many open files'],
    );
    const [parked] = window.status().parked;
    assert.deepEqual([parked?.loopId, parked?.reason], ['a', 'machine'], 'R13.3 the machine is held, and says why');
    await machine.clock.advance(60_000);
    assert.deepEqual(machine.alive(), ['a'], 'one goes first');
    machine.launcher.of('a').ok();
    await machine.soon();
    await window.submit({ prompt: 'work', loopId: 'b' });
    assert.deepEqual(machine.alive(), ['b']);
    assert.equal(window.status().concurrencyUsed, 1);
  });

  const fills: readonly (readonly [
    when: string,
    settings: Partial<Settings>,
    act: (machine: Harness, window: Awaited<ReturnType<Harness['open']>>) => unknown,
  ])[] = [
    ['a loop ends', { maxConcurrent: 1 }, ({ launcher }) => launcher.of('a').ok()],
    ['a loop fails', { maxConcurrent: 1 }, ({ launcher }) => launcher.of('a').fail()],
    ['a loop is cancelled', { maxConcurrent: 1 }, (_, window) => window.cancel('a')],
    [
      'the cap is raised',
      { maxConcurrent: 1 },
      (_, window) => window.configure({ ...DEFAULT_SETTINGS, maxConcurrent: 2 }),
    ],
    [
      'all are stopped but the next comes later',
      { maxConcurrent: 1 },
      async (_, window) => {
        await window.stopAll();
        await machine.soon();
        await window.submit({ prompt: 'work', loopId: 'b' });
      },
    ],
  ];
  for (const [when, settings, act] of fills) {
    it(`R3.3 fills the slot when ${when}`, async () => {
      const window = await machine.open(settings);
      await window.submit({ prompt: 'work', loopId: 'a' });
      await window.submit({ prompt: 'work', loopId: 'b' });
      assert.deepEqual(machine.alive(), ['a']);
      await act(machine, window);
      await machine.soon();
      assert.ok(machine.alive().includes('b'));
    });
  }

  it('R3.3 R6.3 fills the slot when the head is cancelled that waited for the money of a running loop', async () => {
    const window = await machine.open({
      budget: { dailyLimit: toNano(5), warnAtPercent: 90, minAllowance: 5e8, onExceeded: 'finish' },
    });
    await window.pause();
    await window.submit({ prompt: 'work', loopId: 'runs', estimatedCostUsd: 2, priority: 1 });
    await window.submit({ prompt: 'work', loopId: 'head', estimatedCostUsd: 2 });
    await window.submit({ prompt: 'work', loopId: 'next', estimatedCostUsd: 1 });
    await window.recordCost('next', 2);
    await window.resume();
    assert.deepEqual(machine.alive(), ['runs'], 'nobody overtakes the head');
    await window.cancel('head');
    assert.deepEqual(machine.alive(), ['runs', 'next']);
  });

  it('R3.3 fills the slot when a usage window is reset, and not before', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a', agent: 'claude' });
    const until = machine.clock.now() + 3_600_000;
    machine.launcher
      .of('a')
      .end({ exit: { exitCode: 1 }, says: [{ type: 'limit', until, reason: 'usage limit reached' }] });
    await machine.soon();
    await window.submit({ prompt: 'work', loopId: 'b', agent: 'claude' });
    await window.submit({ prompt: 'work', loopId: 'c', agent: 'sample' });
    assert.deepEqual(machine.alive(), ['c'], 'other agents go on');
    assert.equal(window.status().queued[0]?.waitingFor, 'limit');
    assert.deepEqual(machine.eventsOf('loop:waiting').length, 1);
    await machine.clock.advance(3_599_000);
    assert.deepEqual(machine.alive(), ['c']);
    await machine.clock.advance(1_000);
    assert.deepEqual(machine.alive(), ['c', 'a'], 'R14.4 one goes first');
    machine.launcher.of('a').say({ type: 'text', text: 'I go on.', delta: false });
    await machine.soon();
    assert.deepEqual(machine.alive(), ['c', 'a', 'b'], 'the others follow once it makes progress');
    assert.equal(window.status().circuit.consecutiveFailures, 0, 'R4.2 a limit is no failure');
    const loop = (await window.get('a'))?.loop;
    assert.deepEqual(loop?.restarts, [], 'R5.3 and uses up no restart');
  });

  it('R3.3 fills the slot when the disk has room again', async () => {
    const window = await machine.open();
    machine.launcher.free = 63 * 1024 * 1024;
    assert.equal((await window.submit({ prompt: 'work', loopId: 'a' })).queued, true);
    assert.equal(window.status().queued[0]?.waitingFor, 'disk');
    await machine.clock.advance(60_000);
    assert.deepEqual(machine.alive(), [], 'R8.3 no attempt starts with less than 64 MB of disk free');
    machine.launcher.free = 64 * 1024 * 1024;
    await machine.clock.advance(5_000);
    assert.deepEqual(machine.alive(), ['a']);
  });

  it('R8.3 R3.3 a disk that has room again in the moment in which a loop was refused for it is no reason to wait', async () => {
    const window = await machine.open();
    // Full when the loop is taken and when it is to start, and not any more a moment later.
    let looks = 0;
    machine.launcher.freeBytes = () => (looks++ < 2 ? 0 : Number.POSITIVE_INFINITY);
    assert.equal((await window.submit({ prompt: 'work', loopId: 'a' })).queued, true);
    await machine.clock.advance(5_000);
    assert.deepEqual(machine.alive(), ['a']);
  });

  it('R1.1 what a submit answers is so, though it comes upon news of others and the disk has room again just then', async () => {
    const first = await machine.open({}, { folders: ['/a'] });
    const second = await machine.open({}, { folders: ['/b'] });
    await first.submit({ prompt: 'work', loopId: 'a' });
    let looks = 0;
    machine.launcher.freeBytes = () => (looks++ < 2 ? 0 : Number.POSITIVE_INFINITY);
    const { queued } = await second.submit({ prompt: 'work', loopId: 'b' });
    assert.equal((await second.get('b'))?.state, queued ? 'queued' : 'running');
  });

  it('R8.3 R3.3 a turn that starts nothing does not make the full disk forgotten', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.free = 0;
    await window.submit({ prompt: 'work', loopId: 'b' });
    machine.launcher.free = Number.POSITIVE_INFINITY;
    machine.launcher.of('a').say({ type: 'session', sessionId: 's1' });
    await machine.clock.advance(5_000);
    assert.deepEqual(machine.alive(), ['a', 'b']);
  });

  it('R4.1 the probe is one over all windows', async () => {
    const settings = { ...circuit(1), ...ONE_TRY, maxConcurrent: 4 };
    const first = await machine.open(settings, { folders: ['/a'] });
    const second = await machine.open(settings, { folders: ['/b'] });
    await first.submit({ prompt: 'work', loopId: 'a' });
    await first.pause();
    for (const loopId of ['a1', 'a2']) await first.submit({ prompt: 'work', loopId });
    for (const loopId of ['b1', 'b2']) await second.submit({ prompt: 'work', loopId });
    machine.launcher.of('a').fail();
    await machine.soon();
    await first.resume();
    await machine.clock.advance(125_000);
    assert.deepEqual(machine.alive(), ['a1']);
    assert.equal(second.status().circuitState, 'half-open');
    await assert.rejects(second.submit({ prompt: 'work' }), { code: 'circuit-open' });
    machine.launcher.of('a1').ok();
    await machine.clock.advance(1_000);
    assert.deepEqual(machine.alive().sort(), ['a2', 'b1', 'b2']);
  });

  it('R4.1 halfOpenMaxProbes 2 lets two run; what ends one after the other has closed it counts no more', async () => {
    const window = await machine.open({ ...circuit(1, 2), ...ONE_TRY, maxConcurrent: 1 });
    await window.submit({ prompt: 'work', loopId: 'a' });
    for (const loopId of ['b', 'c', 'd']) await window.submit({ prompt: 'work', loopId });
    machine.launcher.of('a').fail();
    await machine.soon();
    window.configure({ ...DEFAULT_SETTINGS, ...circuit(1, 2), ...ONE_TRY, maxConcurrent: 4 });
    await machine.clock.advance(120_000);
    assert.deepEqual(machine.alive(), ['b', 'c']);
    machine.launcher.of('b').ok();
    machine.launcher.of('c').fail();
    await machine.soon();
    assert.equal(window.status().circuitState, 'closed');
    assert.deepEqual(machine.alive(), ['d']);
  });

  it('R4.1 a probe is always ended by its silence: a hung one must give up its place', async () => {
    const window = await machine.open({ ...circuit(1), maxConcurrent: 1, onSilence: 'warn' });
    await window.submit({ prompt: 'work', loopId: 'a' });
    assert.equal(machine.launcher.of('a').request?.limits.onSilence, 'warn');
    machine.launcher.of('a').fail();
    await machine.clock.advance(120_000);
    assert.equal(machine.launcher.of('a').request?.limits.onSilence, 'restart');
  });

  it('R4.1 half-open is not wedged by loops in the queue that cannot start: those of a gone window', async () => {
    const settings = { ...circuit(1), ...ONE_TRY, maxConcurrent: 1 };
    const window = await machine.open(settings);
    const other = await machine.open(settings, { folders: ['/other'] });
    await window.submit({ prompt: 'work', loopId: 'a' });
    await other.submit({ prompt: 'work', loopId: 'stranded' });
    machine.kill(other);
    machine.launcher.of('a').fail();
    await machine.clock.advance(125_000);
    assert.equal(window.status().circuitState, 'half-open');
    assert.equal(window.status().queued[0]?.waitingFor, 'window');
    assert.deepEqual(await window.submit({ prompt: 'work', loopId: 'b' }), { loopId: 'b', queued: false, position: 0 });
    machine.launcher.of('b').ok();
    await machine.soon();
    assert.equal(window.status().circuitState, 'closed');
    assert.equal(await window.takeOver('stranded'), true);
    assert.deepEqual(machine.alive(), ['stranded'], 'R9.2 any window can take it over by hand');
  });

  it('R4.1 half-open is not wedged by the loop of a window that does not answer', async () => {
    const settings = { ...circuit(1), ...ONE_TRY, maxConcurrent: 1 };
    const window = await machine.open(settings);
    const other = await machine.open(settings, { folders: ['/other'] });
    await window.submit({ prompt: 'work', loopId: 'a' });
    await other.submit({ prompt: 'work', loopId: 'stuck' });
    // Its host lives and does nothing.
    other.dispose();
    machine.launcher.of('a').fail();
    await machine.clock.advance(121_000);
    await assert.rejects(
      window.submit({ prompt: 'work' }),
      { code: 'circuit-open' },
      'the place is kept for it at first',
    );
    await machine.clock.advance(10_000);
    assert.deepEqual(await window.submit({ prompt: 'work', loopId: 'b' }), { loopId: 'b', queued: false, position: 0 });
  });

  it('R4.2 restarts count like first attempts', async () => {
    const window = await machine.open({
      ...circuit(3),
      restart: { maxRestarts: 5, windowMs: 300_000, maxTotal: 1_000 },
    });
    await window.submit({ prompt: 'work', loopId: 'a' });
    for (let attempt = 1; attempt <= 3; attempt++) {
      machine.launcher.of('a').fail();
      await machine.clock.advance(10_000);
    }
    assert.equal(window.status().circuitState, 'open');
    assert.equal((await window.get('a'))?.attempts.length, 3);
  });

  it('R4.2 a cancel, a shutdown and a command that does not exist count neither way', async () => {
    const window = await machine.open({ ...circuit(2), ...ONE_TRY });
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').fail();
    await machine.soon();
    await window.submit({ prompt: 'work', loopId: 'b' });
    await window.cancel('b');
    await window.submit({ prompt: 'work', loopId: 'c' });
    machine.launcher.of('c').end({ kind: 'spawn', exit: {}, error: 'sample was not found on PATH', hadOutput: false });
    await machine.soon();
    await window.cancel('c');
    await machine.clock.advance(60_000);
    await window.submit({ prompt: 'work', loopId: 'd' });
    await window.shutdown();
    const again = await machine.open({ ...circuit(2), ...ONE_TRY });
    assert.equal((await again.get('d'))?.state, 'running');
    assert.deepEqual([again.status().circuitState, again.status().circuit.consecutiveFailures], ['closed', 1]);
  });

  it('R4.3 shows its state and tells its changes: change, trip, recover; reset closes it by hand', async () => {
    const window = await machine.open({ ...circuit(2), ...ONE_TRY });
    for (const loopId of ['a', 'b', 'c']) await window.submit({ prompt: 'work', loopId, title: `Loop ${loopId}` });
    machine.launcher.of('a').fail(3);
    await machine.clock.advance(1_000);
    machine.launcher.of('b').end({ exit: { exitCode: 1 }, errorLine: 'Overloaded' });
    await machine.clock.advance(10_000);
    const at = machine.clock.now() - 10_000;
    assert.deepEqual(window.status().circuit, {
      state: 'open',
      consecutiveFailures: 2,
      lastFailureAt: at,
      openedAt: at,
      cooldownRemainingMs: 110_000,
      reasons: ['Loop b: exit code 1: Overloaded', 'Loop a: exit code 3'],
    });
    await assert.rejects(window.submit({ prompt: 'work' }), { code: 'circuit-open', secondsLeft: 110 });
    assert.deepEqual(
      machine.eventsOf('circuit:trip').map(({ reason, cooldownMs }) => [reason, cooldownMs]),
      [['2 failures in a row, the last: Loop b: exit code 1: Overloaded', 120_000]],
    );
    await window.resetCircuit();
    assert.deepEqual(changes(), ['closed → open', 'open → closed']);
    assert.deepEqual(
      machine.eventsOf('circuit:recover').map(({ reason }) => reason),
      ['reset by hand'],
    );
    await window.submit({ prompt: 'work', loopId: 'd' });
    assert.equal((await window.get('d'))?.state, 'running');
    machine.launcher.of('c').fail();
    await machine.soon();
    assert.equal(window.status().circuit.consecutiveFailures, 0, 'R4.2 c had begun before the reset');
  });

  it('R4.4 a reload is no way around an open circuit, and it is one for all windows', async () => {
    const settings = { ...circuit(1), ...ONE_TRY };
    const first = await machine.open(settings);
    const second = await machine.open(settings, { folders: ['/b'] });
    await first.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').fail();
    await machine.soon();
    await assert.rejects(second.submit({ prompt: 'work' }), { code: 'circuit-open' });
    machine.kill(first);
    machine.kill(second);
    await machine.clock.advance(60_000);
    const third = await machine.open(settings);
    await assert.rejects(third.submit({ prompt: 'work' }), { code: 'circuit-open', secondsLeft: 60 });
    await machine.clock.advance(60_000);
    assert.equal(third.status().circuitState, 'half-open');
    assert.deepEqual(
      changes(),
      ['closed → open', 'open → half-open'],
      'each change is announced once, by the window that made it',
    );
  });

  for (const [what, ms] of [
    ['a day back', -86_400_000],
    ['a minute back', -60_000],
    ['a year forwards', 365 * 86_400_000],
  ] as const) {
    it(`R4.5 the clock goes ${what}: the circuit is open for one more cool-down at most, and nobody has to submit`, async () => {
      const window = await machine.open({ ...circuit(1), ...ONE_TRY, maxConcurrent: 1 });
      await window.submit({ prompt: 'work', loopId: 'a' });
      await window.submit({ prompt: 'work', loopId: 'b' });
      machine.launcher.of('a').fail();
      await machine.soon();
      machine.clock.jump(ms);
      const left = window.status().circuit.cooldownRemainingMs;
      assert.ok(left >= 0 && left <= 120_000);
      await machine.clock.advance(30_000 + 120_000);
      assert.deepEqual(machine.alive(), ['b']);
    });

    it(`R4.5 the clock goes ${what}: a back-off is over in time`, async () => {
      const window = await machine.open();
      await window.submit({ prompt: 'work', loopId: 'a' });
      machine.launcher.of('a').fail();
      await machine.soon();
      machine.clock.jump(ms);
      await machine.clock.advance(31_000);
      assert.deepEqual(machine.alive(), ['a']);
    });
  }

  it('R4.5 the clock going back does not refuse restarts for ever', async () => {
    const window = await machine.open({ restart: { maxRestarts: 1, windowMs: 300_000, maxTotal: 1_000 } });
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').fail();
    await machine.clock.advance(10_000);
    machine.clock.jump(-365 * 86_400_000);
    machine.launcher.of('a').say({ type: 'session', sessionId: 's' });
    await machine.clock.advance(600_000);
    machine.launcher.of('a').fail();
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'failed', 'the stored restart counts as now, once');
    assert.equal((await window.retry('a')).queued, false);
    machine.launcher.of('a').fail();
    await machine.clock.advance(600_000);
    machine.launcher.of('a').fail();
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'backingOff');
  });

  it('R3.3 R6.1 fills the slot at midnight, by itself', async () => {
    const window = await machine.open({
      budget: { dailyLimit: toNano(1), warnAtPercent: 90, minAllowance: 5e8, onExceeded: 'finish' },
    });
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 0 });
    await window.pause();
    await window.submit({ prompt: 'work', loopId: 'b', estimatedCostUsd: 0.5 });
    await window.recordCost('a', 1);
    machine.launcher.of('a').ok();
    await window.resume();
    assert.deepEqual([machine.alive(), window.status().queued[0]?.waitingFor], [[], 'budget']);
    const midnight = window.status().budget.resetsAt;
    machine.clock.jump(midnight - 31_000 - machine.clock.now());
    await machine.clock.advance(30_999);
    assert.deepEqual(machine.alive(), []);
    await machine.clock.advance(1);
    assert.deepEqual(machine.alive(), ['b']);
    assert.equal(window.status().budget.spent, 0);
  });

  describe('news that some other turn comes upon first', () => {
    const LIMIT: Partial<Settings> = {
      budget: { dailyLimit: toNano(1), warnAtPercent: 90, minAllowance: 5e8, onExceeded: 'finish' },
    };

    /**
     * `a` runs, `b` waits for the budget of the next day, which has just begun: the clock jumped there, as after a
     * sleep.
     */
    async function pastMidnight() {
      const window = await machine.open(LIMIT);
      await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 0 });
      await window.pause();
      await window.submit({ prompt: 'work', loopId: 'b', estimatedCostUsd: 0.5 });
      await window.recordCost('b', 1);
      await window.resume();
      assert.deepEqual(machine.alive(), ['a']);
      machine.clock.jump(86_400_000);
      return window;
    }

    it('R3.3 R6.3 a new day that the output of a run comes upon starts what waited for it', async () => {
      await pastMidnight();
      machine.launcher.of('a').say({ type: 'session', sessionId: 's' });
      await machine.clock.advance(31_000);
      assert.deepEqual(machine.alive(), ['a', 'b']);
    });

    it('R3.3 R6.3 a new day that a rejected submit comes upon is not lost', async () => {
      const window = await pastMidnight();
      await assert.rejects(window.submit({ prompt: 'work', loopId: 'a' }), { code: 'duplicate-loop' });
      await machine.clock.advance(31_000);
      assert.deepEqual(machine.alive(), ['a', 'b']);
    });

    it('R3.3 R4.1 a cool-down whose end the output of a run comes upon lets the probe start', async () => {
      const window = await machine.open({ ...circuit(1), ...ONE_TRY, maxConcurrent: 2 });
      for (const loopId of ['a', 'b', 'c']) await window.submit({ prompt: 'work', loopId });
      machine.launcher.of('a').fail();
      await machine.soon();
      machine.clock.jump(3_600_000);
      machine.launcher.of('b').say({ type: 'session', sessionId: 's' });
      await machine.soon();
      assert.deepEqual(machine.alive(), ['b', 'c']);
    });

    it('R3.3 a slot that another window gave back is filled though the write failed at first', async () => {
      const store = new MoodyStore();
      const first = await machine.open({ maxConcurrent: 1 }, { folders: ['/a'] });
      const second = await machine.open({ maxConcurrent: 1 }, { folders: ['/b'], store: store.wrap });
      await first.submit({ prompt: 'work', loopId: 'a' });
      await second.submit({ prompt: 'work', loopId: 'b' });
      await machine.clock.advance(2_000);
      store.failing = 2;
      machine.launcher.of('a').ok();
      await machine.clock.advance(2_000);
      assert.deepEqual(machine.alive(), ['b']);
    });

    it('R3.3 a raised cap fills the slot though the write failed at first', async () => {
      const store = new MoodyStore();
      const window = await machine.open({ maxConcurrent: 1 }, { store: store.wrap });
      for (const loopId of ['a', 'b']) await window.submit({ prompt: 'work', loopId });
      store.failing = 2;
      window.configure({ ...DEFAULT_SETTINGS, maxConcurrent: 2 });
      await machine.clock.advance(3_000);
      assert.deepEqual(machine.alive(), ['a', 'b']);
    });

    it('R3.3 a slot that another window gave back, seen first while output is written down, is filled', async () => {
      const first = await machine.open({ maxConcurrent: 2 }, { folders: ['/a'] });
      const second = await machine.open({ maxConcurrent: 2 }, { folders: ['/b'] });
      await first.submit({ prompt: 'work', loopId: 'a1' });
      await second.submit({ prompt: 'work', loopId: 'b1' });
      await first.submit({ prompt: 'work', loopId: 'a2' });
      machine.launcher.of('b1').ok();
      machine.launcher.of('a1').say({ type: 'session', sessionId: 's' });
      await machine.soon();
      await machine.clock.advance(1_000);
      assert.deepEqual(machine.alive(), ['a1', 'a2']);
    });
  });
});
