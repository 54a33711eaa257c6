import assert from 'node:assert/strict';
import type { LoopSpec } from '../../src/core/model/loopSpec.ts';
import { toNano } from '../../src/core/model/money.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../src/core/model/settings.ts';
import { fakeCatalog, fakeProfile, machineForEachTest } from '../support/harness.ts';

/** "Behaviour that a naive supervisor gets wrong", as far as the core has it in hand: line by line. */
describe('what a naive supervisor gets wrong', () => {
  const machine = machineForEachTest();

  const budget = (usd: number, onExceeded: Settings['budget']['onExceeded'] = 'finish'): Partial<Settings> => ({
    budget: { dailyLimit: toNano(usd), warnAtPercent: 90, minAllowance: 5e8, onExceeded },
  });
  const circuit = (failureThreshold: number, halfOpenMaxProbes = 1): Partial<Settings> => ({
    circuit: { failureThreshold, cooldownMs: 120_000, halfOpenMaxProbes },
  });
  const cost = (usd: number) => ({ type: 'cost' as const, cost: toNano(usd), source: 'reported' as const });

  describe('a restart', () => {
    it('R5.2 waits while the circuit is open', async () => {
      const window = await machine.open({ ...circuit(1), maxConcurrent: 4 });
      await window.submit({ prompt: 'work', loopId: 'a' });
      machine.launcher.of('a').fail();
      await machine.clock.advance(60_000);
      assert.equal((await window.get('a'))?.state, 'queued', 'its back-off of 1 s is over');
      assert.deepEqual(machine.alive(), []);
      assert.equal(window.status().queued[0]?.waitingFor, 'circuit');
      await machine.clock.advance(60_000);
      assert.deepEqual(machine.alive(), ['a'], 'as the probe');
    });

    it('R5.2 waits while all slots are taken', async () => {
      const window = await machine.open({ maxConcurrent: 1 });
      await window.submit({ prompt: 'work', loopId: 'a' });
      await window.submit({ prompt: 'work', loopId: 'b' });
      machine.launcher.of('a').fail();
      await machine.clock.advance(10_000);
      assert.deepEqual(machine.alive(), ['b']);
      assert.equal((await window.get('a'))?.state, 'queued');
      machine.launcher.of('b').ok();
      await machine.soon();
      assert.deepEqual(machine.alive(), ['a']);
    });

    it('R5.2 R6.3 waits while the budget is spent', async () => {
      const window = await machine.open(budget(5));
      await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 1 });
      machine.launcher.of('a').say(cost(4.5));
      machine.launcher.of('a').fail();
      await machine.clock.advance(10_000);
      assert.deepEqual(machine.alive(), [], '4.5 spent and 1 to come is more than 5');
      assert.equal(window.status().queued[0]?.waitingFor, 'budget');
      window.configure({ ...DEFAULT_SETTINGS, ...budget(5.5) });
      await machine.soon();
      assert.deepEqual(machine.alive(), ['a'], 'R3.3 the raised limit lets it go on at once');
    });

    it('R5.2 R9.1 does not come during a shutdown', async () => {
      const window = await machine.open();
      machine.launcher.onStop = () => {};
      await window.submit({ prompt: 'work', loopId: 'a' });
      await window.submit({ prompt: 'work', loopId: 'b' });
      machine.launcher.of('a').fail();
      await machine.soon();
      const down = window.shutdown(30_000);
      await machine.clock.advance(10_000);
      assert.equal((await window.get('a'))?.state, 'queued', 'its back-off is over');
      assert.deepEqual(machine.alive(), ['b'], 'b takes its time to end, a is not started meanwhile');
      machine.launcher.of('b').end({ exit: { signal: 'SIGTERM' } });
      await machine.soon();
      await down;
      assert.deepEqual(machine.alive(), []);
    });
  });

  it('R4.1 probes are counted in half-open: one runs, and no submit or end of another adds a second', async () => {
    const window = await machine.open({
      ...circuit(2),
      maxConcurrent: 4,
      restart: { maxRestarts: 9, windowMs: 300_000, maxTotal: 1_000 },
    });
    for (const loopId of ['a', 'b', 'c', 'd', 'e']) await window.submit({ prompt: 'work', loopId });
    machine.launcher.of('a').fail();
    machine.launcher.of('b').fail();
    await machine.soon();
    assert.equal(window.status().circuitState, 'open');
    await machine.clock.advance(120_000);
    assert.equal(window.status().circuitState, 'half-open');
    assert.deepEqual(
      machine.alive(),
      ['c', 'd', 'e', 'a'],
      'three had begun before the trip; a is the probe: its first submission was before that of b',
    );
    await assert.rejects(window.submit({ prompt: 'work' }), { code: 'circuit-open', secondsLeft: 0 });
    machine.launcher.of('c').ok();
    await machine.clock.advance(10_000);
    assert.deepEqual(machine.alive(), ['d', 'e', 'a']);
  });

  it('R4.1 a probe that is cancelled gives its place to the next, and decides nothing', async () => {
    const window = await machine.open({
      ...circuit(1),
      restart: { maxRestarts: 0, windowMs: 300_000, maxTotal: 1_000 },
      maxConcurrent: 1,
    });
    for (const loopId of ['a', 'b', 'c']) await window.submit({ prompt: 'work', loopId });
    machine.launcher.of('a').fail();
    await machine.clock.advance(120_000);
    assert.deepEqual(machine.alive(), ['b']);
    await window.cancel('b');
    await machine.soon();
    assert.equal(window.status().circuitState, 'half-open');
    assert.deepEqual(machine.alive(), ['c']);
  });

  it('R4.2 a late success, of an attempt begun before the trip, does not close half-open', async () => {
    const window = await machine.open({
      ...circuit(1),
      restart: { maxRestarts: 0, windowMs: 300_000, maxTotal: 1_000 },
    });
    await window.submit({ prompt: 'work', loopId: 'old' });
    await window.submit({ prompt: 'work', loopId: 'bad' });
    machine.launcher.of('bad').fail();
    await machine.clock.advance(120_000);
    assert.equal(window.status().circuitState, 'half-open');
    machine.launcher.of('old').ok();
    await machine.soon();
    assert.equal((await window.get('old'))?.state, 'completed');
    assert.equal(window.status().circuitState, 'half-open');
  });

  it('R4.1 R3.3 the queue is driven when the cool-down ends: nobody has to submit', async () => {
    const window = await machine.open({
      ...circuit(1),
      restart: { maxRestarts: 0, windowMs: 300_000, maxTotal: 1_000 },
      maxConcurrent: 1,
    });
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.submit({ prompt: 'work', loopId: 'b' });
    machine.launcher.of('a').fail();
    await machine.clock.advance(119_999);
    assert.deepEqual(machine.alive(), []);
    await machine.clock.advance(1);
    assert.deepEqual(machine.alive(), ['b']);
    assert.deepEqual(
      machine.eventsOf('circuit:change').map(({ from, to }) => `${from} → ${to}`),
      ['closed → open', 'open → half-open'],
    );
  });

  it('R10.1 the start is announced once it is stored, so that its pid is known', async () => {
    const window = await machine.open();
    const seen: unknown[] = [];
    window.onEvent(async (event) => {
      if (event.type !== 'loop:started') return;
      seen.push((await window.get(event.loopId))?.state, window.status().running[0]?.loopId);
      machine.launcher.of(event.loopId).start({ pid: 77, startTime: 's', bootId: 'b' });
    });
    await window.submit({ prompt: 'work', loopId: 'a' });
    await machine.soon();
    assert.deepEqual(seen, ['running', 'a']);
    assert.equal(window.status().running[0]?.pid, 77);
    assert.equal((await window.get('a'))?.attempts[0]?.pid, 77);
  });

  it('R7.2 R3.1 a process that ignores SIGTERM holds its slot until it is gone, and not a moment longer', async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    machine.launcher.onStop = () => {};
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.submit({ prompt: 'work', loopId: 'b' });
    await window.cancel('a');
    await machine.clock.advance(4_000);
    assert.equal((await window.get('a'))?.state, 'stopping');
    assert.equal(window.status().concurrencyUsed, 1);
    assert.deepEqual(machine.alive(), ['a']);
    machine.launcher.of('a').end({ exit: { signal: 'SIGKILL' } });
    await machine.soon();
    assert.deepEqual([(await window.get('a'))?.state, (await window.get('b'))?.state], ['cancelled', 'running']);
  });

  it('R7.6 what could not be ended even by SIGKILL is named, and its slot is freed', async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    machine.launcher.onStop = () => {};
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.submit({ prompt: 'work', loopId: 'b' });
    await window.cancel('a');
    const stuck = { pid: 31, startTime: 's', bootId: 'b', command: 'dd' };
    machine.launcher.of('a').end({ exit: { signal: 'SIGKILL' }, remaining: [stuck] });
    await machine.soon();
    assert.deepEqual(machine.alive(), ['b']);
    assert.deepEqual((await window.get('a'))?.attempts[0]?.remaining, [stuck]);
    assert.ok((await window.get('a'))?.history.some(({ why }) => why === 'could not be ended: dd (31)'));
  });

  it('R7.6 a time-out is a failure of its own class: the loop is restarted, the slot is free', async () => {
    const window = await machine.open({ maxConcurrent: 1, loopTimeoutMs: 60_000 });
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.submit({ prompt: 'work', loopId: 'b' });
    assert.equal(machine.launcher.of('a').request?.limits.timeoutMs, 60_000);
    machine.launcher.of('a').end({ exit: { signal: 'SIGKILL' }, stoppedBy: 'timeout' });
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'backingOff');
    assert.equal((await window.get('a'))?.attempts[0]?.outcome, 'timeout');
    assert.deepEqual(machine.alive(), ['b']);
  });

  it('R7.2 death by a SIGKILL from outside is a failure, not a cancel', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').end({ exit: { signal: 'SIGKILL' } });
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'backingOff');
    assert.equal((await window.get('a'))?.attempts[0]?.outcome, 'signal');
    assert.deepEqual(machine.typesOf('loop:cancelled'), []);
    assert.equal(window.status().circuit.consecutiveFailures, 1);
  });

  it('R3.1 there is no second queue with a smaller cap underneath: what is shown as running was launched', async () => {
    const window = await machine.open({ maxConcurrent: 17, maxQueueDepth: 100 });
    for (let n = 0; n < 40; n++) await window.submit({ prompt: 'work', loopId: `l${n}` });
    assert.equal(window.status().running.length, 17);
    assert.deepEqual(
      machine.alive(),
      window.status().running.map(({ loopId }) => loopId),
    );
  });

  it('R6.6 what the last output says counts, though it comes with the end', async () => {
    const window = await machine.open(budget(5));
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher
      .of('a')
      .end({ says: [cost(0.7), { type: 'end', ok: false, reason: 'overloaded', cause: 'provider' }] });
    await machine.soon();
    assert.equal((await window.get('a'))?.costUsd, 0.7);
    assert.equal((await window.get('a'))?.attempts[0]?.outcome, 'agent');
    assert.equal(window.status().budget.spent, 0.7);
  });

  it('R7.2 the cancel of a queued loop fires an event, and so does that of one that waits for its restart', async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.submit({ prompt: 'work', loopId: 'b' });
    assert.equal(await window.cancel('b'), true);
    machine.launcher.of('a').fail();
    await machine.soon();
    assert.equal(await window.cancel('a'), true);
    assert.deepEqual(
      machine.eventsOf('loop:cancelled').map(({ loopId }) => loopId),
      ['b', 'a'],
    );
    await machine.clock.advance(60_000);
    assert.deepEqual(machine.alive(), [], 'no restart');
    assert.equal(await window.cancel('nobody'), false);
  });

  it('R1.2 a duplicate id does not overwrite the loop that runs', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'first', loopId: 'a' });
    await assert.rejects(window.submit({ prompt: 'second', loopId: 'a' }), { code: 'duplicate-loop' });
    assert.equal((await window.get('a'))?.prompt, 'first');
    assert.deepEqual(machine.alive(), ['a']);
    assert.deepEqual(
      machine.eventsOf('loop:rejected').map(({ loopId, reason }) => [loopId, reason]),
      [['a', 'duplicate']],
    );
  });

  for (const estimatedCostUsd of [Number.NaN, Number.POSITIVE_INFINITY, -1, '1'] as number[]) {
    it(`R1.3 R6.2 an estimate of ${String(estimatedCostUsd)} (${typeof estimatedCostUsd}) does not open the budget's gate`, async () => {
      const window = await machine.open(budget(1));
      await assert.rejects(window.submit({ prompt: 'work', estimatedCostUsd }), {
        code: 'invalid-loop',
        field: 'estimatedCostUsd',
      });
      await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 1 });
      await assert.rejects(window.submit({ prompt: 'work', estimatedCostUsd: 0.01 }), { code: 'budget-exceeded' });
      assert.equal(window.status().budget.reserved, 1);
      for (const usd of [Number.NaN, Number.POSITIVE_INFINITY, -1, '1'] as number[]) {
        await assert.rejects(window.recordCost('a', usd), { code: 'invalid-cost' });
      }
      assert.equal(window.status().budget.spent, 0);
      assert.ok(machine.logged.length >= 4, 'R6.6 each refusal is logged');
    });
  }

  it('R6.4 the warning does not repeat: once a day, not on every submit, cost, window or reload', async () => {
    const window = await machine.open(budget(10));
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.recordCost('a', 9);
    for (let n = 0; n < 3; n++) {
      await window.submit({ prompt: 'work' });
      await window.recordCost('a', 0.01);
    }
    const second = await machine.open(budget(10));
    await second.recordCost('a', 0.01);
    machine.kill(window);
    machine.kill(second);
    const third = await machine.open(budget(10));
    await third.recordCost('a', 0.01);
    assert.equal(machine.eventsOf('budget:warning').length, 1);
    machine.clock.jump(86_400_000);
    await third.recordCost('a', 9);
    assert.equal(machine.eventsOf('budget:warning').length, 2, 'the next day has its own');
  });

  it('R1.4 R3.3 a command line that cannot be made fails its loop with the reason, and the queue goes on', async () => {
    const agents = fakeCatalog(
      fakeProfile('sample'),
      fakeProfile('argv', {
        plan: () => {
          throw new Error('the prompt is too long for a command line');
        },
      }),
    );
    const window = await machine.open({ maxConcurrent: 1 }, { agents });
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.submit({ prompt: 'work', loopId: 'b', agent: 'argv' });
    await window.submit({ prompt: 'work', loopId: 'c' });
    machine.launcher.of('a').ok();
    await machine.soon();
    assert.equal((await window.get('b'))?.state, 'failed');
    const { loop } = (await window.get('b')) ?? {};
    assert.equal(loop?.state === 'failed' && loop.failure.reason, 'the prompt is too long for a command line');
    assert.deepEqual(machine.alive(), ['c'], 'the slot that b did not take is filled at once');
    assert.equal(window.status().circuit.consecutiveFailures, 0, 'R4.2 nothing was started, nothing counts');
  });

  it('R4.5 a wait of more than 2³¹ ms neither fires at once nor breaks a timer', async () => {
    const window = await machine.open({ restart: { maxRestarts: 0, windowMs: 300_000, maxTotal: 1_000 } });
    const until = machine.clock.now() + 2 ** 31 + 86_400_000;
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').end({ exit: { exitCode: 1 }, says: [{ type: 'limit', until, reason: 'weekly limit' }] });
    await machine.clock.advance(120_000);
    assert.equal((await window.get('a'))?.state, 'waiting');
    machine.clock.jump(2 ** 31 + 86_400_000);
    await machine.clock.advance(60_000);
    assert.deepEqual(machine.alive(), ['a'], 'and it is not slept through when the clock jumps');
  });

  it('R7.6 a time-out of more than 2³¹ ms is handed on as it is', async () => {
    const window = await machine.open({ loopTimeoutMs: 2 ** 33 });
    await window.submit({ prompt: 'work', loopId: 'a' });
    assert.equal(machine.launcher.of('a').request?.limits.timeoutMs, 2 ** 33);
  });

  it('R9.1 no work is taken after a shutdown, by whatever door', async () => {
    const window = await machine.open({
      maxConcurrent: 1,
      restart: { maxRestarts: 0, windowMs: 300_000, maxTotal: 1_000 },
    });
    for (const loopId of ['a', 'b', 'c']) await window.submit({ prompt: 'work', loopId });
    machine.launcher.of('a').fail();
    await machine.soon();
    await window.pause();
    await window.shutdown();
    const launched = machine.launcher.runs.length;
    const doors: (() => Promise<unknown>)[] = [
      () => window.submit({ prompt: 'work' } satisfies LoopSpec),
      () => window.retry('a'),
      () => window.resume(),
      () => window.setPriority('c', 9),
      () => window.moveBefore('c', 'b'),
      () => window.moveToEnd('b'),
      () => window.restartNow('b'),
      () => window.takeOver('c'),
      () => window.recordCost('b', 1),
      () => window.resetCircuit(),
      () => window.cancel('c'),
      () => window.stopAll(),
      () => window.clearFinished(),
    ];
    for (const door of doors) await assert.rejects(door(), { code: 'shutting-down' }, String(door));
    window.configure({ ...DEFAULT_SETTINGS, maxConcurrent: 9 });
    await machine.clock.advance(600_000);
    assert.equal(machine.launcher.runs.length, launched);
    assert.equal(window.status().ready, false);
  });

  it('R9.1 a submit while the shutdown is under way is rejected with that reason, and told', async () => {
    const window = await machine.open();
    machine.launcher.onStop = () => {};
    await window.submit({ prompt: 'work', loopId: 'a' });
    const down = window.shutdown(30_000);
    await assert.rejects(window.submit({ prompt: 'late', loopId: 'b' }), { code: 'shutting-down' });
    assert.deepEqual(
      machine.eventsOf('loop:rejected').map(({ loopId, reason }) => [loopId, reason]),
      [['b', 'shutdown']],
    );
    machine.launcher.of('a').end();
    await machine.soon();
    await down;
  });
});
