import assert from 'node:assert/strict';
import { causeIn, read, verdictOf } from '../support/read.ts';
import { ofType, TEST_PRICE, testCatalog } from '../support/streams.ts';

describe('opencode', () => {
  const start = { type: 'step_start', sessionID: 's', part: {} };
  const finish = (reason: string, rest: object = {}) => ({
    type: 'step_finish',
    sessionID: 's',
    part: { reason, cost: 0.25, tokens: { input: 1, output: 2, reasoning: 3, cache: { read: 4, write: 5 } }, ...rest },
  });
  const text = { type: 'text', sessionID: 's', part: { text: 'hello' } };

  const ends: readonly [what: string, messages: readonly object[], ok: boolean, reason: RegExp][] = [
    ['stop', [start, text, finish('stop')], true, /^finished$/],
    ['stop after a tool', [start, finish('tool-calls'), start, text, finish('stop')], true, /^finished$/],
    ['tool calls', [start, finish('tool-calls')], false, /after a tool call, without an answer/],
    ['a length', [start, text, finish('length')], false, /limit of output/],
    ['a content filter', [start, finish('content-filter')], false, /content filter/],
    ['no step', [], false, /without an answer/],
    ['a step that goes on', [start, text], false, /in the middle of a step/],
    ['an unknown reason with an answer', [start, text, finish('unknown')], true, /^finished$/],
    ['an unknown reason without one', [start, finish('unknown')], false, /without an answer \(unknown\)/],
  ];
  for (const [what, messages, ok, reason] of ends) {
    it(`exit 0 after ${what}: ${ok ? 'done' : 'not done'}`, () => {
      const end = verdictOf(read('opencode', messages));
      assert.equal(end?.ok, ok);
      assert.match(end?.reason ?? '', reason);
    });
  }

  it('R6.6 each step is billed as it says, and else priced', () => {
    const events = read('opencode', [start, finish('tool-calls'), start, finish('stop', { cost: undefined })]);
    assert.deepEqual(
      ofType(events, 'cost').map(({ cost, source }) => [cost, source]),
      [
        [250_000_000, 'reported'],
        [
          Math.round(
            (1 * TEST_PRICE.input + 4 * TEST_PRICE.cachedInput + 5 * TEST_PRICE.cacheWrite + 5 * TEST_PRICE.output) *
              1000,
          ),
          'priced',
        ],
      ],
    );
  });

  it('an error that the agent got over is none', () => {
    const error = {
      type: 'error',
      sessionID: 's',
      error: { name: 'APIError', data: { message: 'x', statusCode: 500 } },
    };
    assert.equal(verdictOf(read('opencode', [start, error, start, text, finish('stop')]))?.ok, true);
    assert.equal(verdictOf(read('opencode', [start, error], { exitCode: 1 }))?.ok, false);
  });

  const errors: readonly [error: unknown, cause: string][] = [
    [{ name: 'ProviderAuthError', data: { message: 'no key' } }, 'auth'],
    [{ name: 'ProviderModelNotFoundError', data: {} }, 'config'],
    [{ name: 'MessageAbortedError', data: { message: 'aborted' } }, 'aborted'],
    [{ name: 'APIError', data: { message: 'Overloaded', statusCode: 529 } }, 'provider'],
    ['just a text', 'task'],
    [undefined, 'task'],
  ];
  for (const [error, cause] of errors) {
    it(`${JSON.stringify(error)} is of the cause ${cause}`, () => {
      const end = verdictOf(read('opencode', [{ type: 'error', sessionID: 's', error }], { exitCode: 1 }));
      assert.equal(end?.ok === false && end.cause, cause);
    });
  }

  it('R6.6 D10 a step with tokens and a cost of 0 is not free', () => {
    const tokens = { input: 1_000_000, output: 0, reasoning: 0, cache: { read: 0, write: 0 } };
    const [cost] = ofType(read('opencode', [start, finish('stop', { cost: 0, tokens })]), 'cost');
    assert.deepEqual([cost?.source, cost?.cost], ['priced', TEST_PRICE.input * 1e9]);
    assert.match(cost?.note ?? '', /no price/);
    const none = { input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } };
    assert.equal(
      ofType(read('opencode', [start, finish('stop', { cost: 0, tokens: none })]), 'cost')[0]?.source,
      'reported',
    );
  });

  it('R6.6 a step that worked and names neither tokens nor a cost is unknown, unless its model is free', () => {
    const none = { cost: 0, tokens: { input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } } };
    const tool = {
      type: 'tool_use',
      sessionID: 's',
      part: { callID: 'c', tool: 'bash', state: { status: 'completed', input: { command: 'ls' } } },
    };
    for (const work of [text, tool])
      for (const rest of [none, { cost: undefined, tokens: undefined }]) {
        const costs = ofType(read('opencode', [start, work, finish('stop', rest)]), 'cost');
        assert.deepEqual(
          costs.map(({ cost, source }) => [cost, source]),
          [[0, 'unknown']],
        );
      }
    const free = {
      prices: { 'stub-1': { input: 0, output: 0 } },
      agents: { o: { extends: 'opencode', model: 'x/stub-1' } },
    };
    const reader = testCatalog(free).catalog.find('o')!.reader();
    const events = [start, text, finish('stop', none)].flatMap((one) => reader.line(JSON.stringify(one)));
    assert.deepEqual(
      ofType(events, 'cost').map(({ cost, source }) => [cost, source]),
      [[0, 'reported']],
    );
  });

  describe('R6.6 D9 sub-agents', () => {
    const task = {
      type: 'tool_use',
      sessionID: 's',
      part: { callID: 'c', tool: 'task', state: { status: 'completed' } },
    };
    const child = { ...finish('stop'), sessionID: 'child' };
    const marks = (messages: readonly object[]) =>
      ofType(read('opencode', messages), 'cost').map(({ atLeast }) => atLeast === true);

    it('what they cost is left out: at least', () =>
      assert.deepEqual(marks([start, task, finish('tool-calls')]), [true]));
    it('where their steps are in the stream nothing is left out', () =>
      assert.deepEqual(marks([start, task, child, finish('stop')]), [false, false]));
    it('without one nothing is', () => assert.deepEqual(marks([start, finish('stop')]), [false]));
  });

  describe('D11 the first session of a process stays', () => {
    const of = (message: object, sessionID: string) => ({ ...message, sessionID });

    it('it is the one to continue', () => {
      const events = read('opencode', [of(start, 'main'), of(start, 'child'), of(finish('stop'), 'child')]);
      assert.deepEqual(
        ofType(events, 'session').map(({ sessionId }) => sessionId),
        ['main'],
      );
    });
    it("a sub-agent's end and words are not those of the run", () => {
      const events = read('opencode', [
        of(start, 'main'),
        of(start, 'child'),
        of(text, 'child'),
        of(finish('stop'), 'child'),
      ]);
      assert.equal(verdictOf(events)?.ok, false);
      assert.equal(ofType(events, 'text').length, 0);
    });
    it("a sub-agent's error does not fail the run", () => {
      const error = { type: 'error', sessionID: 'child', error: { name: 'APIError', data: { message: 'x' } } };
      assert.equal(
        verdictOf(read('opencode', [of(start, 'main'), error, of(text, 'main'), of(finish('stop'), 'main')]))?.ok,
        true,
      );
    });
  });

  it('R6.6 a step that was cut off is unknown, never free', () => {
    const costs = ofType(read('opencode', [start, finish('tool-calls'), start], { signal: 'SIGTERM' }), 'cost');
    assert.deepEqual(
      costs.map(({ source }) => source),
      ['reported', 'unknown'],
    );
  });

  it('an error without a reason is an unknown model before the first step, and the log names it', () => {
    const vague = { type: 'error', sessionID: 's', error: { name: 'UnknownError', data: { message: 'Unexpected' } } };
    assert.equal(causeIn(read('opencode', [vague], { exitCode: 1 })), 'config');
    assert.equal(causeIn(read('opencode', [start, vague], { exitCode: 1 })), 'task');
    const log = 'level=ERROR message=failed error="ProviderAuthError: no key for x." cause="y"\n';
    const events = read('opencode', [vague], { exitCode: 1 }, log);
    assert.equal(causeIn(events), 'auth');
    assert.match(verdictOf(events)?.reason ?? '', /no key for x/);
  });
});
