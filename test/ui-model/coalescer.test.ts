import assert from 'node:assert/strict';
import { Coalescer } from '../../src/ui/window/coalescer.ts';
import { FakeClock } from '../support/fakeClock.ts';

describe('Coalescer', () => {
  let clock: FakeClock;
  let runs: number;

  beforeEach(() => {
    clock = new FakeClock();
    runs = 0;
  });

  it('never runs within the call, and runs once for all calls of a moment', async () => {
    const coalescer = new Coalescer(() => runs++, 250, clock);
    for (let call = 0; call < 1000; call++) coalescer.ask();
    assert.equal(runs, 0);
    await clock.advance(0);
    assert.equal(runs, 1);
    await clock.advance(10_000);
    assert.equal(runs, 1);
  });

  it('runs at most four times a second under a storm of calls, and once more after the last', async () => {
    const coalescer = new Coalescer(() => runs++, 250, clock);
    for (let ms = 0; ms < 2990; ms++) {
      coalescer.ask();
      await clock.advance(1);
    }
    assert.equal(runs, 12);
    await clock.advance(1000);
    assert.equal(runs, 13);
  });

  it('pauses for twenty times the duration of a run, up to two seconds', async () => {
    const coalescer = new Coalescer(
      () => {
        runs++;
        clock.jump(40);
      },
      250,
      clock,
    );
    coalescer.ask();
    await clock.advance(0);
    coalescer.ask();
    await clock.advance(799);
    assert.equal(runs, 1);
    await clock.advance(1);
    assert.equal(runs, 2);
  });

  it('survives a run that throws and a clock that jumps', async () => {
    const coalescer = new Coalescer(
      () => {
        runs++;
        clock.jump(3_600_000);
      },
      250,
      clock,
    );
    coalescer.ask();
    await clock.advance(0);
    coalescer.ask();
    await clock.advance(2000);
    assert.equal(runs, 2);
  });

  it('does not run after it was disposed', async () => {
    const coalescer = new Coalescer(() => runs++, 250, clock);
    coalescer.ask();
    coalescer.dispose();
    await clock.advance(1000);
    coalescer.ask();
    await clock.advance(1000);
    assert.equal(runs, 0);
  });
});
