import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../../src/core/model/errors.ts';
import { FakeClock, settled } from '../support/fakeClock.ts';
import { StoreFolder, submit } from './support.ts';

describe('store: waiting for a lock', () => {
  let folder: StoreFolder;
  let clock: FakeClock;
  let other: DatabaseSync;
  beforeEach(() => {
    folder = new StoreFolder();
    clock = new FakeClock();
    folder.open(clock).close();
    other = new DatabaseSync(folder.path);
  });
  afterEach(() => {
    other.close();
    folder.dispose();
  });
  const lock = () => other.exec('BEGIN IMMEDIATE');
  const free = () => other.exec('ROLLBACK');

  it('a window opens and reads while somebody else writes', async () => {
    lock();
    const store = folder.open(clock);
    assert.deepEqual(store.changes()?.loops, []);
    free();
  });

  it('a write runs from its beginning when the lock is free, and sees what has changed meanwhile', async () => {
    const store = folder.open(clock);
    store.changes();
    lock();
    let runs = 0;
    const seen: unknown[] = [];
    const write = store.write((tx) => {
      runs++;
      seen.push(tx.changes()?.control.paused);
    });
    await clock.advance(1_000);
    assert.equal(runs, 0, 'it is not begun before it has the lock');
    other.exec('UPDATE head SET paused = 1; COMMIT');
    await clock.advance(200);
    await write;
    assert.deepEqual([runs, seen], [1, [true]]);
  });

  it('it is retried soon, then at most ten times a second, for ever', async () => {
    const store = folder.open(clock);
    lock();
    const waits: number[] = [];
    const { after } = clock;
    clock.after = (ms, run) => {
      waits.push(ms);
      return after.call(clock, ms, run);
    };
    const write = submit(store, 'a');
    await clock.advance(2_000);
    assert.deepEqual(waits.slice(0, 5), [10, 20, 40, 80, 100]);
    assert.ok(waits.slice(4).every((ms) => ms === 100));
    free();
    await clock.advance(100);
    assert.equal((await write).loopId, 'a');
  });

  it('a lasting lock is reported once, and so is its end; reading goes on', async () => {
    const store = folder.open(clock);
    const troubles: unknown[] = [];
    store.onTrouble((error) => troubles.push(error instanceof StoreError ? error.kind : error));
    lock();
    const write = submit(store, 'a');
    await clock.advance(2_500);
    assert.deepEqual(troubles, []);
    await clock.advance(10_000);
    assert.deepEqual(troubles, ['locked']);
    assert.equal(store.changes()?.loops.length, 0);
    free();
    await clock.advance(200);
    await write;
    assert.deepEqual(troubles, ['locked', undefined]);
  });

  it('the report of a lasting lock ends even if the write that got it is refused for its own reason', async () => {
    const store = folder.open(clock);
    const troubles: unknown[] = [];
    store.onTrouble((error) => troubles.push(error instanceof StoreError ? error.kind : error));
    lock();
    const refused = assert.rejects(
      store.write(() => {
        throw new Error('no');
      }),
      /no/,
    );
    await clock.advance(5_000);
    free();
    await clock.advance(10_000);
    await refused;
    assert.deepEqual(troubles, ['locked', undefined]);
  });

  it('closing makes one last try', async () => {
    const store = folder.open(clock);
    lock();
    const write = submit(store, 'a');
    await clock.advance(50);
    free();
    store.close();
    assert.equal((await write).loopId, 'a');
    assert.deepEqual(folder.rows('SELECT loop_id FROM loops'), [{ loop_id: 'a' }]);
  });

  it('writes that fail even then are refused', async () => {
    const store = folder.open(clock);
    lock();
    const writes = [submit(store, 'a'), submit(store, 'b')];
    store.close();
    for (const write of writes) await assert.rejects(write, /was closed before this could be written/);
    free();
  });

  it('closing within a write is an error', async () => {
    const store = folder.open(clock);
    await assert.rejects(
      store.write(() => store.close()),
      /closed within a write/,
    );
    await submit(store, 'a');
  });

  it('a long queue yields the thread in between', async () => {
    const store = folder.open(clock);
    lock();
    let ran = 0;
    const busy = () => {
      const until = performance.now() + 2;
      while (performance.now() < until);
      ran++;
    };
    const writes = Array.from({ length: 20 }, () => store.write(busy));
    free();
    const ranAt: number[] = [];
    const watching = setInterval(() => ranAt.push(ran), 0);
    await clock.advance(20);
    while (ran < 20) await settled();
    await Promise.all(writes);
    clearInterval(watching);
    assert.ok(
      ranAt.some((count) => count > 0 && count < 20),
      'something else ran in between',
    );
  });
});
