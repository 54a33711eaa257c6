import assert from 'node:assert/strict';
import { DuplicateLoopError } from '../../src/core/model/errors.ts';
import type { StoreTransaction } from '../../src/core/ports/store.ts';
import { onEachStore } from './eachStore.ts';
import {
  ENDED,
  FAILED,
  finish,
  loopFacts,
  memoryStore,
  newAttempt,
  newLoop,
  start,
  submit,
  type TestStore,
} from './support.ts';

onEachStore('transactions', (bench) => {
  let store: TestStore;
  beforeEach(async () => {
    store = await bench.open();
  });

  it('all of it or nothing', async () => {
    const loop = await submit(store, 'loop');
    await assert.rejects(
      store.write((tx) => {
        tx.saveLoop({ ...loop, priority: 9 }, { at: 1, from: 'queued', to: 'queued', why: 'moved' });
        tx.addLedger({ key: 'k', seq: loop.seq, agent: 'a', day: '2026-01-15', at: 1, cost: 5, source: 'reported' });
        tx.insertLoop(newLoop('other'), '');
        throw new RangeError('no');
      }),
      RangeError,
    );
    assert.deepEqual(await store.latest('loop'), loop);
    assert.equal(await store.latest('other'), undefined);
    assert.equal((await store.history(loop.seq)).length, 1);
    assert.deepEqual(await store.spend('2026-01-01'), []);
  });

  it('R2.5 many loops written in one transaction each read as written', async () => {
    const odd = 'a\0b \ud800 "\\u0000" \'quoted\' \u{1f600}';
    const loops = await store.write((tx) => Array.from({ length: 30 }, (_, n) => tx.insertLoop(newLoop(`l${n}`), '')));
    const saved = loops.map((loop, n) => ({
      ...loop,
      priority: n / 7,
      title: `${n}`,
      maxCost: n * 1e9,
      fresh: n % 2 === 0,
    }));
    await store.write((tx) => {
      for (const loop of saved) tx.saveLoop(loop);
    });
    const [first] = loops;
    await store.write((tx) => {
      for (const loop of saved) tx.saveLoop({ ...loop, ...(loop.seq === first?.seq && { title: odd }) });
    });
    const read = await Promise.all(loops.map(({ seq }) => store.bySeq(seq)));
    assert.deepEqual(read.slice(1), saved.slice(1));
    assert.equal(read[0]?.title, odd.replace('\0', '\ufffd').toWellFormed());
  });

  it('writes run one after another in call order; one requested within another runs after it', async () => {
    const order: string[] = [];
    let inner: Promise<void> | undefined;
    const first = store.write(() => {
      inner = store.write(() => void order.push('inner'));
      order.push('first');
    });
    const second = store.write(() => void order.push('second'));
    await Promise.all([first, second]);
    await inner;
    assert.equal(order[0], 'first');
    assert.deepEqual(order.toSorted(), ['first', 'inner', 'second']);
  });

  it('a transaction is valid only until its work returns', async () => {
    let kept: StoreTransaction | undefined;
    await store.write((tx) => {
      kept = tx;
    });
    assert.throws(() => kept?.insertLoop(newLoop('late'), ''), /used after its work had returned/);
    assert.throws(() => kept?.latest('late'), /used after its work had returned/);
    assert.throws(() => kept?.changes(), /used after its work had returned/);
    assert.equal(await store.latest('late'), undefined);
  });

  it('R1.2 the id of a live loop is taken; that of a finished one can be reused', async () => {
    const first = await submit(store, 'same');
    await assert.rejects(submit(store, 'same'), DuplicateLoopError);
    const done = await finish(store, first);
    const second = await submit(store, 'same');
    assert.ok(second.seq > first.seq);
    assert.deepEqual(await store.latest('same'), second);
    assert.deepEqual(await store.bySeq(first.seq), done);
    await finish(store, second, { state: 'cancelled' });
    await submit(store, 'same');
  });

  it('R2.1 the order of submission always grows, and is the place', async () => {
    const a = await submit(store, 'a');
    await finish(store, a);
    await store.write((tx) => tx.removeFinished([a.seq]));
    const [b, c] = await store.write((tx) => [tx.insertLoop(newLoop('b'), ''), tx.insertLoop(newLoop('c'), '')]);
    assert.ok(a.seq < b.seq && b.seq < c.seq);
    assert.deepEqual([b.place, c.place], [b.seq, c.seq]);
  });

  it('R2.6 an edit changes prompt, agent and check of a loop that has not started, and can remove the check', async () => {
    const loop = await submit(store, 'edited');
    const check = { command: 'npm test', timeoutMs: 600_000, maxRounds: 3, maxMs: 0, context: 'resume' } as const;
    const rounds = { phase: 'work', round: 1, maxRounds: 3, seen: 0 } as const;
    const edited = { ...loop, agent: 'another', check: { ...check, checkFirst: false }, rounds };
    await store.write((tx) => {
      tx.saveSubmission(edited, 'another prompt');
      tx.saveLoop(edited);
    });
    assert.deepEqual([await store.latest('edited'), await store.prompt(loop.seq)], [edited, 'another prompt']);
    await store.write((tx) => {
      tx.saveSubmission(loop, 'another prompt');
      tx.saveLoop(loop);
    });
    assert.deepEqual(await store.latest('edited'), loop);
  });

  it('R3.2 an attempt is settled once, and is never written again', async () => {
    const loop = await start(store, await submit(store, 'loop'), 'token');
    const { attempt, seq } = loop;
    assert.equal(await store.write((tx) => tx.saveAttempt(seq, { ...attempt, cost: 3 })), true);
    assert.equal(await store.write((tx) => tx.saveAttempt(seq, { ...attempt, end: ENDED })), true);
    const settled = await store.attempts(loop.seq);
    assert.equal(
      await store.write((tx) =>
        tx.saveAttempt(seq, { ...attempt, end: { ...ENDED, outcome: 'lost', reason: 'another' } }),
      ),
      false,
    );
    assert.equal(await store.write((tx) => tx.saveAttempt(seq, { ...attempt, cost: 9 })), false);
    assert.equal(await store.write((tx) => tx.advance(seq, attempt.id, 0, 9, undefined)), false);
    assert.deepEqual(await store.attempts(loop.seq), settled);
  });

  it('R6.7 the read position moves only from where it is', async () => {
    const loop = await start(store, await submit(store, 'loop'), 'token');
    const { id } = loop.attempt;
    assert.equal(await store.write((tx) => tx.advance(loop.seq, id, 0, 100, { line: 1 })), true);
    assert.equal(
      await store.write((tx) => tx.advance(loop.seq, id, 0, 50, { line: 9 })),
      false,
      'another window has read this already',
    );
    assert.equal(await store.write((tx) => tx.advance(loop.seq, id, 100, 200, undefined)), true);
    const [attempt] = await store.attempts(loop.seq);
    assert.deepEqual([attempt?.readOffset, attempt && 'readerState' in attempt], [200, false]);
  });

  it('R6.6 a ledger row counts once per loop and key, on its day and for its agent', async () => {
    const [a, b] = [await submit(store, 'a'), await submit(store, 'b')];
    const row = {
      key: 'k',
      seq: a.seq,
      agent: 'claude',
      day: '2026-01-15',
      at: 1,
      cost: 5,
      source: 'reported',
    } as const;
    const added = await store.write((tx) => [
      tx.addLedger(row),
      tx.addLedger({ ...row, cost: 7 }),
      tx.addLedger({ ...row, day: '2026-01-16' }),
      tx.addLedger({ ...row, seq: b.seq, source: 'estimated', cost: 20 }),
      tx.addLedger({ ...row, key: 'l', agent: 'codex', cost: 100 }),
      tx.addLedger({ ...row, key: 'correction', source: 'reported', cost: -4, estimated: -20 }),
      tx.addLedger({ ...row, key: 'm', day: '2026-01-16', cost: 1_000 }),
    ]);
    assert.deepEqual(added, [true, false, false, true, true, true, true]);
    assert.deepEqual(await store.spend('2026-01-15'), [
      { day: '2026-01-15', agent: 'claude', cost: 21, estimated: 0, unknown: 0 },
      { day: '2026-01-15', agent: 'codex', cost: 100, estimated: 0, unknown: 0 },
      { day: '2026-01-16', agent: 'claude', cost: 1_000, estimated: 0, unknown: 0 },
    ]);
    assert.deepEqual((await store.spend('2026-01-16')).length, 1);
    const day = await store.write((tx) => tx.day('2026-01-15'));
    assert.deepEqual(day, { day: '2026-01-15', spent: 121, unknown: 0, warned: false, exceeded: false });
    assert.deepEqual(await store.spendByLoop('2026-01-15', 5), [
      { loopId: 'a', title: 'Loop a', agent: 'sample', cost: 101, estimated: -20, unknown: 0 },
      { loopId: 'b', title: 'Loop b', agent: 'sample', cost: 20, estimated: 20, unknown: 0 },
    ]);
    assert.equal((await store.spendByLoop('2026-01-15', 1)).length, 1);
  });

  it('R14.5 knows the spend of a day by who paid: the account of each attempt, else the agent', async () => {
    const { seq } = await submit(store, 'a');
    const paid = await store.write((tx) => [
      tx.insertAttempt(seq, { ...newAttempt('one'), account: 'Anthropic' }),
      tx.insertAttempt(seq, { ...newAttempt('two'), account: 'Anthropic' }),
      tx.insertAttempt(seq, newAttempt('three')),
    ]);
    const row = { seq, agent: 'claude', day: '2026-01-15', at: 1, source: 'reported', cost: 10 } as const;
    await store.write((tx) => {
      for (const { id } of paid) tx.addLedger({ ...row, key: `${id}`, attemptId: id });
      tx.addLedger({ ...row, key: 'guess', attemptId: paid[0]?.id ?? 0, source: 'unknown', cost: 7 });
      tx.addLedger({ ...row, key: 'by hand', agent: 'codex', source: 'estimated', cost: 5 });
      tx.addLedger({ ...row, key: 'later', day: '2026-01-16', cost: 1_000 });
    });
    assert.deepEqual(await store.spendByAccount('2026-01-15'), [
      { account: 'Anthropic', cost: 27, estimated: 7, unknown: 7 },
      { account: 'claude', cost: 10, estimated: 0, unknown: 0 },
      { account: 'codex', cost: 5, estimated: 5, unknown: 0 },
    ]);
  });

  it('R6.4 a day’s marks are kept with its spend', async () => {
    await store.write((tx) => {
      tx.saveDayMarks({ day: '2026-01-15', spent: 999, unknown: 0, warned: true, exceeded: false });
      tx.addLedger({ key: 'k', seq: 1, agent: 'a', day: '2026-01-15', at: 1, cost: 5, source: 'reported' });
      tx.saveDayMarks({ day: '2026-01-15', spent: 999, unknown: 0, warned: true, exceeded: true });
    });
    assert.deepEqual(await store.write((tx) => tx.day('2026-01-15')), {
      day: '2026-01-15',
      spent: 5,
      unknown: 0,
      warned: true,
      exceeded: true,
    });
  });

  it('R6.2 the median is that of the last 20 loops of the agent whose cost is known and not 0, of three at least', async () => {
    const median = () => store.write((tx) => tx.medianCost('sample'));
    assert.equal(await median(), undefined);
    const done = async (cost: number, finishedAt: number, facts = {}) =>
      finish(store, await submit(store, `c${cost}-${finishedAt}`, { ...facts }), { cost, finishedAt });
    await done(1_000_000, 1);
    await done(100, 2);
    await done(0, 3);
    await done(500, 4, { costUnknown: 500, costEstimated: 500 });
    await done(500, 5, { costAtLeast: true });
    assert.equal(await median(), undefined, 'two whose cost is known');
    await done(200, 6);
    assert.equal(await median(), 200);
    for (let i = 1; i <= 18; i++) await done(i * 10, 10 + i);
    // The first has dropped out: 10, 20 … 180, 100 and 200.
    assert.equal(await median(), 100);
    await finish(store, await submit(store, 'x'), { state: 'cancelled', cost: 9_999, finishedAt: 99 });
    await finish(store, await submit(store, 'y', { agent: 'other' }), { cost: 9_999, finishedAt: 99 });
    assert.equal(await median(), 100);
    // Now 10 … 180, 200 and 1,000: a failed loop counts, too.
    await finish(store, await submit(store, 'z'), { ...FAILED, cost: 1_000, finishedAt: 100 });
    assert.equal(await median(), 105);
  });

  it('R5.5 a failed loop becomes live again with everything it had', async () => {
    const loop = await submit(store, 'loop');
    const failed = await finish(store, loop, { ...FAILED, lastError: FAILED.failure });
    assert.deepEqual(store.permanentlyFailed(9), ['loop']);
    assert.deepEqual(store.finishedCount(), { total: 1, failed: 1 });
    const again = { ...loopFacts(failed), state: 'queued' as const, fresh: true };
    await store.write((tx) => tx.saveLoop(again));
    assert.deepEqual(await store.latest('loop'), again);
    assert.deepEqual(
      [store.permanentlyFailed(9), store.finishedCount(), await store.finished({ limit: 9 })],
      [[], { total: 0, failed: 0 }, []],
    );
    await assert.rejects(submit(store, 'loop'), DuplicateLoopError);
  });

  it('once it is closed nothing can be written, and pending writes are refused', async () => {
    store.close();
    store.close();
    await assert.rejects(submit(store, 'late'), /closed/);
    await assert.rejects(async () => store.latest('late'), /closed/);
  });
});

describe('store on SQLite: transactions', () => {
  it('a failed statement spoils the whole transaction, even if its error was swallowed', async () => {
    const store = memoryStore();
    const loop = await submit(store, 'loop');
    await assert.rejects(
      store.write((tx) => {
        tx.saveLoop({ ...loop, priority: 9 });
        try {
          tx.saveLoop({ ...loop, since: 0.5 });
        } catch {
          // On purpose: SQLite may have rolled back by itself after an error, so what came before must not be taken as
          // written.
        }
      }),
      /cannot store REAL value in INTEGER column/,
    );
    assert.deepEqual(await store.latest('loop'), loop);
    store.close();
  });
});
