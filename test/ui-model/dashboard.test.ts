import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Outcome } from '../../src/core/model/attempt.ts';
import type { Status } from '../../src/core/model/status.ts';
import type { CircuitChange, TimelineAttempt, TimelineQuery } from '../../src/core/ports/historyQueries.ts';
import { circuitSpans } from '../../src/ui/dashboard/circuitSpans.ts';
import { DashboardSession, type DashboardSource } from '../../src/ui/dashboard/dashboardSession.ts';
import type { ToDashboard } from '../../src/ui/dashboard/protocol.ts';
import { buckets, loopRows, summarize } from '../../src/ui/dashboard/statistics.ts';
import { ticks, timeSteps } from '../../src/ui/dashboard/timeAxis.ts';
import { firstFrom, layOut } from '../../src/ui/dashboard/timelineLayout.ts';
import { FakeClock } from '../support/fakeClock.ts';

let ids = 0;
function attempt(over: Partial<TimelineAttempt>): TimelineAttempt {
  return {
    id: ++ids,
    seq: 1,
    loopId: 'a',
    title: 'A',
    agent: 'sample',
    number: 1,
    startedAt: 0,
    endedAt: 10,
    outcome: 'ok',
    cost: 0,
    costEstimated: 0,
    state: 'completed',
    ...over,
  };
}

