import assert from 'node:assert/strict';
import type { SupervisorEvent } from '../../src/core/model/event.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { onEachStore } from './eachStore.ts';
import { submit } from './support.ts';

const cancelled = (loopId: string, host = 'theirs'): SupervisorEvent => ({
  ...{ type: 'loop:cancelled', at: 1, host, loopId },
});
const tell = (store: Store, ...loopIds: string[]) =>
  store.write((tx) => tx.addEvents(loopIds.map((loopId) => cancelled(loopId))));
const heard = (events: readonly SupervisorEvent[] | undefined) =>
  events?.map((event) => ('loopId' in event ? event.loopId : event.type));

onEachStore('events and claims', ({ open, news, sql }) => {
  let mine: Store;
  let theirs: Store;
  beforeEach(async () => {
    mine = await open();
    theirs = await open();
  });

  it('R10.2 events reach another host once, complete and in order, and none from before its start', async () => {
    await tell(theirs, 'before');
    assert.equal((await news(mine))?.events, undefined);
    await tell(theirs, 'a', 'b');
    await tell(theirs, 'c');
    assert.deepEqual(
      (await news(mine))?.events,
      ['a', 'b', 'c'].map((loopId) => cancelled(loopId)),
    );
    assert.equal(await news(mine), undefined);
  });

  it('R10.2 they come with what their transaction changed, and not if it failed', async () => {
    await news(mine);
    const loop = await submit(theirs, 'a');
    const change = (priority: number, fails: boolean) =>
      theirs.write((tx) => {
        tx.addEvents([cancelled(`${priority}`)]);
        tx.saveLoop({ ...loop, priority });
        if (fails) throw new Error('no');
      });
    await assert.rejects(change(1, true), /^Error: no$/);
    await change(2, false);
    const changes = await news(mine);
    assert.deepEqual([heard(changes?.events), changes?.loops.map(({ priority }) => priority)], [['2'], [2]]);
  });

  it('R10.2 events delivered to a failed transaction are delivered again', async () => {
    await news(mine);
    await tell(theirs, 'a');
    const failed = mine.write((tx) => {
      assert.deepEqual(heard(tx.changes()?.events), ['a']);
      throw new Error('no');
    });
    await assert.rejects(failed, /^Error: no$/);
    await mine.write((tx) => assert.deepEqual(heard(tx.changes()?.events), ['a']));
    assert.equal(await news(mine), undefined);
  });

  it('R10.2 own writes in between neither lose nor repeat any', async () => {
    await news(mine);
    await tell(theirs, 'a');
    await tell(mine, 'own');
    await tell(theirs, 'b');
    const events = heard((await news(mine))?.events)?.filter((loopId) => loopId !== 'own');
    assert.deepEqual(events, ['a', 'b']);
    await tell(mine, 'own');
    await tell(theirs, 'c');
    assert.deepEqual(
      heard((await news(mine))?.events)?.filter((loopId) => loopId !== 'own'),
      ['c'],
    );
  });

  it('long texts are cut', async () => {
    await news(mine);
    const event: SupervisorEvent = { type: 'loop:rejected', at: 1, host: 'x', loopId: 'a', reason: 'store', error: '' };
    await theirs.write((tx) => tx.addEvents([{ ...event, error: 'e'.repeat(10_000) }]));
    assert.deepEqual((await news(mine))?.events, [{ ...event, error: 'e'.repeat(2_000) }]);
  });

  it('R9.6 events that cannot be read cost nothing else', async () => {
    await news(mine);
    const loop = await submit(theirs, 'a');
    await theirs.write((tx) => {
      tx.saveLoop({ ...loop, priority: 2 });
      tx.addEvents([{ ...cancelled('lost'), type: 7 } as unknown as SupervisorEvent]);
    });
    await tell(theirs, 'b');
    const changes = await news(mine);
    assert.deepEqual([heard(changes?.events), changes?.loops.map(({ priority }) => priority)], [['b'], [2]]);
  });

  it('R10.2 of several hosts one claims a key, for a day', async () => {
    const claim = (store: Store) =>
      store.write(
        (tx) => {
          if (tx.claimed('notice 1')) return false;
          tx.claim('notice 1');
          return true;
        },
        [['claimed', 'notice 1']],
      );
    const claims = await Promise.all([mine, theirs, mine, theirs].map(claim));
    assert.deepEqual(claims.filter(Boolean), [true]);
    await sql('UPDATE claims SET at = at - 86300000');
    assert.equal(await claim(theirs), false);
    await sql('UPDATE claims SET at = at - 200000');
    assert.equal(await claim(theirs), true);
    await theirs.write((tx) => tx.claim('notice 2'));
    assert.equal((await sql('SELECT key FROM claims')).length, 2);
  });

  it('a claim counts within its own transaction', async () => {
    await mine.write((tx) => {
      tx.claim('notice');
      assert.equal(tx.claimed('notice'), true);
    });
  });
});
