import assert from 'node:assert/strict';
import fc from 'fast-check';
import { backoffCeilingMs, backoffMs } from '../../src/core/policy/backoff.ts';

describe('back-off', () => {
  it('R5.2 doubles from 1 s and stops at 60 s', () => {
    assert.deepEqual(
      Array.from({ length: 8 }, (_, index) => backoffCeilingMs(index + 1)),
      [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000],
    );
    assert.equal(backoffCeilingMs(10_000), 60_000, 'however many');
  });

  it('R5.2 the jitter stays between half of the ceiling and all of it, and uses the whole of that', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), random, (n, value) => {
        const wait = backoffMs(n, () => value);
        assert.ok(Number.isInteger(wait));
        assert.ok(wait >= backoffCeilingMs(n) / 2 && wait <= backoffCeilingMs(n), `${n}: ${wait}`);
      }),
    );
    assert.equal(
      backoffMs(3, () => 0),
      2_000,
    );
    assert.equal(
      backoffMs(3, () => 0.999_999),
      4_000,
    );
  });

  it('R5.2 loops that failed together do not come back together', () => {
    const waits = new Set([0.1, 0.3, 0.5, 0.7, 0.9].map((value) => backoffMs(1, () => value)));
    assert.equal(waits.size, 5);
  });
});