describe('dashboard', () => {
  describe('timeline layout', () => {
    const attempts = fc.array(
      fc
        .record({
          start: fc.integer({ min: 0, max: 200 }),
          length: fc.option(fc.integer({ min: 0, max: 60 })),
          seq: fc.integer({ min: 1, max: 9 }),
        })
        .map(({ start, length, seq }) =>
          length === null
            ? { ...attempt({ seq, startedAt: start, state: 'running' }), endedAt: undefined, outcome: undefined }
            : attempt({ seq, startedAt: start, endedAt: start + length }),
        ),
      { maxLength: 60 },
    ) as fc.Arbitrary<TimelineAttempt[]>;

    it('attempts that overlap never share a lane, and no more lanes are used than attempts run at once', () => {
      fc.assert(
        fc.property(attempts, (all) => {
          const { bars, lanes } = layOut(all);
          const end = (one: TimelineAttempt) => Math.max(one.endedAt ?? Number.POSITIVE_INFINITY, one.startedAt + 1);
          const overlap = (a: TimelineAttempt, b: TimelineAttempt) => a.startedAt < end(b) && b.startedAt < end(a);
          for (const [i, a] of bars.entries())
            for (const b of bars.slice(i + 1)) if (a.lane === b.lane) assert.ok(!overlap(a.attempt, b.attempt));
          const most = Math.max(
            0,
            ...bars.map(
              ({ attempt }) =>
                bars.filter(
                  (other) => other.attempt.startedAt <= attempt.startedAt && end(other.attempt) > attempt.startedAt,
                ).length,
            ),
          );
          assert.equal(lanes, most);
        }),
      );
    });

    it('an attempt is linked to the next one of its loop', () => {
      const { bars, next } = layOut([
        attempt({ seq: 1, startedAt: 0 }),
        attempt({ seq: 2, startedAt: 1 }),
        attempt({ seq: 1, startedAt: 20, endedAt: 30 }),
      ]);
      assert.deepEqual([...next], [2, -1, -1]);
      assert.deepEqual(
        bars.map(({ lane }) => lane),
        [0, 1, 0],
      );
    });

    it('bars are found by their start', () => {
      const { bars } = layOut([5, 10, 10, 20].map((startedAt) => attempt({ startedAt, endedAt: startedAt + 1 })));
      assert.deepEqual(
        [0, 5, 6, 10, 11, 21].map((time) => firstFrom(bars, time)),
        [0, 0, 1, 1, 3, 4],
      );
    });
  });

  it('the circuit is shown from opening to closing, or until now', () => {
    const changes: CircuitChange[] = [
      { account: 'claude', at: 10, from: 'closed', to: 'open' },
      { account: 'claude', at: 20, from: 'open', to: 'half-open' },
      { account: 'claude', at: 25, from: 'half-open', to: 'closed' },
      { account: 'claude', at: 40, from: 'closed', to: 'open' },
    ];
    assert.deepEqual(circuitSpans(changes), [
      { state: 'open', from: 10, to: 20 },
      { state: 'half-open', from: 20, to: 25 },
      { state: 'open', from: 40 },
    ]);
  });

  it('the time axis has round times within the visible range', () => {
    const day = 24 * 3_600_000;
    const start = new Date(2026, 2, 1, 10, 7, 3).getTime();
    assert.deepEqual(
      ticks(start, start + 3_600_000, 6).map(({ label }) => label),
      ['10:15', '10:30', '10:45', '11:00'],
    );
    assert.deepEqual(
      ticks(start, start + 4 * day, 6).map(({ label }) => label),
      ['03-02', '03-03', '03-04', '03-05'],
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1e12, max: 2e12 }),
        fc.integer({ min: 1, max: 400 * day }),
        fc.integer({ min: 2, max: 20 }),
        (from, span, max) => {
          const list = ticks(from, from + span, max);
          assert.ok(list.length <= max + 1, `${list.length} of ${max}`);
          for (const { at } of list) assert.ok(at >= from && at <= from + span);
        },
      ),
    );
  });

  it('time steps begin at round times, cover everything, and have distinct names', () => {
    const day = 24 * 3_600_000;
    const start = new Date(2026, 2, 1, 10, 7, 3).getTime();
    assert.deepEqual(
      timeSteps(start, start + 90_000, 6).map(({ label }) => label),
      ['10:07:00', '10:07:15', '10:07:30', '10:07:45', '10:08:00', '10:08:15', '10:08:30'],
    );
    assert.deepEqual(
      timeSteps(start, start + 20 * 3_600_000, 4).map(({ label }) => label),
      ['03-01 06:00', '03-01 12:00', '03-01 18:00', '03-02 00:00', '03-02 06:00'],
    );
    fc.assert(
      fc.property(fc.integer({ min: 1e12, max: 2e12 }), fc.integer({ min: 60_000, max: 400 * day }), (from, span) => {
        const steps = timeSteps(from, from + span, 24);
        assert.equal(new Set(steps.map(({ label }) => label)).size, steps.length);
        assert.ok(steps.length >= 1 && steps.length <= 26 && (steps[0]?.at ?? 0) <= from);
      }),
    );
  });

  it('R11.4 checks and rounds do not count as restarts', () => {
    // Earlier ones can come later.
    const rows = loopRows(
      [
        attempt({ number: 4, isCheck: true, round: 1, outcome: 'exit' }),
        attempt({ number: 5, round: 2 }),
        attempt({ number: 6, isCheck: true, round: 2 }),
        attempt({ isCheck: true, round: 0 }),
        attempt({ number: 2, round: 1, outcome: 'exit' }),
        attempt({ number: 3, round: 1 }),
      ],
      100,
    );
    assert.deepEqual(
      rows.map(({ attempts, rounds }) => [attempts, rounds]),
      [[3, 2]],
    );
    assert.equal(summarize(rows).restarts, 1, 'that of the first round');
  });

  it('success and durations concern whole loops, however often they restarted', () => {
    const rows = loopRows(
      [
        attempt({ seq: 1, outcome: 'exit', startedAt: 0, endedAt: 10, cost: 1 }),
        attempt({ seq: 1, number: 2, startedAt: 30, endedAt: 50, cost: 2, costEstimated: 2 }),
        attempt({ seq: 2, outcome: 'exit', state: 'failed', startedAt: 5, endedAt: 6 }),
        attempt({ seq: 3, outcome: 'cancelled', state: 'cancelled', startedAt: 7, endedAt: 8 }),
        {
          ...attempt({ seq: 4, startedAt: 60, state: 'running' }),
          endedAt: undefined,
          outcome: undefined,
        } as unknown as TimelineAttempt,
      ],
      100,
    );
    assert.deepEqual(
      rows.map(({ seq, ranMs, attempts, cost, costEstimated, endedAt }) => [
        seq,
        ranMs,
        attempts,
        cost,
        costEstimated,
        endedAt,
      ]),
      [
        [4, 40, 1, 0, 0, undefined],
        [3, 1, 1, 0, 0, 8],
        [2, 1, 1, 0, 0, 6],
        [1, 30, 2, 3, 2, 50],
      ],
    );
    assert.deepEqual(summarize(rows), {
      completed: 1,
      failed: 1,
      cancelled: 1,
      successRate: 0.5,
      medianMs: 30,
      p90Ms: 30,
      restarts: 1,
    });
    assert.deepEqual(summarize([]), { completed: 0, failed: 0, cancelled: 0, restarts: 0 });
    assert.deepEqual(
      buckets(rows, [0, 50]).map(({ at, completed, failed, cancelled }) => [at, completed, failed, cancelled]),
      [
        [0, 0, 1, 1],
        [50, 1, 0, 0],
      ],
    );
  });

  describe('session', () => {
    const clock = new FakeClock();
    let stored: TimelineAttempt[];
    let queries: (TimelineQuery | readonly number[])[];
    let changes: CircuitChange[];
    let spent: number;
    let circuit: string;
    let posted: ToDashboard[];
    let session: DashboardSession;
    const source: DashboardSource = {
      historyQueries: {
        timeline: async (query) => {
          queries.push(query);
          return stored
            .filter(
              ({ id, endedAt = Number.POSITIVE_INFINITY }) =>
                id > (query.afterId ?? 0) && id < (query.beforeId ?? Number.POSITIVE_INFINITY) && endedAt >= query.from,
            )
            .slice(-query.limit);
        },
        timelineOf: async (wanted) => {
          queries.push(wanted);
          return stored.filter(({ id }) => wanted.includes(id));
        },
        circuitChanges: async () => changes,
      },
      spend: async (fromDay) => [{ day: fromDay, agent: 'sample', cost: spent * 1e9, estimated: 0, unknown: 0 }],
      finishedCount: () => ({ total: stored.filter(({ state }) => state === 'completed').length, failed: 0 }),
    };
    const status = (): Status =>
      ({
        running: [],
        preparing: [],
        queued: [],
        parked: [],
        circuits: [],
        accounts: [],
        holds: [],
        backingOff: [],
        asking: [],
        waiting: [],
        circuitState: circuit,
        circuit: { state: circuit, consecutiveFailures: 0, cooldownRemainingMs: 0, reasons: [] },
        concurrencyUsed: 1,
        concurrencyMax: 4,
        queueDepth: 0,
        queueMax: 20,
        budget: { spent, unknown: 0, reserved: 0, granted: 0, limit: 5, resetsAt: 0 },
        permanentlyFailed: [],
        unknownSettings: [],
        paused: false,
        ready: true,
      }) as Status;

    beforeEach(() => {
      const now = clock.now();
      stored = [attempt({ id: 1, startedAt: now - 5_000, endedAt: now - 4_000 }), running(2)];
      queries = [];
      changes = [];
      spent = 1;
      circuit = 'closed';
      posted = [];
      session = new DashboardSession({
        source: () => source,
        status,
        clock,
        post: (message) => void posted.push(message),
        onError: (error) => {
          throw error;
        },
      });
    });
    afterEach(() => session.dispose());

    function running(id: number): TimelineAttempt {
      return {
        ...attempt({ id, seq: id, state: 'running', startedAt: clock.now() - 3_000 }),
        endedAt: undefined,
        outcome: undefined,
      } as unknown as TimelineAttempt;
    }
    const types = () => posted.map(({ type }) => type);
    async function beat(times = 1): Promise<void> {
      for (let i = 0; i < times; i++) session.changed(status());
      await clock.advance(600);
    }

    it('sends the whole range once, then only what may have changed', async () => {
      session.show(3_600_000);
      await clock.advance(0);
      assert.deepEqual(types(), ['figures', 'timeline', 'spend']);
      assert.deepEqual(queries, [{ from: clock.now() - 3_600_000, limit: 500 }]);
      posted = [];
      queries = [];
      stored = [
        stored[0]!,
        attempt({ id: 2, seq: 2, outcome: 'exit' as Outcome, state: 'failed', endedAt: clock.now() }),
        running(3),
      ];
      await beat();
      assert.deepEqual(types(), ['figures', 'attempts']);
      const [, message] = posted;
      assert.deepEqual(message?.type === 'attempts' && message.attempts.map(({ id, state }) => [id, state]), [
        [2, 'failed'],
        [3, 'running'],
      ]);
      assert.deepEqual(
        queries.map((query) => ('from' in query ? query.afterId : query)),
        [2, [2]],
      );
      queries = [];
      await beat();
      assert.deepEqual(queries.filter(Array.isArray), [[3]], 'what is final is not asked for again');
    });

    it('a long history comes in pages, the newest first, each attempt once', async () => {
      // Many begin in the same millisecond: pages meet in the middle of one.
      stored = Array.from({ length: 4_500 }, (_, i) =>
        attempt({ id: i + 1, seq: i + 1, startedAt: Math.floor(i / 7), endedAt: 1_000 }),
      );
      session.show(0);
      await clock.advance(50);
      const pages = posted.filter((message) => message.type === 'timeline' || message.type === 'older');
      assert.ok(Math.max(...pages.map(({ attempts }) => attempts.length)) <= 500, 'no page takes long');
      assert.equal(
        pages.findIndex(({ complete }) => complete),
        pages.length - 1,
        'only the last one is the last',
      );
      const ids = pages.flatMap(({ attempts }) => attempts.map(({ id }) => id));
      assert.deepEqual(
        ids.toSorted((a, b) => a - b),
        stored.map(({ id }) => id),
      );
      assert.equal(Math.max(...pages[0]!.attempts.map(({ id }) => id)), 4_500);
    });

    it('a storm of changes is two updates a second', async () => {
      session.show(0);
      await clock.advance(0);
      posted = [];
      for (let i = 0; i < 100; i++) {
        session.changed(status());
        await clock.advance(10);
      }
      assert.ok(types().filter((type) => type === 'figures').length <= 3);
    });

    it('spend and circuit are sent when they have changed', async () => {
      session.show(0);
      await clock.advance(0);
      posted = [];
      await beat();
      assert.ok(!types().includes('spend') && !types().includes('circuit'));
      spent = 2;
      circuit = 'open';
      changes = [{ account: 'claude', at: 1, from: 'closed', to: 'open' }];
      await beat();
      assert.ok(types().includes('spend') && types().includes('circuit'));
      const sent = posted.find((message) => message.type === 'spend');
      assert.equal(sent?.type === 'spend' && sent.days.length, 30);
      assert.equal(sent?.type === 'spend' && sent.days.at(-1), clock.day(clock.now()));
    });

    it('resends everything when loops are removed from the history', async () => {
      session.show(0);
      await clock.advance(0);
      posted = [];
      stored = stored.slice(1);
      await beat();
      assert.ok(types().includes('timeline'));
    });

    it('a hidden dashboard reads nothing', async () => {
      session.show(0);
      session.setVisible(false);
      queries = [];
      await beat(5);
      assert.deepEqual(queries, []);
    });
  });
});
