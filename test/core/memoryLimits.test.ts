import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import { isNearLimit, largestBeyond } from '../../src/core/policy/memory.ts';
import { machineForEachTest } from '../support/harness.ts';

const MEBIBYTE = 2 ** 20;

describe('limits of memory', () => {
  const machine = machineForEachTest();
  const limited = (limits: { memory?: number; totalMemory?: number }) =>
    machine.open({ limits: { ...DEFAULT_SETTINGS.limits, ...limits }, maxConcurrent: 4 });

  it('R13.2 the largest is ended where all hold more than they may together, and it alone', async () => {
    const window = await limited({ totalMemory: 1_000 * MEBIBYTE });
    const stops: string[] = [];
    machine.launcher.onStop = (run, by) => {
      stops.push(`${run.loopId}: ${by}`);
      setImmediate(() => run.end({ exit: { signal: 'SIGKILL' }, stoppedBy: by, peakMemoryBytes: 600 * MEBIBYTE }));
    };
    for (const [loopId, size] of [
      ['a', 300],
      ['b', 600],
      ['c', 50],
    ] as const) {
      await window.submit({ prompt: 'work', loopId });
      machine.launcher.held.set(loopId, size * MEBIBYTE);
    }
    await machine.clock.advance(3_000);
    assert.deepEqual([stops, machine.alive().length], [[], 3]);
    machine.launcher.held.set('a', 351 * MEBIBYTE);
    await machine.clock.advance(2_000);
    assert.deepEqual(stops, ['b: memory']);
    const detail = await window.get('b');
    assert.equal(detail?.attempts[0]?.outcome, 'memory');
    assert.match(detail?.attempts[0]?.reason ?? '', /limits\.totalMemoryMegabytes/);
    assert.deepEqual(machine.alive().sort(), ['a', 'c']);
  });

  it('R13.2 R5.7 it starts again once, when what it held fits beside the others', async () => {
    const window = await limited({ totalMemory: 1_000 * MEBIBYTE });
    machine.launcher.onStop = (run, by) =>
      void setImmediate(() => run.end({ exit: { signal: 'SIGKILL' }, stoppedBy: by, peakMemoryBytes: 600 * MEBIBYTE }));
    for (const [loopId, size] of [
      ['a', 500],
      ['b', 600],
    ] as const) {
      await window.submit({ prompt: 'work', loopId });
      machine.launcher.held.set(loopId, size * MEBIBYTE);
    }
    await machine.clock.advance(10_000);
    assert.equal(window.status().parked[0]?.reason, 'memory');
    machine.launcher.held.set('a', 100 * MEBIBYTE);
    machine.launcher.held.set('b', 0);
    await machine.clock.advance(2_000);
    assert.deepEqual(machine.alive().sort(), ['a', 'b']);
  });

  it('R13.2 of several hosts one ends one loop', async () => {
    const limits = { memory: 0, totalMemory: 100 };
    const first = await machine.open({ limits, maxConcurrent: 4 });
    const second = await machine.open({ limits, maxConcurrent: 4 });
    const stops: string[] = [];
    machine.launcher.onStop = (run) => void stops.push(run.loopId);
    await first.submit({ prompt: 'work', loopId: 'a' });
    await second.submit({ prompt: 'work', loopId: 'b' });
    machine.launcher.held.set('a', 60).set('b', 70);
    await machine.clock.advance(5_000);
    assert.deepEqual([...new Set(stops)], ['b']);
    assert.equal((await first.get('a'))?.state, 'running');
  });

  it('R13.2 a loop that is near its own limit says so, and its guardian gets the limit', async () => {
    const window = await limited({ memory: 500 });
    await window.submit({ prompt: 'work', loopId: 'a' });
    assert.equal(machine.launcher.of('a').request?.limits.maxMemoryBytes, 500);
    const near = () => window.live(10)[0]?.activity?.nearMemory;
    machine.launcher.held.set('a', 449);
    await machine.clock.advance(2_000);
    assert.equal(near(), undefined);
    machine.launcher.held.set('a', 450);
    await machine.clock.advance(2_000);
    assert.deepEqual(near(), { held: 450, limit: 500 });
    machine.launcher.held.set('a', 10);
    await machine.clock.advance(2_000);
    assert.equal(near(), undefined);
  });

  it('R13.2 nothing is looked at where no limit is set', async () => {
    const window = await limited({});
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.memoryOf = async () => assert.fail('It was looked at.');
    await machine.clock.advance(5_000);
    assert.deepEqual(machine.logged, []);
  });

  it('R13.2 whoever is ended is as large as any, and nobody is as long as all keep to the limit', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000), { minLength: 1 }), fc.nat(5_000), (sizes, limit) => {
        const largest = largestBeyond(sizes, (size) => size, limit);
        const total = sizes.reduce((sum, size) => sum + size, 0);
        assert.equal(largest !== undefined, limit > 0 && total > limit);
        if (largest !== undefined) assert.equal(largest, Math.max(...sizes));
      }),
    );
    assert.deepEqual([isNearLimit(90, 100), isNearLimit(89, 100), isNearLimit(5, 0)], [true, false, false]);
  });
});
