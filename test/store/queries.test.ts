import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import type { FinishedLoop } from '../../src/core/model/loop.ts';
import type { FinishedQuery } from '../../src/core/ports/historyQueries.ts';
import { onEachStore } from './eachStore.ts';
import {
  ENDED,
  FAILED,
  finish,
  loopFacts,
  memoryStore,
  newAttempt,
  StoreFolder,
  start,
  submit,
  type TestStore,
} from './support.ts';

onEachStore('queries over many loops', (bench) => {
  let store: TestStore;
  beforeEach(async () => {
    store = await bench.open();
  });

  const done = async (loopId: string, finishedAt: number, facts: Partial<FinishedLoop> = {}, prompt?: string) =>
    finish(
      store,
      await submit(store, loopId, { title: facts.title ?? `Loop ${loopId}`, agent: facts.agent ?? 'sample' }, prompt),
      {
        ...facts,
        finishedAt,
      },
    );
  const list = async (query: Partial<FinishedQuery>) =>
    (await store.finished({ limit: 100, ...query })).map(({ loopId }) => loopId);

  it('R9.4 finished loops are listed newest first, in pages', async () => {
    await submit(store, 'live');
    await done('a', 10);
    await done('c', 30);
    await done('b', 20);
    await done('b2', 20);
    assert.deepEqual(await list({}), ['c', 'b2', 'b', 'a']);
    assert.deepEqual(await list({ limit: 2 }), ['c', 'b2']);
    assert.deepEqual(await list({ limit: 2, offset: 2 }), ['b', 'a']);
    assert.deepEqual(await list({ offset: 4 }), []);
  });

  it('they are found by state, agent, time and text', async () => {
    await done('a', 10, { agent: 'claude', title: 'Fix the PARSER' }, 'prompt one');
    await done('b', 20, { ...FAILED, title: 'Ünïcode Größe' } as Partial<FinishedLoop>, 'zwei 100%');
    await done('c', 30, { state: 'cancelled', agent: 'claude' }, 'a_b \\ \0 Ende ÄÖ');
    const cases: [Partial<FinishedQuery>, string[]][] = [
      [{ states: ['completed'] }, ['a']],
      [{ states: ['failed', 'cancelled'] }, ['c', 'b']],
      [{ states: [] }, []],
      [{ agent: 'claude' }, ['c', 'a']],
      [{ from: 20 }, ['c', 'b']],
      [{ before: 20 }, ['a']],
      [{ from: 10, before: 30, states: ['completed', 'failed'], agent: 'sample' }, ['b']],
      [{ text: 'parser' }, ['a']],
      [{ text: 'PROMPT ONE' }, ['a']],
      [{ text: '%' }, ['b']],
      [{ text: 'a_b' }, ['c']],
      [{ text: '_' }, ['c']],
      [{ text: '\\' }, ['c']],
      [{ text: 'GRÖSSE' }, []],
      [{ text: 'größe' }, ['b']],
      [{ text: 'ÜNÏ' }, ['b']],
      [{ text: 'ende äö' }, ['c']],
      [{ text: 'x'.repeat(60_000) }, []],
      [{ text: 'loop', agent: 'claude' }, ['c']],
      [{ text: '' }, ['c', 'b', 'a']],
    ];
    for (const [query, expected] of cases)
      assert.deepEqual(await list(query), expected, JSON.stringify(query).slice(0, 80));
  });

  it('R9.4 their number stays right through ends, clearing, retries and removal', async () => {
    const check = (total: number, failed: number) => assert.deepEqual(store.finishedCount(), { total, failed });
    check(0, 0);
    const a = await done('a', 10);
    const b = await done('b', 20, FAILED as Partial<FinishedLoop>);
    const c = await done('c', 30, FAILED as Partial<FinishedLoop>);
    check(3, 2);
    assert.deepEqual(store.permanentlyFailed(10), ['c', 'b']);
    assert.deepEqual(store.permanentlyFailed(1), ['c']);
    await store.write((tx) => tx.saveLoop({ ...b, cleared: true } as FinishedLoop));
    check(3, 1);
    assert.deepEqual(store.permanentlyFailed(10), ['c']);
    await store.write((tx) => tx.saveLoop({ ...a, cost: 7 }));
    check(3, 1);
    await store.write((tx) => tx.saveLoop({ ...loopFacts(c), state: 'queued', fresh: true }));
    check(2, 0);
    await store.write((tx) => tx.removeFinished([a.seq, b.seq, c.seq]));
    check(0, 0);
    assert.equal((await store.latest('c'))?.state, 'queued', 'a live loop is not removed');
  });

  it('R9.4 removing a loop removes everything that belongs to it, except what was spent', async () => {
    const loop = await start(store, await submit(store, 'loop'), 'token-1');
    await store.write((tx) => {
      tx.addLedger({
        key: 'k',
        seq: loop.seq,
        agent: 'sample',
        day: '2026-01-15',
        at: 1,
        cost: 5,
        source: 'reported',
      });
      tx.insertAttempt(loop.seq, newAttempt('token-2', { number: 2 }));
    });
    await finish(store, loop);
    const other = await start(store, await submit(store, 'other'), 'token-3');
    assert.deepEqual(await store.write((tx) => tx.removeFinished([loop.seq, other.seq, 999])), {
      loops: 1,
      tokens: ['token-1', 'token-2'],
    });
    const rows = [];
    for (const table of ['loops', 'attempts', 'history', 'ledger', 'prompts'])
      rows.push((await bench.sql(`SELECT DISTINCT seq FROM ${table}`)).map(({ seq }) => ({ seq: Number(seq) })));
    assert.deepEqual(rows, [
      [{ seq: other.seq }],
      [{ seq: other.seq }],
      [{ seq: other.seq }],
      [],
      [{ seq: other.seq }],
    ]);
    assert.deepEqual(await store.spend('2026-01-15'), [
      { day: '2026-01-15', agent: 'sample', cost: 5, estimated: 0, unknown: 0 },
    ]);
  });

  it('settled runs of final loops, oldest first', async () => {
    const loops = [];
    for (const loopId of ['a', 'b', 'c'])
      loops.push(await start(store, await submit(store, loopId), `token-${loopId}`));
    const [a, b, c] = loops as [(typeof loops)[0], (typeof loops)[0], (typeof loops)[0]];
    await store.write((tx) => tx.saveAttempt(a.seq, { ...a.attempt, end: ENDED }));
    const again = await start(store, a, 'token-a2');
    await finish(store, b, { finishedAt: 20 });
    await finish(store, again, { finishedAt: 30 });
    const tokens = (await store.settledTokens(10)).map(({ token }) => token);
    assert.deepEqual(tokens, ['token-b', 'token-a', 'token-a2']);
    assert.deepEqual(await store.settledTokens(1), [{ seq: b.seq, token: 'token-b', at: ENDED.at }]);
    assert.equal((await store.settledTokens(Number.MAX_SAFE_INTEGER)).length, 3);
    assert.equal(c.state, 'running');
  });

  it('the timeline shows attempts that ran within a time', async () => {
    const title = 'x'.repeat(200);
    const early = await start(store, await submit(store, 'early'), 't1', { startedAt: 100 });
    await store.write((tx) => tx.saveAttempt(early.seq, { ...early.attempt, end: { ...ENDED, at: 200 } }));
    await finish(store, early, { finishedAt: 210 });
    const long = await start(store, await submit(store, 'long', { title }), 't2', { startedAt: 150 });
    const queued = await start(store, await submit(store, 'queued again'), 't3', {
      startedAt: 300,
      cost: 5,
      costEstimated: 2,
    });
    await store.write((tx) => {
      tx.saveAttempt(queued.seq, { ...queued.attempt, end: { ...ENDED, at: 400, outcome: 'interrupted' } });
      tx.saveLoop({ ...loopFacts(queued), attempts: 1, state: 'queued', fresh: false });
    });
    await store.write((tx) => tx.saveLoop({ ...long, attempts: 1 }));
    const idsOf = async (query: Partial<Parameters<TestStore['timeline']>[0]>) =>
      (await store.timeline({ from: 0, limit: 10, ...query })).map(({ loopId }) => loopId);
    assert.deepEqual(await idsOf({}), ['early', 'long', 'queued again']);
    assert.deepEqual(await idsOf({ from: 201 }), ['long', 'queued again']);
    assert.deepEqual(await idsOf({ from: 401 }), ['long']);
    assert.deepEqual(await idsOf({ beforeId: queued.attempt.id, limit: 1 }), ['long']);
    assert.deepEqual(await idsOf({ beforeId: early.attempt.id }), []);
    assert.deepEqual(await idsOf({ limit: 2 }), ['long', 'queued again']);
    assert.deepEqual(await idsOf({ afterId: long.attempt.id }), ['queued again']);
    const [, second, third] = await store.timeline({ from: 0, limit: 10 });
    assert.deepEqual(second, {
      ...{ id: long.attempt.id, seq: long.seq, loopId: 'long', title: title.slice(0, 120), agent: 'sample', number: 1 },
      ...{ startedAt: 150, cost: 0, costEstimated: 0, state: 'running' },
    });
    assert.deepEqual(third && [third.endedAt, third.outcome, third.cost, third.costEstimated, third.state], [
      400,
      'interrupted',
      5,
      2,
      'queued',
    ]);
    assert.deepEqual(
      (await store.timelineOf([queued.attempt.id, 9_999, early.attempt.id])).map(({ loopId }) => loopId),
      ['early', 'queued again'],
    );
    const check = newAttempt('check', { number: 2, isCheck: true, round: 3 });
    const { id } = await store.write((tx) => tx.insertAttempt(long.seq, check));
    assert.deepEqual(
      (await store.timelineOf([id])).map(({ isCheck, isSetup, round }) => [isCheck, isSetup, round]),
      [[true, undefined, 3]],
    );
  });

  it('R4.3 changes of the circuit are kept, the last 1,000 of them', async () => {
    let now = 0;
    const clocked = memoryStore({
      now: () => now,
      day: () => '',
      nextDay: () => 0,
      after: () => ({ dispose: () => {} }),
    });
    const save = (state: 'closed' | 'open' | 'half-open', at: number) => {
      now = at;
      return clocked.write((tx) =>
        tx.saveControl({
          circuits: { a: { state, generation: 0, consecutiveFailures: 0, reasons: [] } },
          gates: {},
          paused: false,
        }),
      );
    };
    assert.deepEqual(await clocked.circuitChanges(0), []);
    await save('closed', 1);
    await save('open', 10);
    await save('open', 15);
    await save('half-open', 20);
    await save('closed', 30);
    assert.deepEqual(await clocked.circuitChanges(20), [
      { at: 10, account: 'a', from: 'closed', to: 'open' },
      { at: 20, account: 'a', from: 'open', to: 'half-open' },
      { at: 30, account: 'a', from: 'half-open', to: 'closed' },
    ]);
    assert.deepEqual((await clocked.circuitChanges(0)).length, 3);
    assert.deepEqual(await clocked.circuitChanges(99), [{ at: 30, account: 'a', from: 'half-open', to: 'closed' }]);
    for (let at = 100; at < 1_200; at++) await save(at % 2 === 0 ? 'open' : 'closed', at);
    assert.equal((await clocked.circuitChanges(0)).length, 1_000);
    clocked.close();
  });
});

