import assert from 'node:assert/strict';
import type { Loop } from '../../src/core/model/loop.ts';
import { onEachStore } from './eachStore.ts';
import {
  ENDED,
  FAILED,
  finish,
  gatesOf,
  loopFacts,
  memoryStore,
  newLoop,
  StoreFolder,
  start,
  submit,
  type TestStore,
} from './support.ts';

const ids = (loops: readonly Loop[] | undefined) => loops?.map(({ loopId }) => loopId);

onEachStore('what other hosts have changed', ({ open, news }) => {
  let mine: TestStore;
  let theirs: TestStore;
  beforeEach(async () => {
    mine = await open();
    theirs = await open();
  });

  it('R3.1 the first reading is everything that is live, and later ones only what is new', async () => {
    const queued = await submit(theirs, 'queued');
    const running = await start(theirs, await submit(theirs, 'running'), 'token');
    await finish(theirs, await submit(theirs, 'done'));
    assert.deepEqual((await news(mine))?.loops, [queued, running]);
    assert.equal(await news(mine), undefined);

    const done = await finish(theirs, running);
    assert.deepEqual((await news(mine))?.loops, [done]);
    assert.equal(await news(mine), undefined);
  });

  it('our own writes do not come back', async () => {
    assert.deepEqual((await news(mine))?.loops, []);
    const loop = await submit(mine, 'mine');
    assert.equal(await news(mine), undefined);
    await start(mine, loop, 'token');
    await mine.write((tx) => assert.equal(tx.changes(), undefined));
    await submit(theirs, 'theirs');
    assert.deepEqual(ids((await news(mine))?.loops), ['theirs']);
  });

  it('our own writes come back along with untaken ones that they may overlap', async () => {
    await news(mine);
    const loop = await submit(theirs, 'theirs');
    // Both write the same loop, we without having looked.
    await mine.write((tx) => tx.saveLoop({ ...loop, priority: 5 }));
    await submit(mine, 'mine');
    const loops = (await news(mine))?.loops;
    assert.equal(loops?.find(({ loopId }) => loopId === 'theirs')?.priority, 5);
    assert.equal(await news(mine), undefined);
  });

  it('within a transaction they are exact: nobody can write before its commit (R3.1, R6.2)', async () => {
    await news(mine);
    const theirLoop = await submit(theirs, 'theirs');
    await mine.write((tx) => {
      assert.deepEqual(tx.changes()?.loops, [theirLoop]);
      assert.equal(tx.changes(), undefined, 'a second time there is nothing new');
      tx.insertLoop(newLoop('mine'), '');
    });
    assert.equal(await news(mine), undefined);
    assert.deepEqual(ids((await news(theirs))?.loops), ['theirs', 'mine']);
  });

  it('changes returned in a failed transaction are returned again', async () => {
    await news(mine);
    await submit(theirs, 'theirs');
    for (let attempt = 0; attempt < 2; attempt++) {
      await assert.rejects(
        mine.write((tx) => {
          assert.deepEqual(ids(tx.changes()?.loops), ['theirs']);
          tx.insertLoop(newLoop('never'), '');
          throw new Error('no');
        }),
        /^Error: no$/,
      );
    }
    assert.deepEqual(ids((await news(mine))?.loops), ['theirs']);
    assert.equal(await news(mine), undefined);
  });

  it('the first reading is returned again after its transaction failed', async () => {
    await submit(theirs, 'theirs');
    await assert.rejects(
      mine.write((tx) => {
        assert.deepEqual(ids(tx.changes()?.loops), ['theirs']);
        throw new Error('no');
      }),
    );
    await mine.write((tx) => assert.deepEqual(ids(tx.changes()?.loops), ['theirs']));
    assert.equal(await news(mine), undefined);
  });

  it('a transaction that has written can no longer ask for changes', async () => {
    await assert.rejects(
      mine.write((tx) => {
        tx.insertLoop(newLoop('mine'), '');
        tx.changes();
      }),
      /changes\(\) was called after a write/,
    );
    assert.equal(await mine.latest('mine'), undefined);
  });

  it('within a write the store returns the same changes as its transaction', async () => {
    await news(mine);
    await submit(theirs, 'theirs');
    await assert.rejects(
      mine.write(() => {
        assert.deepEqual(ids(mine.changes()?.loops), ['theirs']);
        throw new Error('no');
      }),
    );
    assert.deepEqual(ids((await news(mine))?.loops), ['theirs'], 'it was rolled back, so it counts as not delivered');
  });

  it('a loop counts as changed if only its attempt changed', async () => {
    const loop = await start(theirs, await submit(theirs, 'loop'), 'token');
    await news(mine);
    const leader = { pid: 7, startTime: '8', bootId: '9' };
    await theirs.write((tx) => tx.saveAttempt(loop.seq, { ...loop.attempt, leader }));
    assert.deepEqual((await news(mine))?.loops, [{ ...loop, attempt: { ...loop.attempt, leader } }]);

    await theirs.write((tx) => tx.advance(loop.seq, loop.attempt.id, 0, 55, { state: 1 }));
    const seen = (await news(mine))?.loops[0];
    assert.deepEqual(seen && 'attempt' in seen && [seen.attempt.readOffset, seen.attempt.readerState], [
      55,
      { state: 1 },
    ]);
  });

  it('revisions never go back, even when the newest rows are removed', async () => {
    await news(mine);
    const loop = await submit(theirs, 'a');
    assert.deepEqual(ids((await news(mine))?.loops), ['a']);
    await finish(theirs, loop);
    await news(mine);
    await theirs.write((tx) => tx.removeFinished([loop.seq]));
    theirs.close();
    const later = await open();
    const next = await submit(later, 'b');
    assert.ok(next.seq > loop.seq);
    assert.deepEqual(ids((await news(mine))?.loops), ['b']);
  });

  it('a loop that was removed meanwhile is reported as gone', async () => {
    const loop = await submit(theirs, 'a');
    await news(mine);
    await finish(theirs, loop);
    await theirs.write((tx) => tx.removeFinished([loop.seq]));
    assert.deepEqual(
      [await news(mine)].map((changes) => [changes?.loops, changes?.gone]),
      [[[], [loop.seq]]],
    );
  });

  it('control, leases and the latest day come with them', async () => {
    await news(mine);
    const circuits = {
      claude: { state: 'open', generation: 1, consecutiveFailures: 5, openedAt: 5, reasons: [] },
    } as const;
    const of = { kind: 'account', name: 'claude' } as const;
    const gates = gatesOf({ of, state: 'held', reason: 'usageLimit', why: 'limit', since: 1, until: 9, tries: 0 });
    const lease = { id: 'w', process: { pid: 1, startTime: '1', bootId: 'b' }, folders: ['/a'], openedAt: 1 };
    await theirs.write((tx) => {
      tx.saveControl({ circuits, gates, paused: true });
      tx.saveWindow(lease);
      tx.saveDayMarks({ day: '2026-01-16', spent: 0, unknown: 0, warned: true, exceeded: false });
      tx.addLedger({ key: 'k', seq: 1, agent: 'a', day: '2026-01-15', at: 1, cost: 5, source: 'reported' });
    });
    assert.deepEqual(await news(mine), {
      loops: [],
      control: { circuits, gates, paused: true },
      windows: [lease],
      day: { day: '2026-01-16', spent: 0, unknown: 0, warned: true, exceeded: false },
    });
    await theirs.write((tx) => {
      tx.releaseWindow('w');
      tx.addLedger({ key: 'k', seq: 2, agent: 'a', day: '2026-01-17', at: 1, cost: 6, source: 'reported' });
    });
    const next = await news(mine);
    assert.deepEqual(
      [next?.windows, next?.day],
      [[], { day: '2026-01-17', spent: 6, unknown: 0, warned: false, exceeded: false }],
    );
  });

  it('a loop whose attempt was settled in the same transaction is seen as it is then', async () => {
    const loop = await start(theirs, await submit(theirs, 'loop'), 'token');
    await news(mine);
    await theirs.write((tx) => {
      tx.saveAttempt(loop.seq, { ...loop.attempt, end: ENDED });
      tx.saveLoop({ ...loopFacts(loop), ...FAILED, finishedAt: 5 });
      tx.addHistory(loop.seq, { at: 5, from: 'failed', to: 'failed', why: 'left over and ended: sh (9)' });
    });
    assert.deepEqual((await news(mine))?.loops, [{ ...loopFacts(loop), ...FAILED, finishedAt: 5 }]);
    assert.equal((await mine.history(loop.seq)).at(-1)?.why, 'left over and ended: sh (9)');
  });
});

