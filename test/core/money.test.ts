import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { isCost, toNano, toUsd } from '../../src/core/model/money.ts';

describe('money', () => {
  it('R6.1 sums of integers do not drift as sums of fractions do', () => {
    const fractions = Array.from({ length: 10 }, () => 0.1).reduce((sum, usd) => sum + usd, 0);
    assert.notEqual(fractions, 1, 'fractions drift, or this test proves nothing');
    const nanos = Array.from({ length: 10 }, () => toNano(0.1)).reduce((sum, nano) => sum + nano, 0);
    assert.equal(nanos, toNano(1));
    assert.equal(toUsd(nanos), 1);
  });

  it('R6.1 a sum of amounts in 10⁻⁹ USD is exact in any order', () => {
    const amounts = fc.array(fc.integer({ min: 0, max: 100_000_000_000 }), { maxLength: 500 });
    fc.assert(
      fc.property(amounts, (nanos) => {
        const sum = nanos.map((nano) => toNano(toUsd(nano))).reduce((total, nano) => total + nano, 0);
        assert.equal(
          BigInt(sum),
          nanos.map(BigInt).reduce((total, nano) => total + nano, 0n),
        );
      }),
    );
  });

  it('R6.1 rounds to the nearest 10⁻⁹ USD', () => {
    assert.equal(toNano(0.000_000_001_4), 1);
    assert.equal(toNano(0.000_000_001_6), 2);
    assert.equal(toNano(0.289), 289_000_000);
  });

  const good = [0, 0.000_000_001, 0.1, 5, 9_000_000];
  for (const value of good) it(`R6.6 ${value} is a cost`, () => assert.equal(isCost(value), true));

  const bad = [
    -1,
    -0.000_001,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    1e300,
    '5',
    '',
    null,
    undefined,
    {},
    [1],
    true,
    5n,
  ];
  for (const value of bad) {
    it(`R6.6 ${inspect(value)} is no cost`, () => assert.equal(isCost(value), false));
  }

  it('R6.6 every cost stays exact: it is a safe integer of 10⁻⁹ USD', () => {
    fc.assert(
      fc.property(fc.double(), (usd) => {
        if (isCost(usd)) assert.ok(Number.isSafeInteger(toNano(usd)), `${usd}`);
      }),
    );
    const largest = Number.MAX_SAFE_INTEGER / 1e9;
    assert.ok(isCost(largest) && Number.isSafeInteger(toNano(largest)));
  });
});
