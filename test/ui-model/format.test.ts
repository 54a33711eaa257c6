import assert from 'node:assert/strict';
import fc from 'fast-check';
import { toNano } from '../../src/core/model/money.ts';
import {
  baseName,
  count,
  formatClock,
  formatCost,
  formatDuration,
  formatUsd,
  speakCost,
  speakDuration,
} from '../../src/ui/text/format.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe('What is shown in words', () => {
  const durations: readonly [number, string, string][] = [
    [0, '0s', '0 seconds'],
    [-5000, '0s', '0 seconds'],
    [1999, '1s', '1 second'],
    [59_999, '59s', '59 seconds'],
    [MINUTE, '1m 00s', '1 minute'],
    [3 * MINUTE + 5 * SECOND, '3m 05s', '3 minutes 5 seconds'],
    [HOUR + 4 * MINUTE, '1h 04m', '1 hour 4 minutes'],
    [51 * HOUR, '2d 3h', '2 days 3 hours'],
  ];
  for (const [ms, shown, spoken] of durations) {
    it(`shows ${ms} ms as ${shown}`, () => {
      assert.equal(formatDuration(ms), shown);
      assert.equal(speakDuration(ms), spoken);
    });
  }

  const amounts: readonly [number, string][] = [
    [0, '$0.00'],
    [3.2, '$3.20'],
    [1234.5, '$1,234.50'],
    [0.0123, '$0.01'],
    [0.00995, '$0.01'],
    [0.0042, '$0.0042'],
    [0.00000123, '$0.0000012'],
  ];
  for (const [usd, shown] of amounts) it(`shows ${usd} USD as ${shown}`, () => assert.equal(formatUsd(usd), shown));

  it('formats any amount and any count in the language of the interface', () => {
    const whole = new Intl.NumberFormat('en-US');
    const cents = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    const digits = {
      maximumSignificantDigits: 2,
      maximumFractionDigits: 9,
      roundingPriority: 'lessPrecision',
    } as const;
    const small = new Intl.NumberFormat('en-US', digits);
    const amount = fc.oneof(fc.integer({ min: 0, max: toNano(1) }), fc.integer({ min: 0, max: toNano(1_000_000) }));
    fc.assert(
      fc.property(amount, (nano) => {
        const usd = nano / 1e9;
        assert.equal(formatUsd(usd), `$${(nano > 0 && usd < 0.00995 ? small : cents).format(usd)}`);
        assert.equal(count(nano, 'loop', 'loops'), `${whole.format(nano)} ${nano === 1 ? 'loop' : 'loops'}`);
      }),
      { numRuns: 2_000 },
    );
  });

  it('marks partly estimated costs, and shows nothing if there is no cost', () => {
    const cost = toNano(0.5);
    assert.equal(formatCost({ cost, costEstimated: 0 }), '$0.50');
    assert.equal(formatCost({ cost, costEstimated: toNano(0.1) }), '≈$0.50');
    assert.equal(formatCost({ cost: 0, costEstimated: 0 }), '');
    assert.equal(speakCost({ cost, costEstimated: cost }), 'cost $0.50, estimated');
  });

  it('R6.6 marks unknown costs and lower bounds, and never shows a run that worked as free', () => {
    const cost = toNano(0.5);
    const guess = { cost, costEstimated: cost, costUnknown: cost };
    const part = { cost, costEstimated: 0, costAtLeast: true };
    const none = { cost: 0, costEstimated: 0, costAtLeast: true };
    assert.deepEqual([guess, part, none].map(formatCost), ['cost unknown, ≈$0.50', '≥$0.50', 'cost unknown']);
    assert.deepEqual([guess, part, none].map(speakCost), [
      ...['cost unknown, guessed as $0.50', 'cost at least $0.50', 'cost unknown'],
    ]);
    assert.equal(formatCost({ ...guess, costUnknown: toNano(0.2) }), '≈$0.50', 'only a part is a guess');
  });

  it('shows the time of today, the weekday of this week, else the date', () => {
    const now = new Date(2026, 2, 10, 15, 40).getTime();
    assert.equal(formatClock(now, now), '15:40');
    assert.equal(formatClock(new Date(2026, 2, 9, 8, 5).getTime(), now), 'Mon 08:05');
    assert.equal(formatClock(new Date(2026, 1, 1, 8, 5).getTime(), now), '2026-02-01 08:05');
  });

  it('counts, and takes the last part of a path of either platform', () => {
    assert.equal(count(1, 'loop'), '1 loop');
    assert.equal(count(1200, 'loop'), '1,200 loops');
    assert.equal(baseName('/home/me/project/'), 'project');
    assert.equal(baseName('C:\\work\\project'), 'project');
    assert.equal(baseName('/'), '/');
  });
});