describe('store on SQLite: what other hosts have changed', () => {
  it('a window that was away for longer than changes are kept gets all live loops, and which they are', async () => {
    const folder = new StoreFolder();
    const [mine, theirs] = [folder.open(), folder.open()];
    const kept = await submit(theirs, 'kept');
    const done = await submit(theirs, 'done');
    mine.changes();
    await finish(theirs, done);
    const unreadable = await submit(theirs, 'unreadable');
    folder.sql("UPDATE loops SET state = 'flying' WHERE loop_id = 'unreadable'");
    for (let n = 0; n < 30; n++) {
      await theirs.write((tx) => {
        for (let k = 0; k < 4_000; k++) tx.addHistory(kept.seq, { at: n, from: 'queued', to: 'queued', why: '' });
      });
    }
    assert.ok(Number(folder.rows('SELECT count(*) AS n FROM changes')[0]?.n) < 25, 'the list is trimmed');
    const changes = mine.changes();
    assert.deepEqual(changes?.loops, [kept]);
    assert.deepEqual(changes?.live, new Set([kept.seq, unreadable.seq]));
    await theirs.write((tx) => tx.saveLoop({ ...kept, priority: 3 }));
    assert.deepEqual(mine.changes()?.loops, [{ ...kept, priority: 3 }], 'from there on by the list again');
    folder.dispose();
  });

  it('in memory there is one window, and nothing is ever new', async () => {
    const store = memoryStore();
    assert.deepEqual(store.changes()?.loops, []);
    await submit(store, 'a');
    assert.equal(store.changes(), undefined);
    await store.write((tx) => assert.equal(tx.changes(), undefined));
    store.close();
  });
});
