import assert from 'node:assert/strict';
import { causeIn, read, verdictOf } from '../support/read.ts';
import { costIn, ofType, readAll, recording, TEST_PRICE } from '../support/streams.ts';

describe('pi', () => {
  const usage = (total: number) => ({ input: 10, output: 20, cacheRead: 30, cacheWrite: 40, cost: { total } });
  const message = (rest: object) => ({
    role: 'assistant',
    model: 'm',
    content: [{ type: 'text', text: 'hi' }],
    ...rest,
  });
  const started = { type: 'message_start', message: message({ content: [], usage: usage(0.01) }) };
  const ended = (rest: object = {}) => ({
    type: 'message_end',
    message: message({ stopReason: 'stop', usage: usage(0.25), ...rest }),
  });
  const piece = (delta: string, total = 0.02) => ({
    type: 'message_update',
    usage: usage(total),
    assistantMessageEvent: { type: 'text_delta', delta },
  });
  const settled = { type: 'agent_settled', aborted: false };

  it('R6.6 each message is billed as it says', () => {
    const events = read('pi', [started, ended({ stopReason: 'toolUse' }), started, ended(), settled]);
    assert.equal(costIn(events), 500_000_000);
    assert.equal(verdictOf(events)?.ok, true);
  });

  it('R6.6 D10 tokens of a model without a price are priced', () => {
    const [cost] = ofType(read('pi', [started, ended({ usage: usage(0) })]), 'cost');
    const { input, cachedInput, cacheWrite, output } = TEST_PRICE;
    assert.deepEqual(
      [cost?.source, cost?.cost],
      ['priced', (10 * input + 30 * cachedInput + 40 * cacheWrite + 20 * output) * 1000],
    );
  });

  it('R6.6 a message without tokens and cost is unknown if it says or does anything, and free if it failed', () => {
    const sources = (rest: object) =>
      ofType(read('pi', [started, ended({ usage: undefined, ...rest })]), 'cost').map(({ cost, source }) => [
        cost,
        source,
      ]);
    assert.deepEqual(sources({}), [[0, 'unknown']]);
    assert.deepEqual(sources({ content: [{ type: 'toolCall', id: 'c', name: 'bash' }] }), [[0, 'unknown']]);
    assert.deepEqual(sources({ content: [], stopReason: 'error' }), [[0, 'reported']]);
  });

  it('R6.10 a message accrues as it grows, and an interrupted one is billed as far as it got', () => {
    const events = read('pi', [started, piece('a', 0.02), piece('b', 0.03)], { signal: 'SIGKILL' });
    assert.deepEqual(
      ofType(events, 'accrued').map(({ cost }) => cost),
      [20_000_000, 30_000_000],
    );
    assert.deepEqual(
      ofType(events, 'cost').map(({ cost, source, atLeast }) => [cost, source, atLeast]),
      [[30_000_000, 'priced', true]],
    );
  });

  it('a streamed message is not repeated; one that was not streamed is shown', () => {
    const events = read('pi', [started, piece('h'), piece('i'), ended(), started, ended()]);
    assert.deepEqual(
      ofType(events, 'text').map(({ text, delta }) => [text, delta]),
      [
        ['h', true],
        ['i', true],
        ['hi', false],
      ],
    );
  });

  it('a summary of the conversation costs, too', () => {
    const events = read('pi', [{ type: 'compaction_end', result: { usage: usage(0.125) } }]);
    assert.equal(costIn(events), 125_000_000);
  });

  const ends: readonly [what: string, messages: readonly object[], cause: string][] = [
    ['stop', [ended(), settled], 'ok'],
    ['stop, without a settled event', [ended()], 'ok'],
    ['a length', [ended({ stopReason: 'length' }), settled], 'task'],
    ['a tool', [ended({ stopReason: 'toolUse' }), settled], 'task'],
    ['an abort', [ended(), { type: 'agent_settled', aborted: true }], 'aborted'],
    [
      'an outage',
      [ended({ stopReason: 'error', errorMessage: '529 {"error":{"message":"Overloaded"}}' }), settled],
      'provider',
    ],
    [
      'no credit',
      [ended({ stopReason: 'error', errorMessage: '402 {"error":{"message":"Pay"}}' }), settled],
      'billing',
    ],
    ['nothing', [], 'task'],
  ];
  for (const [what, messages, cause] of ends) {
    it(`exit 0 after ${what} is of the cause ${cause}`, () => assert.equal(causeIn(read('pi', messages)), cause));
  }

  it('a limit of its provider is one', () => {
    const errorMessage = '429 {"error":{"message":"You have hit your usage limit. Try again in 2 hours."}}';
    const events = read('pi', [ended({ stopReason: 'error', errorMessage }), settled]);
    assert.equal(ofType(events, 'limit').length, 1);
  });

  it('R14 a retry reports what stands in its way', () => {
    const retry = {
      type: 'auto_retry_start',
      attempt: 1,
      maxAttempts: 3,
      delayMs: 2000,
      errorMessage: '401 {"error":{"message":"no"}}',
    };
    assert.deepEqual(ofType(read('pi', [retry]), 'retry'), [
      { type: 'retry', attempt: 1, maxAttempts: 3, delayMs: 2000, cause: 'auth', reason: 'no' },
    ]);
  });

  it('a tool that fails is not ok', () => {
    const results = ofType(
      read('pi', [
        { type: 'tool_execution_end', toolCallId: 'c', toolName: 'bash', isError: true, result: { content: [] } },
      ]),
      'toolResult',
    );
    assert.equal(results[0]?.ok, false);
  });

  it('words of the system and the user are not its own', () => {
    assert.deepEqual(
      ofType(readAll(recording('pi-slash')), 'text')
        .map(({ text }) => text)
        .join(''),
      'The answer is 42. All tasks in the plan are done.',
    );
  });
});