describe('store on SQLite: queries over many loops', () => {
  it('R2.5 no statement scans a whole table, except those that must', async () => {
    const seen = new Set<string>();
    const { prepare } = DatabaseSync.prototype;
    DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql: string) {
      seen.add(sql);
      return prepare.call(this, sql);
    };
    const folder = new StoreFolder();
    try {
      const onFile = folder.open();
      await onFile.finished({ limit: 5 });
      await onFile.finished({ limit: 5, states: ['failed'], agent: 'x', from: 1, before: 9, offset: 3 });
    } finally {
      DatabaseSync.prototype.prepare = prepare;
    }
    // Node 22.15 does not give values to numbered parameters by their position.
    assert.deepEqual(
      [...seen].filter((sql) => /\?\d/.test(sql)),
      [],
    );
    const database = new DatabaseSync(folder.path);
    const plans: string[] = [];
    try {
      for (const sql of seen) {
        if (!/^\s*(SELECT|INSERT|UPDATE|DELETE)/.test(sql)) continue;
        for (const { detail } of database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all())
          plans.push(`${detail} <- ${sql.replace(/\s+/g, ' ')}`);
      }
    } finally {
      database.close();
      folder.dispose();
    }
    assert.ok(plans.length > 30, 'the statements were seen');
    const scans = plans
      .filter((plan) => /^SCAN (loops|attempts|history|ledger|prompts|spend|a|l)\b/.test(plan))
      .map((plan) => plan.replace(/ <- .*/, ''));
    // Failed loops are walked in the order of their index up to the limit, and counted when their number cannot be
    // read. Live loops are read once, when a window opens. Attempts are searched for the tokens of old logs, if there
    // are any, once an hour.
    assert.deepEqual([...new Set(scans)].sort(), [
      'SCAN attempts',
      'SCAN loops USING COVERING INDEX loops_failed',
      'SCAN loops USING INDEX loops_failed',
      'SCAN loops USING INDEX loops_live',
    ]);
  });
});
