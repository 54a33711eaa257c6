import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { ENDED, finish, gatesOf, StoreFolder, start, submit, type TestStore } from './support.ts';

const ids = (loops: readonly { readonly loopId: string }[] | undefined) => loops?.map(({ loopId }) => loopId);

describe('store: rows that cannot be read', () => {
  let folder: StoreFolder;
  beforeEach(() => {
    folder = new StoreFolder();
  });
  afterEach(() => folder.dispose());

  /** A store with something in every table. */
  async function filled(): Promise<TestStore> {
    const store = folder.open();
    await submit(store, 'queued', { metadata: { a: 1 } });
    await start(store, await submit(store, 'running'), 'token', {
      readerState: [],
      leader: { pid: 1, startTime: '1', bootId: 'b' },
    });
    const done = await start(store, await submit(store, 'done'), 'token-2');
    await finish(store, done);
    await store.write((tx) => {
      tx.addLedger({ key: 'k', seq: done.seq, agent: 'sample', day: '2026-01-15', at: 1, cost: 5, source: 'reported' });
      tx.saveDayMarks({ day: '2026-01-15', spent: 0, unknown: 0, warned: true, exceeded: true });
      tx.saveWindow({ id: 'w', process: { pid: 1, startTime: '1', bootId: 'b' }, folders: [], openedAt: 1 });
      tx.saveControl({
        circuits: { a: { state: 'open', generation: 1, consecutiveFailures: 5, openedAt: 5, reasons: [] } },
        gates: gatesOf({
          of: { kind: 'machine' },
          state: 'trial',
          reason: 'machine',
          why: 'r',
          since: 1,
          tries: 0,
          lastAttempt: 0,
        }),
        paused: true,
      });
    });
    return store;
  }

  const cases: [string, string, string[]][] = [
    ['an unknown state', "UPDATE loops SET state = 'flying' WHERE loop_id = 'queued'", ['running']],
    ['broken JSON', "UPDATE loops SET metadata = '{' WHERE loop_id = 'queued'", ['running']],
    ['JSON of another form', "UPDATE loops SET restarts = '[\"x\"]' WHERE loop_id = 'queued'", ['running']],
    ['what its state needs is missing', "UPDATE loops SET state = 'backingOff' WHERE loop_id = 'queued'", ['running']],
    ['a number too large', "UPDATE loops SET cost = 9223372036854775807 WHERE loop_id = 'queued'", ['running']],
    ['an attempt that is gone', 'DELETE FROM attempts', ['queued']],
    ['an attempt that cannot be read', 'UPDATE attempts SET leader = \'{"pid":"one"}\'', ['queued']],
    ['an attempt that has ended, but not how', 'UPDATE attempts SET ended_at = 5', ['queued']],
    ['an attempt with a number too large', 'UPDATE attempts SET read_offset = 9223372036854775807', ['queued']],
  ];
  for (const [what, sql, left] of cases) {
    it(`a bad row affects nothing else: ${what}`, async () => {
      (await filled()).close();
      folder.sql(sql);
      const store = folder.open();
      assert.deepEqual(ids(store.changes()?.loops), left);
      assert.ok(folder.logged.length > 0);
      assert.match(
        String(folder.logged[0]),
        /^The database holds something that cannot be read: the (loop|attempt) .+ It is left out, and everything else goes on\.$/,
      );
      assert.equal(await store.latest(left[0] === 'queued' ? 'running' : 'queued'), undefined);
      assert.equal(new Set(folder.logged).size, folder.logged.length, 'each is reported once');
      await submit(store, 'another');
      assert.deepEqual(folder.rows('SELECT count(*) AS n FROM loops'), [{ n: 4 }], 'the row stays where it is');
    });
  }

  it('the id of an unreadable live loop can be used again: its row then moves to the quarantine', async () => {
    const store = await filled();
    folder.sql("UPDATE loops SET state = 'flying', cost = 9223372036854775807 WHERE loop_id = 'queued'");
    const again = await submit(store, 'queued');
    assert.deepEqual(await store.latest('queued'), again);
    const [row] = folder.rows('SELECT source, why, content FROM quarantine');
    assert.deepEqual([row?.source, row?.why], ['loops', 'unreadable, and its id queued was submitted again']);
    const content = JSON.parse(String(row?.content));
    assert.deepEqual([content.state, content.cost, content.title], ['flying', '9223372036854775807', 'Loop queued']);
    assert.match(String(folder.logged.at(-1)), /moved to the table quarantine/);
  });

  it('a window that still knows the loop overwrites the bad row', async () => {
    const store = await filled();
    const loop = await store.latest('queued');
    assert.ok(loop);
    folder.sql("UPDATE loops SET state = 'flying' WHERE loop_id = 'queued'");
    await store.write((tx) => tx.saveLoop(loop));
    assert.deepEqual(await store.latest('queued'), loop);
  });

  it('history, ledger, leases, spend and control lose only what is bad', async () => {
    (await filled()).close();
    folder.sql(`UPDATE history SET to_state = 'flying' WHERE n IN (SELECT min(n) FROM history GROUP BY seq);
      UPDATE ledger SET source = 'dreamt'; UPDATE windows SET process = '[]'; UPDATE head SET circuits = '[["a",{"state":"ajar"}]]', gates = '[{"state":"ajar"}]';
      UPDATE spend SET cost = 9223372036854775807`);
    const store = folder.open();
    const changes = store.changes();
    assert.deepEqual(changes?.control, {
      circuits: {},
      gates: {},
      paused: true,
    });
    assert.deepEqual(changes?.windows, []);
    assert.deepEqual(changes?.day, { day: '2026-01-15', spent: 0, unknown: 0, warned: false, exceeded: false });
    const done = await store.latest('done');
    assert.ok(done);
    assert.deepEqual(
      (await store.history(done.seq)).map(({ to }) => to),
      ['queued', 'completed'],
    );
    assert.deepEqual([await store.ledger(done.seq), await store.spend('2026')], [[], []]);
    assert.equal(await store.prompt(done.seq), 'Prompt of done');
  });

  for (const counter of ['-1', '-5', '9223372036854775807']) {
    it(`a counter of ${counter} never hands out a number twice`, async () => {
      (await filled()).close();
      folder.sql(`UPDATE changes SET rev = ${counter} WHERE rev = (SELECT max(rev) FROM changes)`);
      const store = folder.open();
      const before = store.changes()?.loops.length;
      const other = folder.open();
      await start(other, await submit(other, 'new'), 'token-new');
      assert.deepEqual(ids(store.changes()?.loops), ['new']);
      assert.equal(before, 2);
    });
  }

  for (const sql of [
    "UPDATE changes SET loops = '{'",
    'DELETE FROM changes',
    'UPDATE changes SET rev = rev + 1000',
    'UPDATE changes SET rev = rev - 1000',
  ]) {
    it(`changes of other windows arrive although their list is damaged: ${sql}`, async () => {
      const theirs = await filled();
      const store = folder.open();
      store.changes();
      const loop = await submit(theirs, 'new');
      folder.sql(sql);
      assert.ok(ids(store.changes()?.loops)?.includes('new'));
      // Numbers of history rows are given once for each loop, wherever the counter is.
      await finish(theirs, await start(theirs, loop, 'token-new'));
      await start(store, await submit(store, 'mine'), 'token-mine');
      const [told, toldThem] = [store.changes(), theirs.changes()];
      assert.ok(told?.live ? !told.live.has(loop.seq) : ids(told?.loops)?.includes('new'));
      assert.ok(ids(toldThem?.loops)?.includes('mine'));
      assert.deepEqual(
        (await store.history(loop.seq)).map(({ to }) => to),
        ['queued', 'running', 'completed'],
      );
    });
  }

  it('the number of finished loops is recounted if it cannot be read', async () => {
    const store = await filled();
    folder.sql('UPDATE changes SET finished = -1');
    assert.deepEqual(store.finishedCount(), { total: 1, failed: 0 });
    await finish(store, await submit(store, 'another'));
    assert.deepEqual(store.finishedCount(), { total: 2, failed: 0 });
    assert.deepEqual(folder.rows('SELECT finished, failed FROM changes ORDER BY rev DESC LIMIT 1'), [
      { finished: 2, failed: 0 },
    ]);
  });

  it('whatever is in a column, every query still returns, and the log says what was left out', async () => {
    (await filled()).close();
    const tables = [
      'loops',
      'attempts',
      'history',
      'ledger',
      'spend',
      'day_marks',
      'windows',
      'head',
      'changes',
      'circuit_changes',
      'prompts',
    ];
    const columns = tables.flatMap((table) =>
      folder.rows(`PRAGMA table_info(${table})`).map(({ name }) => [table, String(name)] as const),
    );
    const value = fc.oneof(
      fc.constantFrom(
        'NULL',
        '-1',
        '9223372036854775807',
        "''",
        "'{}'",
        "'[]'",
        "'null'",
        "'[null]'",
        "x'00ff'",
        '1e999',
        "'running'",
        "'completed'",
        "'failed'",
      ),
      fc.integer().map(String),
      fc.json().map((text) => `'${text.replaceAll("'", "''")}'`),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...columns), value, async ([table, column], value) => {
        const fresh = new StoreFolder();
        const log: string[] = [];
        try {
          mkdirSync(dirname(fresh.path));
          copyFileSync(folder.path, fresh.path);
          try {
            fresh.sql(`UPDATE ${table} SET ${column} = ${value}`);
          } catch (error) {
            // The schema itself refuses the value: that is the better way.
            assert.match(String(error), /constraint failed|cannot store|datatype mismatch/);
          }
          const opened = fresh.open();
          const loops = opened.changes()?.loops ?? [];
          const seqs = fresh.rows('SELECT seq FROM loops').map(({ seq }) => Number(seq));
          for (const seq of seqs)
            void [
              await opened.bySeq(seq),
              await opened.prompt(seq),
              await opened.attempts(seq),
              await opened.history(seq),
              await opened.ledger(seq),
            ];
          for (const loopId of ['queued', 'running', 'done']) await opened.latest(loopId);
          void [
            await opened.finished({ limit: 9 }),
            opened.finishedCount(),
            opened.permanentlyFailed(9),
            await opened.spend('2026'),
            await opened.spendByLoop('2026-01-15', 9),
            await opened.spendByAccount('2026-01-15'),
          ];
          void [
            await opened.settledTokens(9),
            await opened.timeline({ from: 0, limit: 9 }),
            await opened.circuitChanges(0),
          ];
          await submit(opened, 'still works');
          for (const loop of loops)
            if ('attempt' in loop)
              await opened.write((tx) => tx.saveAttempt(loop.seq, { ...loop.attempt, end: ENDED }));
          log.push(...fresh.logged);
        } finally {
          fresh.dispose();
        }
      }),
      { numRuns: 100 },
    );
  });
});
