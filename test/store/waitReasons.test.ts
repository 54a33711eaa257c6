import assert from 'node:assert/strict';
import { MIGRATIONS } from '../../src/store/sqlite/schema.ts';
import { makeFirst, openWith } from './firstVersion.ts';
import { loopFacts, StoreFolder, submit } from './support.ts';

const UNTIL = 1_768_500_000_000;
const MONEY = 'what was left of the daily budget is used up';

describe('store: what a loop waits for', () => {
  let folder: StoreFolder;
  beforeEach(() => {
    folder = new StoreFolder();
  });
  afterEach(() => folder.dispose());

  it('R6.3 a database of the first edition: the reason that only its sentence gave is a field', async () => {
    makeFirst(folder);
    openWith(folder, MIGRATIONS.slice(0, 2));
    // Two loops of that edition, one for each of the two sentences that it wrote.
    const wait = (loopId: string, seq: number, why: string) =>
      folder.sql(`INSERT INTO loops (seq, loop_id, state, until, why, title, agent, cwd, window_id, priority, place,
        estimate, estimate_assumed, submitted_at, since, attempts, quick_crashes, cost, cost_estimated)
        VALUES (${seq}, '${loopId}', 'waiting', ${UNTIL}, '${why}', 't', 'claude', '/', 'w', 0, ${seq}, 0, 0, 1, 1, 1, 0, 0, 0)`);
    wait('money', 1_001, MONEY);
    wait('limit', 1_002, '5-hour limit reached');
    const store = folder.open();
    const waitOf = async (id: string) => {
      const loop = await store.latest(id);
      return loop?.state === 'waiting' && loop.for !== 'you' ? [loop.for, loop.until, loop.why] : loop;
    };
    assert.deepEqual(await Promise.all(['money', 'limit', 'waits'].map(waitOf)), [
      ['dailyBudget', UNTIL, MONEY],
      ['usageLimit', UNTIL, '5-hour limit reached'],
      ['usageLimit', 1_768_485_980_280, 'used up'],
    ]);
    assert.deepEqual(
      folder.rows('SELECT loop_id FROM loops WHERE waiting_for IS NOT NULL AND finished_at IS NOT NULL'),
      [],
    );
  });

  it('a wait for the user has no time, and keeps which decision is due', async () => {
    const store = folder.open();
    const loop = await submit(store, 'a');
    const waiting = {
      ...loopFacts(loop),
      state: 'waiting',
      for: 'you',
      need: 'endUnknown',
      why: 'not to be seen',
    } as const;
    await store.write((tx) => tx.saveLoop(waiting));
    assert.deepEqual(await folder.open().latest('a'), waiting);
    assert.deepEqual(folder.rows('SELECT until, waiting_for, need FROM loops'), [
      { until: null, waiting_for: 'you', need: 'endUnknown' },
    ]);
    await store.write((tx) => tx.saveLoop({ ...loopFacts(loop), state: 'queued', fresh: false }));
    assert.deepEqual(folder.rows('SELECT waiting_for, need FROM loops'), [{ waiting_for: null, need: null }]);
  });
});
