import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { LoopSpec } from '../../src/core/model/loopSpec.ts';
import { toNano } from '../../src/core/model/money.ts';
import type { Settings } from '../../src/core/model/settings.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { Supervisor } from '../../src/core/supervisor.ts';
import { contextWith } from '../support/coreParts.ts';
import { type Harness, harness } from '../support/harness.ts';
import { MoodyStore } from '../support/moodyStore.ts';

describe('submit and queue', () => {
  let machine: Harness;

  beforeEach(() => {
    machine = harness();
  });

  afterEach(() => machine.dispose());

  const rejections = () => machine.eventsOf('loop:rejected').map(({ loopId, reason }) => [loopId, reason]);

  it('R1.2 not ready comes before everything else: before its start, and while the store is in trouble', async () => {
    const unborn = new Supervisor({
      ...contextWith(),
      store: { onTrouble: () => ({ dispose() {} }) } as unknown as Store,
    });
    await assert.rejects(unborn.submit({ prompt: '' }), { code: 'not-ready' });
    assert.equal(unborn.status().ready, false);

    const store = new MoodyStore();
    const window = await machine.open({}, { store: store.wrap });
    store.tell(new Error('The database was removed. Reload the window.'));
    await assert.rejects(window.submit({ prompt: '', loopId: 'a' }), {
      code: 'not-ready',
      message: 'The database was removed. Reload the window.',
    });
    assert.deepEqual(rejections(), [['a', 'not-ready']]);
    assert.equal(window.status().ready, false);
    assert.equal(window.status().notReady, 'The database was removed. Reload the window.');
    store.tell(undefined);
    assert.equal((await window.submit({ prompt: 'work', loopId: 'a' })).queued, false);
  });

  it('R1.2 invalid comes before shutting down, and shutting down before all that looks at other loops', async () => {
    const window = await machine.open({ restart: { maxRestarts: 0, windowMs: 1_000, maxTotal: 1_000 } });
    machine.launcher.onStop = () => {};
    await window.submit({ prompt: 'work', loopId: 'live' });
    await window.submit({ prompt: 'work', loopId: 'failed' });
    machine.launcher.of('failed').fail();
    await machine.soon();
    const down = window.shutdown(5_000);
    await assert.rejects(window.submit({ prompt: '', loopId: 'live' }), { code: 'invalid-loop' });
    await assert.rejects(window.submit({ prompt: 'work', loopId: 'live' }), { code: 'shutting-down' });
    await assert.rejects(window.submit({ prompt: 'work', loopId: 'failed' }), { code: 'shutting-down' });
    await machine.clock.advance(10_000);
    await down;
  });

  it('R1.2 a rejected submit leaves no trace', async () => {
    const window = await machine.open({ maxConcurrent: 1, maxQueueDepth: 1 });
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.submit({ prompt: 'work', loopId: 'b' });
    const before = window.status();
    await assert.rejects(window.submit({ prompt: 'work', loopId: 'c' }), { code: 'queue-full', depth: 1, limit: 1 });
    for (const spec of [undefined, null, 'work', { prompt: 5 }]) {
      await assert.rejects(window.submit(spec as unknown as LoopSpec), { code: 'invalid-loop', field: 'prompt' });
    }
    assert.deepEqual(window.status(), before);
    assert.equal(await window.get('c'), undefined);
    assert.deepEqual(rejections(), [['c', 'queue-full'], ...Array.from({ length: 4 }, () => ['', 'invalid'])]);
  });

  it('R1.2 the id of a completed or cancelled loop may be used again; what was is kept', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'first', loopId: 'a' });
    machine.launcher.of('a').ok();
    await machine.soon();
    await window.submit({ prompt: 'second', loopId: 'a' });
    await window.cancel('a');
    await machine.soon();
    await window.submit({ prompt: 'third', loopId: 'a' });
    assert.equal((await window.get('a'))?.prompt, 'third');
    assert.deepEqual(
      (await window.finished({ limit: 10 })).map(({ loopId, state }) => [loopId, state]),
      [
        ['a', 'cancelled'],
        ['a', 'completed'],
      ],
    );
  });

  it('R1.2 a permanently failed id is refused until it is cleared', async () => {
    const window = await machine.open({ restart: { maxRestarts: 0, windowMs: 1_000, maxTotal: 1_000 } });
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').fail();
    await machine.soon();
    await assert.rejects(window.submit({ prompt: 'work', loopId: 'a' }), { code: 'permanently-failed', loopId: 'a' });
    assert.equal(await window.clearFailed('a'), true);
    assert.equal(await window.clearFailed('a'), false);
    assert.deepEqual(window.status().permanentlyFailed, []);
    await window.submit({ prompt: 'work', loopId: 'a' });
  });

  it('R1.4 a prompt that begins with - or holds shell characters is only text, and goes to the agent as it is', async () => {
    const window = await machine.open();
    const prompt = '--help; $(rm -rf ~) `x` "y" \'z\' \\ \u0000 😀\r\n';
    await window.submit({ prompt, loopId: 'a' });
    assert.equal(machine.launcher.of('a').request?.plan.stdin, prompt);
    assert.equal((await window.get('a'))?.prompt, prompt);
  });

  it('R2.2 a full queue rejects: nothing is dropped, nothing pushed out, not even by a higher priority', async () => {
    const window = await machine.open({ maxConcurrent: 1, maxQueueDepth: 2 });
    for (const loopId of ['a', 'b', 'c']) await window.submit({ prompt: 'work', loopId });
    await assert.rejects(window.submit({ prompt: 'work', loopId: 'd', priority: 100 }), { code: 'queue-full' });
    assert.deepEqual(
      window.status().queued.map(({ loopId }) => loopId),
      ['b', 'c'],
    );
    assert.deepEqual([window.status().queueDepth, window.status().queueMax], [2, 2]);
  });

  it('R2.2 R3.1 two windows race for the last slot and the last place in the queue: exactly one wins each', async () => {
    const settings = { maxConcurrent: 1, maxQueueDepth: 1 };
    const windows = [
      await machine.open(settings, { folders: ['/a'] }),
      await machine.open(settings, { folders: ['/b'] }),
    ];
    const race = await Promise.allSettled(
      windows.flatMap((window, n) => [1, 2].map((m) => window.submit({ prompt: 'work', loopId: `${n}-${m}` }))),
    );
    const taken = race.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.position] : []));
    assert.deepEqual(taken.sort(), [0, 1]);
    assert.deepEqual(
      race.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.code] : [])),
      ['queue-full', 'queue-full'],
    );
  });

  it('R2.2 loops that were admitted once and come back do not count against the depth', async () => {
    const window = await machine.open({ maxConcurrent: 1, maxQueueDepth: 1 });
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.submit({ prompt: 'work', loopId: 'b' });
    machine.launcher.of('a').fail();
    await machine.clock.advance(5_000);
    assert.equal((await window.get('a'))?.state, 'queued');
    assert.equal(window.status().queueDepth, 0);
    await window.submit({ prompt: 'work', loopId: 'c' });
    assert.deepEqual(
      window.status().queued.map(({ loopId }) => loopId),
      ['a', 'c'],
      'R5.2 a keeps the place of its first submission',
    );
    await assert.rejects(window.submit({ prompt: 'work', loopId: 'd' }), { code: 'queue-full' });
  });

  it('R2.3 the place of a queued loop follows its priority; back at its old priority it has its old place', async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    for (const loopId of ['run', 'a', 'b', 'c']) await window.submit({ prompt: 'work', loopId });
    const order = () => window.status().queued.map(({ loopId }) => loopId);
    assert.equal(await window.setPriority('b', 3), 1);
    assert.deepEqual(order(), ['b', 'a', 'c']);
    assert.equal(await window.setPriority('b', 0), 2);
    assert.deepEqual(order(), ['a', 'b', 'c'], "R2.1 the change of another one's priority does not reorder equals");
    for (const wrong of [0.5, Number.NaN, Number.POSITIVE_INFINITY])
      await assert.rejects(window.setPriority('b', wrong), { code: 'wrong-state' });
    await assert.rejects(window.setPriority('run', 1), { code: 'wrong-state' });
    await assert.rejects(window.setPriority('nobody', 1), { code: 'unknown-loop' });
  });

  it('R2.4 paused: running loops go on, queued ones wait, submits still queue; resumed, they start at once', async () => {
    const window = await machine.open({ maxConcurrent: 2 });
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.pause();
    assert.deepEqual(await window.submit({ prompt: 'work', loopId: 'b' }), { loopId: 'b', queued: true, position: 1 });
    await machine.clock.advance(60_000);
    assert.deepEqual(
      machine.launcher.alive.map((run) => run.loopId),
      ['a'],
    );
    assert.deepEqual([window.status().paused, window.status().queued[0]?.waitingFor], [true, 'paused']);
    machine.kill(window);
    const second = await machine.open({ maxConcurrent: 2 });
    assert.equal(second.status().paused, true, 'a reload does not resume');
    await second.resume();
    assert.equal((await second.get('b'))?.state, 'running');
  });

  const moves = fc.array(
    fc.record({
      act: fc.constantFrom('before', 'before', 'front', 'end', 'priority', 'submit', 'leave'),
      which: fc.nat(),
      target: fc.nat(),
      priority: fc.integer({ min: -1, max: 1 }),
    }),
    { maxLength: 30 },
  );

  /** Moving up others has given l4 the place of l2; both then have one priority. */
  const twoOfOnePlace = [
    { act: 'before', which: 182205733, target: 2041446079, priority: 0 },
    { act: 'priority', which: 1592166166, target: 0, priority: 1 },
    { act: 'before', which: 0, target: 1606242217, priority: 0 },
  ] as const;

  it("R2.1 by the user's hand the order is what he sees: any moves agree with a list that is edited", async () => {
    await fc.assert(
      fc
        .asyncProperty(moves, async (plan) => {
          const window = await machine.open({ maxConcurrent: 1, maxQueueDepth: 100 });
          await window.pause();
          let list: { loopId: string; priority: number }[] = [];
          let n = 0;
          const submit = async (priority: number) => {
            const loopId = `l${++n}`;
            const { position } = await window.submit({ prompt: 'work', loopId, priority });
            const behind = list.findLastIndex((other) => other.priority >= priority);
            list.splice(behind + 1, 0, { loopId, priority });
            assert.equal(position, behind + 2, 'behind all of its priority');
          };
          for (const priority of [0, 0, 1, 0]) await submit(priority);
          for (const { act, which, target, priority } of plan) {
            const one = list[which % list.length];
            const other = list[target % list.length];
            if (act === 'submit') await submit(priority);
            if (!one || !other) continue;
            const rest = list.filter((entry) => entry !== one);
            if (act === 'leave') {
              await window.cancel(one.loopId);
              list = rest;
            }
            if (act === 'end') {
              const last = list.at(-1);
              if (last !== one) list = [...rest, { ...one, priority: last?.priority ?? 0 }];
              assert.equal(await window.moveToEnd(one.loopId), list.length);
            }
            if (act === 'before' || act === 'front') {
              const before = act === 'front' ? list[0] : other;
              if (before !== one && before) {
                rest.splice(rest.indexOf(before), 0, { ...one, priority: before.priority });
                list = rest;
              }
              const position = await window.moveBefore(one.loopId, act === 'front' ? undefined : other.loopId);
              assert.equal(position, list.findIndex(({ loopId }) => loopId === one.loopId) + 1);
            }
            if (act === 'priority' && priority !== one.priority) {
              await window.setPriority(one.loopId, priority);
              // Where it comes to lie among its new equals is told by its place, which the list does not know: the
              // others keep their order.
              const seen = window.status().queued;
              list = seen.map(({ loopId, priority: now }) => ({ loopId, priority: now }));
              assert.deepEqual(
                list.filter(({ loopId }) => loopId !== one.loopId),
                rest,
              );
            }
            assert.deepEqual(
              window
                .status()
                .queued.map(({ loopId, priority: now, position }) => ({ loopId, priority: now, position })),
              list.map((entry, index) => ({ ...entry, position: index + 1 })),
            );
          }
        })
        .afterEach(() => {
          machine.dispose();
          machine = harness();
        }),
      { numRuns: 40, examples: [[[...twoOfOnePlace]]] },
    );
  });

  it('R2.1 moving goes on when numbers leave no room between two places', async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    await window.pause();
    for (const loopId of ['a', 'b', 'c', 'd']) await window.submit({ prompt: 'work', loopId });
    const expected = ['a', 'b', 'c', 'd'];
    for (let n = 0; n < 200; n++) {
      // Always the first of the last three to just before the last: the places of these draw together.
      const [, one = '', other = '', last = ''] = expected;
      await window.moveBefore(one, last);
      expected.splice(1, 2, other, one);
      assert.deepEqual(
        window.status().queued.map(({ loopId }) => loopId),
        expected,
        `move ${n}`,
      );
    }
  });

  it('R2.1 what was moved to the end stays ahead of what is submitted later', async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    await window.pause();
    for (const loopId of ['a', 'b', 'c']) await window.submit({ prompt: 'work', loopId });
    for (let n = 0; n < 10; n++) for (const loopId of ['a', 'b', 'c']) await window.moveToEnd(loopId);
    await window.submit({ prompt: 'work', loopId: 'd' });
    assert.deepEqual(
      window.status().queued.map(({ loopId }) => loopId),
      ['a', 'b', 'c', 'd'],
    );
  });

  it('R1.1 metadata, title and estimate come back as they were given', async () => {
    const settings: Partial<Settings> = {
      budget: { dailyLimit: toNano(5), warnAtPercent: 90, minAllowance: 5e8, onExceeded: 'finish' },
    };
    const window = await machine.open(settings);
    const metadata = { ticket: 'X-1', tags: ['a', 'b'], deep: { n: 1.5, none: null } };
    await window.submit({
      prompt: 'work',
      loopId: 'a',
      metadata,
      title: 'Mine',
      estimatedCostUsd: 0.25,
      maxCostUsd: 2,
      cwd: '/project/deep',
      agent: 'claude',
    });
    const loop = (await window.get('a'))?.loop;
    assert.deepEqual(
      [loop?.metadata, loop?.title, loop?.estimate, loop?.estimateAssumed],
      [metadata, 'Mine', toNano(0.25), false],
    );
    assert.deepEqual(
      [loop?.maxCost, loop?.cwd, loop?.folder, loop?.agent],
      [toNano(2), '/project/deep', '/project', 'claude'],
    );
    const { loopId } = await window.submit({ prompt: 'work' });
    assert.match(loopId, /^[A-Za-z0-9._:-]{1,128}$/, 'an id is made where none is given');
  });
});
