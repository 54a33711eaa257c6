import assert from 'node:assert/strict';
import { machineForEachTest } from '../support/harness.ts';

/** The supervisor as its users meet it: real store in memory, time and processes played by the test. */
describe('Supervisor', () => {
  const machine = machineForEachTest();

  it('R1.1 answers position 0 for a loop that starts at once, else its place in the queue', async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    assert.deepEqual(await window.submit({ prompt: 'first', loopId: 'a' }), {
      loopId: 'a',
      queued: false,
      position: 0,
    });
    assert.deepEqual(await window.submit({ prompt: 'second', loopId: 'b' }), {
      loopId: 'b',
      queued: true,
      position: 1,
    });
    assert.deepEqual(await window.submit({ prompt: 'third', loopId: 'c', priority: 5 }), {
      loopId: 'c',
      queued: true,
      position: 1,
    });
    assert.deepEqual(machine.typesOf('loop:rejected'), []);
  });

  it('R3.3 dispatches the next loop as soon as one ends', async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    await window.submit({ prompt: 'first', loopId: 'a' });
    await window.submit({ prompt: 'second', loopId: 'b' });
    machine.launcher.of('a').ok();
    await machine.clock.advance(0);
    assert.equal((await window.get('a'))?.state, 'completed');
    assert.equal((await window.get('b'))?.state, 'running');
  });

  it('R5.1 restarts three times, then gives up for good, and R5.4 tells each', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'doomed', loopId: 'a' });
    for (let restart = 1; restart <= 3; restart++) {
      machine.launcher.of('a').fail();
      await machine.clock.advance(0);
      assert.equal((await window.get('a'))?.state, 'backingOff');
      await machine.clock.advance(10_000);
      assert.equal((await window.get('a'))?.state, 'running', `restart ${restart}`);
    }
    machine.launcher.of('a').fail();
    await machine.clock.advance(0);
    assert.equal((await window.get('a'))?.state, 'failed');
    const recovered = machine.eventsOf('loop:recovered');
    assert.deepEqual(
      recovered.map((event) => event.restartsInWindow),
      [1, 2, 3],
    );
    assert.deepEqual(
      machine.eventsOf('loop:failed').map((event) => event.permanent),
      [false, false, false, true],
    );
    await assert.rejects(window.submit({ prompt: 'again', loopId: 'a' }), { code: 'permanently-failed' });
  });

  it('R5.5 retries a permanently failed loop with a clean slate', async () => {
    const window = await machine.open({ restart: { maxRestarts: 0, windowMs: 300_000, maxTotal: 1_000 } });
    await window.submit({ prompt: 'doomed', loopId: 'a' });
    machine.launcher.of('a').fail();
    await machine.clock.advance(0);
    assert.deepEqual(window.status().permanentlyFailed, ['a']);
    assert.deepEqual(await window.retry('a'), { loopId: 'a', queued: false, position: 0 });
    machine.launcher.of('a').ok();
    await machine.clock.advance(0);
    assert.equal((await window.get('a'))?.state, 'completed');
    assert.deepEqual(window.status().permanentlyFailed, []);
  });

  it('R4.1 opens after failures in a row, lets one probe through after the cool-down without a new submit, and closes on its success', async () => {
    const window = await machine.open({
      circuit: { failureThreshold: 2, cooldownMs: 60_000, halfOpenMaxProbes: 1 },
      maxConcurrent: 1,
    });
    await window.submit({ prompt: 'one', loopId: 'a' });
    await window.submit({ prompt: 'two', loopId: 'b' });
    await window.submit({ prompt: 'three', loopId: 'c' });
    machine.launcher.of('a').fail();
    await machine.clock.advance(0);
    machine.launcher.of('b').fail();
    await machine.clock.advance(0);
    assert.equal(window.status().circuitState, 'open');
    await assert.rejects(window.submit({ prompt: 'four' }), { code: 'circuit-open' });
    await machine.clock.advance(30_000);
    assert.equal(machine.launcher.alive.length, 0, 'nothing runs while it is open');
    await machine.clock.advance(31_000);
    assert.equal(window.status().circuitState, 'half-open');
    assert.equal(machine.launcher.alive.length, 1, 'one probe');
    machine.launcher.alive[0]?.ok();
    await machine.clock.advance(0);
    assert.equal(window.status().circuitState, 'closed');
    assert.equal(machine.launcher.alive.length, 1);
  });

  it('R6.6 counts a reported cost once, against loop and day, and R6.7 moves the read position with it', async () => {
    const window = await machine.open({
      budget: { dailyLimit: 5_000_000_000, warnAtPercent: 90, minAllowance: 5e8, onExceeded: 'finish' },
    });
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 1 });
    assert.equal(window.status().budget.reserved, 1);
    machine.launcher.of('a').say({ type: 'cost', cost: 250_000_000, source: 'reported' });
    await machine.clock.advance(0);
    assert.equal(window.status().budget.spent, 0.25);
    assert.equal(window.status().budget.reserved, 0.75);
    assert.equal((await window.get('a'))?.loop.state === 'running' && (await window.get('a'))?.attempts.length, 1);
    machine.launcher.of('a').ok();
    await machine.clock.advance(0);
    assert.equal(window.status().budget.reserved, 0);
    assert.equal((await window.get('a'))?.costUsd, 0.25);
  });

  it('R7.2 records a cancel before its signal, and calls the loop cancelled once its processes are gone', async () => {
    const window = await machine.open();
    machine.launcher.onStop = () => {};
    await window.submit({ prompt: 'work', loopId: 'a' });
    const run = machine.launcher.of('a');
    assert.equal(await window.cancel('a'), true);
    assert.deepEqual(run.stops, ['user']);
    assert.equal((await window.get('a'))?.state, 'stopping');
    assert.equal(window.status().concurrencyUsed, 1, 'it holds its slot until it is gone');
    run.end({ exit: { signal: 'SIGTERM' } });
    await machine.clock.advance(0);
    assert.equal((await window.get('a'))?.state, 'cancelled');
    assert.equal(await window.cancel('a'), false);
  });

  it('R9.2 a reload hands the running loops to the next window, with the stop that was under way', async () => {
    const first = await machine.open({ maxConcurrent: 2 });
    machine.launcher.onStop = () => {};
    await first.submit({ prompt: 'work', loopId: 'a' });
    await first.submit({ prompt: 'work', loopId: 'b' });
    await first.submit({ prompt: 'work', loopId: 'c' });
    await first.cancel('b');
    machine.kill(first);
    const second = await machine.open({ maxConcurrent: 2 });
    assert.deepEqual(machine.launcher.of('b').stops, ['user', 'user']);
    machine.launcher.of('b').end({ exit: { signal: 'SIGKILL' } });
    machine.launcher.of('a').say({ type: 'cost', cost: 1_000, source: 'reported' });
    machine.launcher.of('a').ok();
    await machine.clock.advance(0);
    assert.equal((await second.get('a'))?.state, 'completed');
    assert.equal((await second.get('a'))?.costUsd, 0.000001);
    assert.equal((await second.get('b'))?.state, 'cancelled');
    assert.equal((await second.get('c'))?.state, 'running');
    assert.equal((await second.get('a'))?.attempts.length, 1);
  });

  it('R9.1 shutdown stops the running, keeps the queued, and takes no work afterwards', async () => {
    const first = await machine.open({ maxConcurrent: 1 });
    await first.submit({ prompt: 'work', loopId: 'a' });
    await first.submit({ prompt: 'work', loopId: 'b' });
    await first.shutdown();
    await assert.rejects(first.submit({ prompt: 'late' }), { code: 'shutting-down' });
    assert.deepEqual(
      machine.eventsOf('loop:rejected').map((event) => event.reason),
      ['shutdown'],
    );
    assert.equal(machine.launcher.alive.length, 0);
    const second = await machine.open({ maxConcurrent: 1 });
    assert.equal((await second.get('a'))?.state, 'running', 'it returned to its place, ahead of b');
    assert.equal((await second.get('a'))?.attempts[0]?.outcome, 'interrupted');
    assert.equal((await second.get('b'))?.state, 'queued');
  });
});
