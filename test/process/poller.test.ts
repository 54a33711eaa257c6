import assert from 'node:assert/strict';
import { type Polled, Poller } from '../../src/process/follow/poller.ts';
import { FakeClock } from '../support/fakeClock.ts';

/** Something that is looked at, with how often it was. */
class Watched implements Polled {
  looks = 0;
  isEager = false;
  poll(): void {
    this.looks++;
  }
}

describe('the look for what runs have written', () => {
  let clock: FakeClock;
  let poller: Poller;
  beforeEach(() => {
    clock = new FakeClock();
    poller = new Poller(clock);
  });
  afterEach(() => poller.dispose());

  it('comes soon while a start is near, and at leisure after it', async () => {
    const run = new Watched();
    run.isEager = true;
    poller.add(run);
    await clock.advance(40);
    assert.equal(run.looks, 5);
    run.isEager = false;
    // The one that was set while it was near, and two at leisure.
    await clock.advance(410);
    assert.equal(run.looks, 8);
  });

  it('is at once soon for all when a start joins runs that are looked at with leisure', async () => {
    const [quiet, near] = [new Watched(), new Watched()];
    near.isEager = true;
    poller.add(quiet);
    await clock.advance(100);
    poller.add(near);
    await clock.advance(8);
    assert.deepEqual([quiet.looks, near.looks], [1, 1]);
  });

  it('ends with the last run', async () => {
    const run = new Watched();
    poller.add(run);
    poller.remove(run);
    await clock.advance(10_000);
    assert.ok(run.looks <= 1, `${run.looks} looks`);
  });
});
