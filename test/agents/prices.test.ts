import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PRICES_AS_OF, readPrices } from '../../src/agents/prices.ts';
import { toUsd } from '../../src/core/model/money.ts';

const MILLION = { input: 1e6, cachedInput: 1e6, cacheWrite: 1e6, output: 1e6 };
const INPUT = { input: 1e6, cachedInput: 0, cacheWrite: 0, output: 0 };

describe('prices', () => {
  it('R6.6 tokens of each kind cost by their own price', () => {
    const { prices, problems } = readPrices({ 'm-*': { input: 1, cachedInput: 0.5, cacheWrite: 2, output: 8 } });
    assert.deepEqual(problems, []);
    assert.equal(
      prices.priceOf({ input: 3, cachedInput: 5, cacheWrite: 7, output: 11 }, 'm-1').cost,
      Math.round((3 * 1 + 5 * 0.5 + 7 * 2 + 11 * 8) * 1000),
    );
  });

  it('the built-in table carries its date, and says so with each estimate', () => {
    const { prices } = readPrices(undefined);
    assert.match(PRICES_AS_OF, /^\d{4}-\d{2}-\d{2}$/);
    assert.ok(prices.priceOf(INPUT, 'gpt-5.3-codex').note.includes(`gpt-5.3* (built-in prices of ${PRICES_AS_OF})`));
    assert.ok(prices.priceOf(INPUT, 'gpt-5.3-codex').cost > 0);
  });

  const matches: readonly [model: string, pattern: string][] = [
    ['a-b-c', 'a-b-*'],
    ['a-x', 'a-*'],
    ['A-B-2', 'a-b-*'],
    ['provider/a-b-3', 'a-b-*'],
    ['a.b', 'a.?'],
  ];
  for (const [model, pattern] of matches) {
    it(`the longest pattern that fits ${model} is ${pattern}`, () => {
      const price = { input: 1, output: 1 };
      const { prices } = readPrices({ 'a-*': price, 'a-b-*': price, 'a.?': price });
      assert.ok(
        prices.priceOf(INPUT, model).note.includes(`price of ${pattern} (loopSupervisor.prices)`),
        prices.priceOf(INPUT, model).note,
      );
    });
  }

  it("the user's rows go before built-in ones, however short", () => {
    const { prices } = readPrices({ 'claude-*': { input: 77, output: 1 } });
    assert.equal(toUsd(prices.priceOf(INPUT, 'claude-opus-5-5').cost), 77);
  });

  it('an unknown model costs the highest price there is, and the note says so', () => {
    const { prices } = readPrices({ cheap: { input: 1, output: 1 }, dear: { input: 900, output: 2 } });
    const { cost, note } = prices.priceOf(INPUT, 'new-model-7');
    assert.equal(toUsd(cost), 900);
    assert.match(
      note,
      /^no price is known for the model new-model-7: priced by its tokens at the highest price, that of dear/,
    );
  });

  it('an unnamed model costs the highest price of its family', () => {
    const { prices } = readPrices(undefined);
    const gpt = prices.priceOf(MILLION, undefined, 'gpt-*');
    assert.match(gpt.note, /^the agent does not name its model: .* that of gpt-/);
    assert.ok(gpt.cost < prices.priceOf(MILLION, 'no-such-model').cost);
    const own = readPrices({ 'gpt-mine*': { input: 3, output: 4 } }).prices.priceOf(INPUT, undefined, 'gpt-*');
    assert.equal(toUsd(own.cost), 3);
    const all = readPrices({ '*': { input: 5, output: 4 } }).prices.priceOf(INPUT, undefined, 'gpt-*');
    assert.equal(toUsd(all.cost), 5);
  });

  it('cached input and cache writes cost as much as input if no price is given', () => {
    const { prices } = readPrices({ m: { input: 2, output: 3 } });
    assert.equal(toUsd(prices.priceOf(MILLION, 'm').cost), 2 + 2 + 2 + 3);
  });

  const wrong: readonly [what: string, setting: unknown, problem: RegExp][] = [
    ['no object', [], /^loopSupervisor\.prices: must be an object of model patterns/],
    ['a row that is no object', { m: 5 }, /"m" must be an object with "input" and "output"/],
    ['a row without output', { m: { input: 1 } }, /"m" lacks "output"/],
    [
      'a negative price',
      { m: { input: -1, output: 1 } },
      /"m" has a "input" that is not a price: it must be a number from 0 to 100000/,
    ],
    ['a price as text', { m: { input: '3', output: 1 } }, /not a price/],
    ['NaN', { m: { input: Number.NaN, output: 1 } }, /not a price/],
    [
      'an unknown kind',
      { m: { input: 1, output: 1, cached: 2 } },
      /"m" has no "cached": only "input", "cachedInput", "cacheWrite" and "output" are known/,
    ],
  ];
  for (const [what, setting, problem] of wrong) {
    it(`${what} is reported and skipped; the rest works`, () => {
      const { prices, problems } = readPrices(
        Array.isArray(setting) ? setting : { ...(setting as object), good: { input: 6, output: 1 } },
      );
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? '', problem);
      if (!Array.isArray(setting)) assert.equal(toUsd(prices.priceOf(INPUT, 'good').cost), 6);
      assert.ok(prices.priceOf(INPUT, 'm').cost > 0);
    });
  }

  it('R6.6 an estimate is always a valid cost, whatever the tokens, model and table', () => {
    const count = fc.integer({ min: 0, max: 1e10 });
    const price = fc.double({ min: 0, max: 100_000, noNaN: true });
    const table = fc.dictionary(
      fc.string({ minLength: 1, maxLength: 12 }),
      fc.record({ input: price, output: price, cachedInput: price, cacheWrite: price }),
      { maxKeys: 5 },
    );
    fc.assert(
      fc.property(
        table,
        fc.record({ input: count, cachedInput: count, cacheWrite: count, output: count }),
        fc.option(fc.string(), { nil: undefined }),
        fc.string(),
        (setting, tokens, model, family) => {
          const { prices, problems } = readPrices(setting);
          assert.deepEqual(problems, []);
          const { cost, note } = prices.priceOf(tokens, model, family);
          assert.ok(Number.isSafeInteger(cost) && cost >= 0, String(cost));
          assert.ok(note.includes('priced by its tokens'));
        },
      ),
    );
  });
});
