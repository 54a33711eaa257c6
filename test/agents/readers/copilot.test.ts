import assert from 'node:assert/strict';
import type { Json } from '../../../src/core/model/agentEvent.ts';
import { read, stateAfter, verdictOf } from '../support/read.ts';
import { costIn, ofType, readAll, readerOf, recording, TEST_PRICE } from '../support/streams.ts';

describe('copilot', () => {
  it('R6.6 the report counts over the session: a resumed attempt is billed for what was added', () => {
    const state = stateAfter('copilot-report');
    const events = readAll(recording('copilot-report-resumed'), readerOf('copilot', undefined, { state }));
    assert.deepEqual(ofType(events, 'usage')[0]?.tokens, {
      input: 1512,
      cachedInput: 14000,
      cacheWrite: 0,
      output: 42,
    });
  });

  it('R6.6 a report without tokens of a model leaves its counter as it was', () => {
    const usage = (inputTokens: unknown) =>
      JSON.stringify({ modelMetrics: { 'gpt-5': { usage: { inputTokens, outputTokens: 0 } } } });
    const inputs = (text: string, before?: Json) => {
      const reader = readerOf('copilot', undefined, before === undefined ? undefined : { state: before });
      const events = reader.end({ exitCode: 0 }, '', text);
      return { state: reader.state(), inputs: ofType(events, 'usage').map(({ tokens }) => tokens.input) };
    };
    const first = inputs(usage(100));
    const second = inputs(usage(null), first.state);
    const third = inputs(usage(250), second.state);
    assert.deepEqual([first.inputs, second.inputs, third.inputs], [[100], [], [150]]);
  });

  it('R6.6 D8 if the session’s past is unknown, its report is the base, and the run’s cost is unknown', () => {
    const report = (inputTokens: number) =>
      JSON.stringify({ modelMetrics: { 'gpt-5': { usage: { inputTokens, outputTokens: 0 } } } });
    const reader = readerOf('copilot', undefined, {});
    const [cost] = ofType(reader.end({ exitCode: 0 }, '', report(1_000_000)), 'cost');
    assert.equal(cost?.source, 'unknown');
    const next = readerOf('copilot', undefined, { state: reader.state() });
    assert.equal(ofType(next.end({ exitCode: 0 }, '', report(1_000_100)), 'usage')[0]?.tokens.input, 100);
  });

  describe('R6.6 AI credits, at a hundredth of a dollar each', () => {
    const usage = { inputTokens: 1000, outputTokens: 10 };
    const report = (credits: number, status?: string) =>
      JSON.stringify({ totalNanoAiu: credits * 1e9, aiCreditsStatus: status, modelMetrics: { 'gpt-5': { usage } } });
    const cost = (text: string, state?: Json) => {
      const reader = readerOf('copilot', undefined, state === undefined ? undefined : { state });
      const [event] = ofType(reader.end({ exitCode: 0 }, '', text), 'cost');
      return { state: reader.state(), told: [event?.cost, event?.source, event?.atLeast] };
    };

    it('are its cost where the report is complete', () => {
      assert.deepEqual(cost(report(12.5, 'complete')).told, [125_000_000, 'reported', undefined]);
      assert.deepEqual(cost(report(0, 'complete')).told, [0, 'reported', undefined]);
    });
    it('are at least its cost where it is partial', () =>
      assert.deepEqual(cost(report(3, 'partial')).told, [30_000_000, 'reported', true]));
    it('a zero that is unavailable is no zero: the tokens are priced', () =>
      assert.equal(cost(report(0, 'unavailable')).told[1], 'priced'));
    it('count over the session: a resumed run is billed for what was added', () => {
      const { state } = cost(report(12.5, 'complete'));
      assert.deepEqual(cost(report(14, 'complete'), state).told, [15_000_000, 'reported', undefined]);
    });
  });

  describe('D12 without a report', () => {
    const call = { type: 'model.call_finished', data: { outcome: 'success' } };
    const message = { type: 'assistant.message', data: { messageId: 'm', model: 'gpt-5', content: 'x'.repeat(400) } };
    const calls = (count: number) => Array.from({ length: count }, () => [call, message]).flat();

    it('R6.10 what its calls cost accrues', () => {
      const accrued = ofType(read('copilot', calls(500), { signal: 'SIGKILL' }), 'accrued').map(({ cost }) => cost);
      assert.ok(accrued.every((cost, at) => cost > (accrued[at - 1] ?? 0)));
      assert.ok(accrued.length >= 500);
    });
    it('R6.6 a run that worked is not free: its calls are estimated', () => {
      const [cost] = ofType(read('copilot', calls(500), { signal: 'SIGKILL' }), 'cost');
      assert.equal(cost?.source, 'unknown');
      assert.ok((cost?.cost ?? 0) > 500 * 1_000 * TEST_PRICE.cachedInput * 1000);
    });
    it('R6.6 one that got no answer cost nothing', () => {
      const failed = { type: 'model.call_finished', data: { outcome: 'error' } };
      assert.equal(costIn(read('copilot', [failed], { exitCode: 1 })), 0);
    });
    it('R6.10 the tokens of a call count if it reports them', () => {
      const usage = {
        type: 'assistant.usage',
        data: { model: 'gpt-5', inputTokens: 1000, cacheReadTokens: 400, outputTokens: 10 },
      };
      const [accrued] = ofType(read('copilot', [usage]), 'accrued');
      assert.equal(
        accrued?.cost,
        (600 * TEST_PRICE.input + 400 * TEST_PRICE.cachedInput + 10 * TEST_PRICE.output) * 1000,
      );
    });
  });

  it('a result that says 0 after an abort is an abort', () => {
    const end = verdictOf(
      read('copilot', [
        { type: 'abort', data: {} },
        { type: 'result', sessionId: 's', exitCode: 0 },
      ]),
    );
    assert.equal(end?.ok === false && end.cause, 'aborted');
  });

  it('an error of the session is the reason, with or without a result', () => {
    const error = { type: 'session.error', data: { errorType: 'authentication', message: 'no', statusCode: 401 } };
    for (const messages of [[error], [error, { type: 'result', exitCode: 1 }]]) {
      const end = verdictOf(read('copilot', messages, { exitCode: 1 }));
      assert.equal(end?.ok === false && end.cause, 'auth');
    }
  });

  it('a quota that is used up is a limit', () => {
    const error = { type: 'session.error', data: { errorType: 'quota', message: 'No premium requests left' } };
    assert.equal(ofType(read('copilot', [error, { type: 'result', exitCode: 1 }], { exitCode: 1 }), 'limit').length, 1);
  });

  it('a streamed message is not repeated; one that was not streamed is shown', () => {
    const whole = (messageId: string, content: string) => ({ type: 'assistant.message', data: { messageId, content } });
    const events = read('copilot', [
      { type: 'assistant.message_delta', data: { messageId: 'a', deltaContent: 'hi' } },
      whole('a', 'hi'),
      whole('b', 'there'),
    ]);
    assert.deepEqual(
      ofType(events, 'text').map(({ text, delta }) => [text, delta]),
      [
        ['hi', true],
        ['there', false],
      ],
    );
  });

  it('exit 0 without a result is a failure', () => {
    assert.equal(verdictOf(read('copilot', []))?.ok, false);
  });
});
