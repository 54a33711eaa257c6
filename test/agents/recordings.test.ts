import assert from 'node:assert/strict';
import type { AgentEvent } from '../../src/core/model/agentEvent.ts';
import { toNano } from '../../src/core/model/money.ts';
import type { Expectation } from './support/expected/expectation.ts';
import { EXPECTED } from './support/expected/index.ts';
import {
  messagesIn,
  NOW,
  ofType,
  type Recording,
  readAll,
  recording,
  recordings,
  TEST_PRICE,
} from './support/streams.ts';

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
      assertCost(events, expected);
      assertEnd(events, expected);
      assertNotices(events, expected);
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

  it('R6.6 tokens count once: those of messages of claude add up to its result', () => {
    for (const name of ['claude-tool', 'claude-partial', 'claude-bg-long', 'claude-max-budget', 'claude-sigint-mid']) {
      const run = recording(name);
      const told = ofType(readAll(run), 'usage').reduce(
        (sum, { tokens }) => sum + tokens.input + tokens.cachedInput + tokens.cacheWrite + tokens.output,
        0,
      );
      assert.equal(told, reportedTokens(run), name);
    }
  });

  it('R6.10 what accrues while it runs comes close to what the cost event then says, and never to more', () => {
    for (const run of recordings()) {
      let accrued: number | undefined;
      for (const event of readAll(run)) {
        if (event.type === 'accrued') accrued = event.cost;
        if (event.type !== 'cost' || accrued === undefined) continue;
        const isRough = run.agent === 'copilot' || event.source === 'unknown';
        if (!isRough) assert.ok(accrued <= Math.max(event.cost, 1.5 * priceOf(run)), `${run.name}: ${accrued}`);
        accrued = undefined;
      }
      assert.equal(accrued, undefined, `${run.name}: what accrued was not billed`);
    }
  });
});

/** The session's tokens as claude's own results count them. */
function reportedTokens({ output }: Recording): number {
  const results = output.split('\n').filter((line) => line.includes('"type":"result"'));
  const used = results.flatMap((line) =>
    Object.values<{ [key: string]: number }>(JSON.parse(line).model_usage_since_last_result),
  );
  return used.reduce(
    (sum, u) => sum + u.inputTokens! + u.outputTokens! + u.cacheReadInputTokens! + u.cacheCreationInputTokens!,
    0,
  );
}

/** What a run has cost by the prices of the tests: its own, at list prices, can be less. */
function priceOf(run: Recording): number {
  return ofType(readAll(run), 'usage').reduce(
    (sum, { tokens: { input, cachedInput, cacheWrite, output } }) =>
      sum + byTestPrice([input, cachedInput, cacheWrite, output]),
    0,
  );
}

function assertCost(events: readonly AgentEvent[], expected: Expectation): void {
  const costs = ofType(events, 'cost');
  const { usd, priced, cutOff, unknown, atLeast } = expected;
  const sources = [
    ...(usd === undefined ? [] : ['reported']),
    ...(priced || cutOff !== undefined ? ['priced'] : []),
    ...(unknown ? ['unknown'] : []),
  ];
  assert.deepEqual(new Set(costs.map(({ source }) => source)), new Set(sources));
  assert.equal(
    costs.some((cost) => cost.atLeast),
    atLeast === true,
  );
  // A guess is not exact, and is not to be: it only says that something is missing.
  const known = costs.reduce((sum, { cost, source }) => sum + (source === 'unknown' ? 0 : cost), 0);
  assert.equal(known, toNano(usd ?? 0) + toNano(cutOff ?? 0) + byTestPrice(priced));
}

function assertEnd(events: readonly AgentEvent[], expected: Expectation): void {
  const end = ofType(events, 'end').at(-1);
  assert.equal(end?.ok === true ? 'ok' : end?.cause, expected.end);
  assert.equal(end?.ok === true && end.idle === true, expected.idle === true);
  if (expected.reason !== undefined) assert.ok(end?.reason?.includes(expected.reason), end?.reason);
}

function assertNotices(events: readonly AgentEvent[], expected: Expectation): void {
  const retries = ofType(events, 'retry');
  assert.equal(retries.length, expected.retries ?? 0);
  for (const { cause } of retries) assert.equal(cause, expected.retryCause);
  assert.deepEqual(
    ofType(events, 'denied').map(({ tool }) => tool),
    expected.denied === undefined ? [] : [expected.denied],
  );
  assert.deepEqual(
    ofType(events, 'limit').map(({ until }) => until),
    expected.limit === undefined ? [] : [limitTime(expected.limit)],
  );
  const [account] = ofType(events, 'account');
  assert.equal(account?.pays === 'login' ? 'login' : account?.from, expected.payer);
  const warnings = ofType(events, 'warning').map(({ text }) => text);
  if (expected.warning !== undefined) assert.ok(warnings.some((text) => text.includes(expected.warning ?? '')));
}

/** By the round prices of the tests, in 10⁻⁹ USD. */
function byTestPrice(tokens: readonly [number, number, number, number] = [0, 0, 0, 0]): number {
  const [input, cachedInput, cacheWrite, output] = tokens;
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
