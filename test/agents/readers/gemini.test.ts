import assert from 'node:assert/strict';
import { read, verdictOf } from '../support/read.ts';
import { NOW, ofType } from '../support/streams.ts';

describe('gemini', () => {
  const stats = (models: object) => ({ type: 'result', status: 'success', stats: { models } });
  const counts = { total_tokens: 130, input_tokens: 100, output_tokens: 20, cached: 60 };

  it('R6.6 tokens by model; thoughts are output; a second result is billed for what it added', () => {
    const events = read('gemini', [
      stats({ pro: counts, flash: counts }),
      stats({ pro: { ...counts, total_tokens: 150, input_tokens: 110 }, flash: counts }),
    ]);
    assert.deepEqual(
      ofType(events, 'usage').map(({ model, tokens }) => [model, tokens.input, tokens.cachedInput, tokens.output]),
      [
        ['pro', 40, 60, 30],
        ['flash', 40, 60, 30],
        ['pro', 10, 0, 10],
      ],
    );
  });

  it('R6.6 without models the statistics are those of the model it began with', () => {
    const events = read('gemini', [
      { type: 'init', session_id: 's', model: 'pro' },
      { type: 'result', status: 'success', stats: counts },
    ]);
    assert.equal(ofType(events, 'usage')[0]?.model, 'pro');
  });

  const errors: readonly [error: object | undefined, cause: string, reason: RegExp][] = [
    [{ type: 'FatalTurnLimitedError', message: 'Reached max session turns' }, 'turns', /max session turns/],
    [{ type: 'FatalCancellationError', message: 'Operation cancelled.' }, 'aborted', /Operation cancelled/],
    [{ type: 'ModelNotFoundError', message: 'gone' }, 'config', /gone/],
    [
      { type: 'unknown', message: '[API Error: {"error":{"code":503,"message":"Busy","status":"UNAVAILABLE"}}]' },
      'provider',
      /HTTP 503, Busy/,
    ],
    [
      {
        type: 'unknown',
        message:
          '[API Error: You exceeded your current quota, please check your plan and billing details. ' +
          '(Status: RESOURCE_EXHAUSTED) "code": 429]',
      },
      'provider',
      /current quota/,
    ],
    [undefined, 'task', /the stream was empty/],
  ];
  for (const [error, cause, reason] of errors) {
    it(`${JSON.stringify(error)?.slice(0, 80)} is of the cause ${cause}`, () => {
      const events = read(
        'gemini',
        [
          { type: 'error', severity: 'error', message: 'the stream was empty' },
          { type: 'result', status: 'error', error, stats: {} },
        ],
        { exitCode: 1 },
      );
      const end = verdictOf(events);
      assert.equal(end?.ok === false && end.cause, cause);
      assert.match(end?.reason ?? '', reason);
    });
  }

  it('a quota that is used up is a limit, until it resets', () => {
    const error = {
      type: 'TerminalQuotaError',
      message: 'You have exhausted your capacity on this model. Your quota will reset after 1h.',
    };
    const [limit] = ofType(read('gemini', [{ type: 'result', status: 'error', error }], { exitCode: 1 }), 'limit');
    assert.equal(limit?.until, NOW + 3_600_000);
  });

  const exits: readonly [code: number, cause: string | undefined][] = [
    [41, 'auth'],
    [52, 'config'],
    [53, 'turns'],
    [55, 'config'],
    [130, 'aborted'],
    [401 % 256, 'auth'],
    [404 % 256, 'config'],
    [429 % 256, 'provider'],
    [500 % 256, 'provider'],
    [1, undefined],
    [0, 'aborted'],
  ];
  for (const [exitCode, cause] of exits) {
    it(`exit code ${exitCode} without a word is of the cause ${cause}`, () => {
      const end = verdictOf(read('gemini', [], { exitCode }));
      assert.equal(end?.ok === false ? end.cause : undefined, cause);
    });
  }

  it('a call that a policy forbids is denied, by its name', () => {
    const events = read('gemini', [
      { type: 'tool_use', tool_name: 'run_shell_command', tool_id: '1', parameters: { command: 'ls' } },
      {
        type: 'tool_result',
        tool_id: '1',
        status: 'error',
        error: { type: 'policy_violation', message: 'denied by policy' },
      },
      { type: 'result', status: 'success', stats: {} },
    ]);
    assert.deepEqual(ofType(events, 'denied'), [
      { type: 'denied', tool: 'run_shell_command', reason: 'denied by policy' },
    ]);
    assert.equal(verdictOf(events)?.reason, 'finished, but a tool call was not allowed');
  });
});
