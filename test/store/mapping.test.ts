import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Attempt } from '../../src/core/model/attempt.ts';
import type { GateRecord, HoldReason } from '../../src/core/model/gate.ts';
import type { LedgerRow, Transition } from '../../src/core/model/history.ts';
import type { Loop } from '../../src/core/model/loop.ts';
import type { Control, WindowLease } from '../../src/core/ports/store.ts';
import { anyAttempt, anyEnd, anyFacts, anyMetadata, anyPhase, anyText } from './arbitraries.ts';
import { onEachStore } from './eachStore.ts';
import { finish, gatesOf, newAttempt, newLoop, start, submit, type TestStore } from './support.ts';

onEachStore('what is written reads the same', (bench) => {
  let store: TestStore;
  let number = 0;
  beforeEach(async () => {
    store = await bench.open();
  });

  it('a loop in every state, with or without what is optional', async () => {
    await fc.assert(
      fc.asyncProperty(anyFacts, anyPhase, anyAttempt, anyMetadata, async (facts, phase, attempt, metadata) => {
        const loopId = `loop-${++number}`;
        const queued = await submit(store, loopId, { metadata });
        const saved = await store.write((tx) => {
          const { seq, agent, submittedAt } = queued;
          const common = { ...facts, seq, loopId, agent, submittedAt, metadata };
          const isActive = phase.state === 'running' || phase.state === 'stopping';
          const loop = (
            isActive
              ? { ...common, state: phase.state, attempt: tx.insertAttempt(seq, attempt) }
              : { ...common, ...phase }
          ) as Loop;
          tx.saveLoop(loop);
          return loop;
        });
        assert.deepEqual(await store.bySeq(queued.seq), saved);
        assert.deepEqual(await store.latest(loopId), saved);
      }),
    );
  });

  it('a loop as it is submitted, with its order and its first row of history (R1.1, R2.1)', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyFacts,
        anyMetadata,
        anyText,
        fc.boolean(),
        async ({ place: _, ...facts }, metadata, agent, fresh) => {
          const loopId = `loop-${++number}`;
          const given = {
            ...facts,
            loopId,
            agent,
            submittedAt: facts.since,
            metadata,
            state: 'queued' as const,
            fresh,
          };
          const loop = await store.write((tx) => tx.insertLoop(given, ''));
          assert.deepEqual(loop, { ...given, seq: loop.seq, place: loop.seq });
          assert.deepEqual(await store.bySeq(loop.seq), loop);
          assert.deepEqual(await store.history(loop.seq), [
            { at: facts.since, from: 'new', to: 'queued', why: 'submitted' },
          ]);
        },
      ),
    );
  });

  it('an attempt while it runs and when it has ended', async () => {
    const loop = await submit(store, 'loop');
    await fc.assert(
      fc.asyncProperty(anyAttempt, anyAttempt, anyEnd, async (begun, changed, end) => {
        const inserted = await store.write((tx) => tx.insertAttempt(loop.seq, begun));
        assert.deepEqual((await store.attempts(loop.seq)).at(-1), inserted);
        // What belongs to the dispatch stays as it was.
        const { id, number, token, startedAt, generation, probe, reserved } = inserted;
        const now: Attempt = { ...changed, id, number, token, startedAt, generation, probe, reserved };
        assert.equal(await store.write((tx) => tx.saveAttempt(loop.seq, now)), true);
        assert.deepEqual((await store.attempts(loop.seq)).at(-1), now);
        assert.equal(await store.write((tx) => tx.saveAttempt(loop.seq, { ...now, end })), true);
        assert.deepEqual((await store.attempts(loop.seq)).at(-1), { ...now, end });
      }),
    );
  });

  it('control, leases, history and ledger', async () => {
    const time = fc.integer({ min: 0, max: 2 ** 45 });
    const circuit = fc.record(
      {
        state: fc.constantFrom('closed', 'open', 'half-open'),
        ...{
          generation: fc.nat(),
          consecutiveFailures: fc.nat(),
          openedAt: time,
          lastFailureAt: time,
          lastFailed: fc.nat(),
          guessedLimits: fc.nat(),
          reasons: fc.array(anyText, { maxLength: 5 }),
        },
      },
      { requiredKeys: ['state', 'generation', 'consecutiveFailures', 'reasons'], noNullPrototype: true },
    );
    const agent = fc.oneof(anyText, fc.constant('__proto__'));
    const circuits = fc.array(fc.tuple(agent, circuit)).map((entries) => Object.fromEntries(entries));
    const of = fc.oneof(
      fc.record(
        { kind: fc.constantFrom('account' as const, 'profile' as const), name: agent, folder: anyText },
        { requiredKeys: ['kind', 'name'], noNullPrototype: true },
      ),
      fc.record({ kind: fc.constantFrom('machine' as const, 'absence' as const) }, { noNullPrototype: true }),
    );
    const gate = fc.record(
      {
        ...{ of, state: fc.constant('held' as const), why: fc.string(), since: time, tries: fc.nat() },
        ...{ until: time, guessed: fc.constant(true as const), lastSeq: fc.nat() },
        reason: fc.constantFrom<HoldReason>('usageLimit', 'login', 'billing', 'program', 'config', 'machine', 'user'),
      },
      { requiredKeys: ['of', 'state', 'why', 'since', 'tries', 'reason'], noNullPrototype: true },
    ) as fc.Arbitrary<GateRecord>;
    const gates = fc.array(gate).map((list) => gatesOf(...list));
    const machine = fc.record(
      {
        ...{ name: fc.string(), epoch: fc.nat(), takes: fc.array(fc.string(), { maxLength: 3 }) },
        lease: fc.record({ renewedAt: time, lapsesAfterMs: fc.nat() }, { noNullPrototype: true }),
      },
      { requiredKeys: ['name', 'epoch'], noNullPrototype: true },
    );
    const machines = fc.dictionary(fc.stringMatching(/^[0-9a-f]{16}$/), machine, { noNullPrototype: true, maxKeys: 3 });
    const control = fc.record(
      { circuits, gates, paused: fc.boolean(), machines },
      { requiredKeys: ['circuits', 'gates', 'paused'], noNullPrototype: true },
    ) as fc.Arbitrary<Control>;
    const lease: fc.Arbitrary<WindowLease> = fc.record(
      {
        ...{ id: anyText, folders: fc.array(anyText), openedAt: time },
        process: fc.record({ pid: fc.nat(), startTime: anyText, bootId: anyText }, { noNullPrototype: true }),
        headless: fc.constant(true),
      },
      { noNullPrototype: true, requiredKeys: ['id', 'folders', 'openedAt', 'process'] },
    );
    const transition: fc.Arbitrary<Transition> = fc.record(
      {
        at: time,
        from: fc.constantFrom('new', 'queued', 'running', 'stopping'),
        to: fc.constantFrom('queued', 'waiting', 'backingOff', 'failed'),
        why: anyText,
      },
      { noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(control, lease, fc.array(transition), async (control, lease, transitions) => {
        const fresh = await bench.open();
        const loopId = `loop-${++number}`;
        try {
          const loop = await submit(fresh, loopId);
          await fresh.write((tx) => {
            tx.saveControl(control);
            tx.saveWindow({ ...lease, folders: [] });
            tx.saveWindow(lease);
            for (const transition of transitions) tx.addHistory(loop.seq, transition);
          });
          const read = fresh.changes();
          assert.deepEqual(read?.control, control);
          assert.deepEqual(read?.windows, [lease]);
          assert.deepEqual((await fresh.history(loop.seq)).slice(1), transitions);
          await fresh.write((tx) => tx.releaseWindow(lease.id));
          assert.deepEqual(await fresh.write((tx) => tx.latest(loopId)), loop);
        } finally {
          fresh.close();
        }
      }),
      { numRuns: 50 },
    );
    const loop = await submit(store, 'loop');
    const rows: LedgerRow[] = [
      { key: 'b', seq: loop.seq, agent: 'sample', day: '2026-01-15', at: 5, cost: 7, source: 'reported' },
      {
        key: 'a',
        seq: loop.seq,
        attemptId: 9,
        agent: 'sample',
        day: '2026-01-16',
        at: 6,
        cost: -3,
        source: 'estimated',
      },
      {
        key: 'c',
        seq: loop.seq,
        agent: 'sample',
        day: '2026-01-16',
        at: 6,
        cost: 4,
        source: 'reported',
        estimated: -2,
      },
    ];
    await store.write((tx) => {
      for (const row of rows) assert.equal(tx.addLedger(row), true);
    });
    assert.deepEqual(await store.ledger(loop.seq), rows);
  });

  it('R1.4 a prompt of any size, byte for byte', async () => {
    const odd = '-rf "$(x)" `y`\n\r\0\u0001 \ufeff \u{1f600}\u2028';
    const large = 'ä€😀\0 '.repeat(1_000_000);
    assert.ok(Buffer.byteLength(large) > 10 * 1024 * 1024);
    const withNul = [odd, `\ufeff${odd}`, large];
    for (const prompt of [...withNul, ...withNul.map((text) => text.replaceAll('\0', ''))]) {
      const loop = await store.write((tx) => tx.insertLoop(newLoop(`p-${++number}`), prompt));
      assert.ok((await store.prompt(loop.seq)) === prompt, 'the prompt has changed');
      assert.ok((await store.write((tx) => tx.prompt(loop.seq))) === prompt);
    }
    assert.equal(await store.prompt(123_456), '');
  });

  it('text keeps everything but NUL, which older versions of Node cut it at', async () => {
    const loop = await submit(store, 'loop', { title: 'one\0two' });
    assert.equal((await store.bySeq(loop.seq))?.title, 'one\ufffdtwo');
  });

  it('what is not there', async () => {
    assert.equal(await store.latest('none'), undefined);
    assert.equal(await store.bySeq(99), undefined);
    assert.deepEqual(
      [
        await store.attempts(99),
        await store.history(99),
        await store.ledger(99),
        store.permanentlyFailed(9),
        await store.settledTokens(9),
      ],
      [[], [], [], [], []],
    );
    assert.deepEqual(await store.write((tx) => tx.day('2026-01-15')), {
      day: '2026-01-15',
      spent: 0,
      unknown: 0,
      warned: false,
      exceeded: false,
    });
    await assert.rejects(
      store.write((tx) => tx.saveLoop({ ...newLoop('gone'), seq: 99, place: 99 })),
      /Loop gone could not be written: it is no longer in the database/,
    );
  });

  it('R6.7 a reload finds everything again', async () => {
    const first = store;
    const queued = await submit(first, 'waiting');
    const running = await start(first, await submit(first, 'running'), 'token', { readerState: { line: 3 } });
    await finish(first, await submit(first, 'done'));
    const control: Control = {
      circuits: { a: { state: 'open', generation: 3, consecutiveFailures: 5, openedAt: 9, reasons: ['no'] } },
      gates: {},
      paused: true,
    };
    await first.write((tx) => {
      tx.saveControl(control);
      tx.addLedger({
        key: 'k',
        seq: queued.seq,
        agent: 'sample',
        day: '2026-01-15',
        at: 1,
        cost: 5,
        source: 'reported',
      });
      tx.saveDayMarks({ day: '2026-01-15', spent: 5, unknown: 0, warned: true, exceeded: false });
    });
    first.close();
    const again = (await bench.open()).changes();
    assert.deepEqual(again, {
      loops: [queued, running],
      live: new Set([queued.seq, running.seq]),
      control,
      windows: [],
      day: { day: '2026-01-15', spent: 5, unknown: 0, warned: true, exceeded: false },
    });
  });

  it('attempts are found by their loop, whether or not its history was written with them', async () => {
    const loop = await submit(store, 'loop');
    const added = await store.write((tx) => {
      const [a, b] = [
        tx.insertAttempt(loop.seq, newAttempt('a')),
        tx.insertAttempt(loop.seq, newAttempt('b', { number: 2 })),
      ];
      tx.addHistory(loop.seq, { at: 5, from: 'running', to: 'running', why: 'the second' });
      return [a, b, tx.insertAttempt(loop.seq, newAttempt('c', { number: 3 }))];
    });
    assert.deepEqual(await store.attempts(loop.seq), added);
    assert.deepEqual(
      (await store.history(loop.seq)).map(({ at, why }) => [at, why]),
      [
        [1_000, 'submitted'],
        [2_000, ''],
        [5, 'the second'],
        [2_000, ''],
      ],
    );
  });

  it('an attempt that is inserted with its end is settled', async () => {
    const loop = await submit(store, 'loop');
    const end = { outcome: 'spawn' as const, reason: 'not found', at: 5, swept: [], kept: [], remaining: [] };
    const attempt = await store.write((tx) => tx.insertAttempt(loop.seq, newAttempt('token', { end })));
    assert.deepEqual(await store.attempts(loop.seq), [attempt]);
    assert.equal(await store.write((tx) => tx.saveAttempt(loop.seq, attempt)), false);
  });
});
