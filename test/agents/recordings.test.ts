import assert from 'node:assert/strict';
import { toNano } from '../../src/core/model/money.ts';
import { EXPECTED, type Expectation } from './support/expected.ts';
import { costIn, messagesIn, NOW, ofType, readAll, recording, recordings, TEST_PRICE } from './support/streams.ts';

describe('recordings of the real agents', () => {
  it('are all in the table, and nothing else is', () => {
    assert.deepEqual(
      recordings().map(({ name }) => name),
      Object.keys(EXPECTED).sort(),
    );
  });

  for (const run of recordings()) {
    const expected: Expectation = EXPECTED[run.name] ?? {};
    it(`R6.6 ${run.name}: session, text, tools, cost, end and reason`, () => {
      const events = readAll(run);
      assert.equal(ofType(events, 'session').at(-1)?.sessionId, expected.session);
      assert.deepEqual(messagesIn(events), expected.text ?? []);
      assert.deepEqual(
        ofType(events, 'toolCall').map(({ name, summary }) => [name, summary]),
        expected.tools ?? [],
      );
      const costs = ofType(events, 'cost');
      assert.deepEqual(
        new Set(costs.map(({ source }) => source)),
        new Set([...(expected.usd === undefined ? [] : ['reported']), ...(expected.estimate ? ['estimated'] : [])]),
      );
      assert.equal(costIn(events), toNano(expected.usd ?? 0) + estimated(expected.estimate));
      const end = ofType(events, 'end').at(-1);
      assert.equal(end?.ok === true ? 'ok' : end?.cause, expected.end);
      if (expected.reason !== undefined) assert.ok(end?.reason?.includes(expected.reason), end?.reason);
      assert.equal(ofType(events, 'retry').length, expected.retries ?? 0);
      assert.deepEqual(
        ofType(events, 'denied').map(({ tool }) => tool),
        expected.denied === undefined ? [] : [expected.denied],
      );
      assert.deepEqual(
        ofType(events, 'limit').map(({ until }) => until),
        expected.limit === undefined ? [] : [limitTime(expected.limit)],
      );
    });
  }

  it('every tool call has its result, under the same id, unless it was cut off', () => {
    for (const run of recordings()) {
      const events = readAll(run);
      const calls = ofType(events, 'toolCall').map(({ id }) => id);
      const results = ofType(events, 'toolResult').map(({ id }) => id);
      assert.deepEqual(results, EXPECTED[run.name]?.end === 'ok' ? calls : calls.slice(0, results.length), run.name);
      assert.ok(
        calls.every((id) => id !== undefined),
        run.name,
      );
    }
  });

  it('R6.6 tokens are told once: what claude tells of them adds up to its result', () => {
    for (const name of ['claude-tool', 'claude-partial', 'claude-bg-long', 'claude-max-budget', 'claude-sigint-mid']) {
      const run = recording(name);
      const told = ofType(readAll(run), 'usage').reduce(
        (sum, { tokens }) => sum + tokens.input + tokens.cachedInput + tokens.cacheWrite + tokens.output,
        0,
      );
      const results = run.output.split('\n').filter((line) => line.includes('"type":"result"'));
      const used = results.flatMap((line) =>
        Object.values<{ [key: string]: number }>(JSON.parse(line).model_usage_since_last_result),
      );
      const real = used.reduce(
        (sum, u) => sum + u.inputTokens! + u.outputTokens! + u.cacheReadInputTokens! + u.cacheCreationInputTokens!,
        0,
      );
      assert.equal(told, real, name);
    }
  });
});

/** By the round prices of the tests, in 10⁻⁹ USD. */
function estimated(tokens: Expectation['estimate']): number {
  const [input, cachedInput, cacheWrite, output] = tokens ?? [0, 0, 0, 0];
  return Math.round(
    (input * TEST_PRICE.input +
      cachedInput * TEST_PRICE.cachedInput +
      cacheWrite * TEST_PRICE.cacheWrite +
      output * TEST_PRICE.output) *
      1000,
  );
}

function limitTime(limit: string): number | undefined {
  const [, hour, minute] = /^(\d+):(\d+) local time$/.exec(limit) ?? [];
  if (hour === undefined) return limit === 'unknown' ? undefined : Date.parse(limit);
  const at = new Date(NOW);
  at.setHours(Number(hour), Number(minute), 0, 0);
  if (at.getTime() <= NOW) at.setDate(at.getDate() + 1);
  return at.getTime();
}
