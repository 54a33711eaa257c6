import assert from 'node:assert/strict';
import { type Usage, UsageWatch } from '../../src/ui/tree/usageWatch.ts';
import { FakeClock } from '../support/fakeClock.ts';

describe('UsageWatch', () => {
  let clock: FakeClock;
  let samples: number;
  let watched: boolean;
  let running: Map<string, Usage>;
  let errors: unknown[];

  function watch(): UsageWatch {
    return new UsageWatch(
      async () => {
        samples++;
        return running;
      },
      () => watched,
      clock,
      (error) => errors.push(error),
    );
  }

  beforeEach(() => {
    clock = new FakeClock();
    samples = 0;
    watched = true;
    running = new Map([['a', { cpuPercent: 12, memoryBytes: 1000 }]]);
    errors = [];
  });

  it('samples every three seconds while the view is visible and something runs', async () => {
    const usage = watch();
    usage.wake();
    usage.wake();
    await clock.advance(6_500);
    assert.equal(samples, 3);
    assert.deepEqual(usage.of('a'), { cpuPercent: 12, memoryBytes: 1000 });
  });

  it('samples nothing while the view is hidden, and stops by itself', async () => {
    const usage = watch();
    usage.wake();
    await clock.advance(1000);
    watched = false;
    await clock.advance(60_000);
    assert.equal(samples, 1);
    watched = true;
    usage.wake();
    await clock.advance(0);
    assert.equal(samples, 2);
  });

  it('stops when nothing runs any more, and reports that the figures are gone', async () => {
    const usage = watch();
    let told = 0;
    usage.onDidChange(() => told++);
    usage.wake();
    await clock.advance(0);
    running = new Map();
    await clock.advance(60_000);
    assert.deepEqual([samples, told, usage.of('a')], [2, 2, undefined]);
  });

  it('continues after a failed sample', async () => {
    let calls = 0;
    const usage = new UsageWatch(
      async () => {
        if (++calls === 1) throw new Error('no /proc');
        return running;
      },
      () => true,
      clock,
      (error) => errors.push(error),
    );
    usage.wake();
    await clock.advance(0);
    assert.equal(errors.length, 1);
    usage.wake();
    await clock.advance(0);
    assert.equal(calls, 2);
  });
});
