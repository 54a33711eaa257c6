import assert from 'node:assert/strict';
import fc from 'fast-check';
import { systemClock } from '../../src/core/runtime/systemClock.ts';

/** Runs `work` as if the machine stood in that time zone. */
function within<T>(zone: string, work: () => T): T {
  const before = process.env.TZ;
  process.env.TZ = zone;
  try {
    return work();
  } finally {
    // Assigning `undefined` would set the text "undefined".
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
}

const HOUR = 3_600_000;

describe('system clock', () => {
  // Zones in which days are 23 or 25 hours long, in which midnight itself is skipped, or a whole day was.
  const rows: readonly (readonly [zone: string, at: string, day: string, hoursLeft: number])[] = [
    ['UTC', '2026-01-15T00:00:00Z', '2026-01-15', 24],
    ['UTC', '2026-12-31T23:00:00Z', '2026-12-31', 1],
    ['Europe/Berlin', '2026-03-28T23:00:00Z', '2026-03-29', 23],
    ['Europe/Berlin', '2026-10-24T22:00:00Z', '2026-10-25', 25],
    ['America/Sao_Paulo', '2018-11-03T12:00:00Z', '2018-11-03', 15],
    ['America/Sao_Paulo', '2018-11-04T03:00:00Z', '2018-11-04', 23],
    ['Pacific/Apia', '2011-12-29T12:00:00Z', '2011-12-29', 22],
    ['Asia/Kathmandu', '2026-06-01T18:15:00Z', '2026-06-02', 24],
  ];
  for (const [zone, at, day, hoursLeft] of rows) {
    it(`R6.1 ${at} in ${zone} is ${day}, of which ${hoursLeft} hours are left`, () => {
      within(zone, () => {
        const now = Date.parse(at);
        assert.equal(systemClock.day(now), day);
        assert.equal((systemClock.nextDay(now) - now) / HOUR, hoursLeft);
      });
    });
  }

  it('R6.1 a machine that travels lives in the days of where it is', () => {
    const at = Date.parse('2026-06-01T20:00:00Z');
    const days = ['UTC', 'Asia/Kathmandu', 'UTC'].map((zone) => within(zone, () => systemClock.day(at)));
    assert.deepEqual(days, ['2026-06-01', '2026-06-02', '2026-06-01']);
  });

  for (const zone of [
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'America/Sao_Paulo',
    'Pacific/Apia',
    'Australia/Lord_Howe',
  ]) {
    it(`R6.1 in ${zone} the next day begins when the day changes, not earlier and not later`, () => {
      within(zone, () => {
        const times = fc.integer({ min: Date.UTC(2005, 0, 1), max: Date.UTC(2035, 0, 1) });
        fc.assert(
          fc.property(times, (at) => {
            const next = systemClock.nextDay(at);
            assert.ok(next > at);
            assert.equal(systemClock.day(next - 1), systemClock.day(at));
            assert.ok(systemClock.day(next) > systemClock.day(at));
          }),
        );
      });
    });
  }

  for (const ms of [2 ** 31, 2 ** 40, Number.POSITIVE_INFINITY, Number.NaN, -1]) {
    it(`R7.6 a timer of ${ms} ms is refused: it would fire at once`, () => {
      assert.throws(() => systemClock.after(ms, () => assert.fail('it ran')), RangeError);
    });
  }

  it('a timer that was disposed does not run', async () => {
    let ran = false;
    const timer = systemClock.after(0, () => {
      ran = true;
    });
    timer.dispose();
    // One that was set later runs later.
    await new Promise<void>((resolve) => {
      systemClock.after(0, resolve);
    });
    assert.equal(ran, false);
  });
});
