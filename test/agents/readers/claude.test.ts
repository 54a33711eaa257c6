import assert from 'node:assert/strict';
import { read, stateAfter, verdictOf } from '../support/read.ts';
import { costIn, NOW, ofType, readAll, readerOf, recording, TEST_PRICE } from '../support/streams.ts';

describe('claude', () => {
  const ok = {
    type: 'result',
    subtype: 'success',
    is_error: false,
    terminal_reason: 'completed',
    result: 'x',
    session_id: 's',
  };
  const failed = { ...ok, is_error: true, terminal_reason: 'api_error' };
  const model = (costUSD: unknown) => ({
    inputTokens: 10,
    outputTokens: 20,
    cacheReadInputTokens: 30,
    cacheCreationInputTokens: 40,
    costUSD,
  });

  it('R6.6 bills the figures of a result, over all models, and never the total', () => {
    const events = read('claude', [
      { ...ok, total_cost_usd: 9.5, model_usage_since_last_result: { a: model(0.1), b: model(0.2) } },
    ]);
    assert.deepEqual(
      ofType(events, 'cost').map(({ cost, source }) => [cost, source]),
      [[300_000_000, 'reported']],
    );
  });

  it('R6.6 without that, how much the total grew within the process', () => {
    const events = read('claude', [
      { ...ok, total_cost_usd: 0.1 },
      { ...ok, total_cost_usd: 0.25 },
    ]);
    assert.deepEqual(
      ofType(events, 'cost').map(({ cost }) => cost),
      [100_000_000, 150_000_000],
    );
  });

  it('R6.6 D7 resumed and without that: the result is priced by its tokens, else its total is a guess', () => {
    const first = readerOf('claude');
    first.line(JSON.stringify({ ...ok, total_cost_usd: 0.279 }));
    const usage = { input_tokens: 100, cache_read_input_tokens: 1000, output_tokens: 10 };
    const costs = (result: object) =>
      ofType(read('claude', [{ ...ok, ...result }], { exitCode: 0 }, '', { state: first.state() }), 'cost').map(
        ({ cost, source }) => [cost, source],
      );
    const priced = (100 * TEST_PRICE.input + 1000 * TEST_PRICE.cachedInput + 10 * TEST_PRICE.output) * 1000;
    assert.deepEqual(costs({ total_cost_usd: 0.4, usage }), [[priced, 'priced']]);
    assert.deepEqual(costs({ total_cost_usd: 0.4 }), [[400_000_000, 'unknown']]);
  });

  it('R6.6 a turn that names neither tokens nor a cost is unknown if it said anything', () => {
    const said = { type: 'assistant', session_id: 's', message: { id: 'm', content: [{ type: 'text', text: 'hi' }] } };
    const costs = (messages: readonly object[]) =>
      ofType(read('claude', messages), 'cost').map(({ cost, source }) => [cost, source]);
    const nothing = { ...ok, total_cost_usd: undefined };
    assert.deepEqual(costs([said, nothing]), [[0, 'unknown']]);
    assert.deepEqual(costs([said, { ...ok, total_cost_usd: '0,40 €' }]), [[0, 'unknown']]);
    assert.deepEqual(costs([nothing]), [[0, 'unknown']]);
    assert.deepEqual(costs([{ ...nothing, result: '' }]), [[0, 'priced']]);
  });

  it('R6.6 a second result of that process is billed for what its total grew', () => {
    const messages = [
      { ...ok, total_cost_usd: 0.4 },
      { ...ok, total_cost_usd: 0.5 },
    ];
    const costs = ofType(read('claude', messages, { exitCode: 0 }, '', { state: null }), 'cost');
    assert.deepEqual([costs[1]?.cost, costs[1]?.source], [100_000_000, 'reported']);
  });

  it('R6.6 a total that started over counts in full', () => {
    const first = readerOf('claude');
    first.line(JSON.stringify({ ...ok, total_cost_usd: 0.4 }));
    assert.equal(
      costIn(read('claude', [{ ...ok, total_cost_usd: 0.1 }], { exitCode: 0 }, '', { state: first.state() })),
      100_000_000,
    );
  });

  it('R6.6 a resumed session of which nothing is known is priced by its tokens, and says so', () => {
    const usage = {
      input_tokens: 100,
      cache_read_input_tokens: 1000,
      cache_creation_input_tokens: 0,
      output_tokens: 10,
    };
    const [cost] = ofType(read('claude', [{ ...ok, total_cost_usd: 7, usage }], { exitCode: 0 }, '', {}), 'cost');
    assert.equal(cost?.source, 'priced');
    assert.equal(cost?.cost, (100 * TEST_PRICE.input + 1000 * TEST_PRICE.cachedInput + 10 * TEST_PRICE.output) * 1000);
    assert.ok(cost?.note);
  });

  for (const bad of [-1, 'free', null, 1e300, {}]) {
    it(`R6.6 a reported cost of ${JSON.stringify(bad)} is not counted, and a warning says so`, () => {
      const events = read('claude', [{ ...ok, total_cost_usd: 0.5, model_usage_since_last_result: { a: model(bad) } }]);
      assert.equal(costIn(events), 500_000_000);
      assert.ok(ofType(events, 'warning').some(({ text }) => text.includes('not counted')));
    });
  }

  it('R6.6 turns that the session knows and no result reported: what they cost replaces what was priced', () => {
    const state = stateAfter('claude-sigterm-tool');
    const [cost] = ofType(
      readAll(recording('claude-sigterm-tool-resumed'), readerOf('claude', undefined, { state })),
      'cost',
    );
    assert.equal(cost?.cost, 11_188_000);
    assert.equal(cost?.earlier, 12_088_000);
  });

  it('R6.6 turns that the session does not know (after SIGKILL): what was priced stays', () => {
    const reader = readerOf('claude', undefined, { state: stateAfter('claude-sigkill-tool') });
    const [cost] = ofType(readAll(recording('claude-resume-after-sigterm'), reader), 'cost');
    assert.equal(cost?.earlier, undefined);
    // The same where an attempt before the killed one has reported: the session knows that one only.
    const reported = stateAfter('claude-success-stdin');
    const killed = stateAfter('claude-sigkill-tool', { state: reported });
    const [later] = ofType(
      readAll(recording('claude-resume'), readerOf('claude', undefined, { state: killed })),
      'cost',
    );
    assert.equal(later?.cost, 11_188_000);
    assert.equal(later?.earlier, undefined);
  });

  it('subtype success with is_error is a failure', () => {
    assert.equal(verdictOf(read('claude', [{ ...failed, result: 'boom' }], { exitCode: 1 }))?.ok, false);
  });

  const failures: readonly [
    what: string,
    result: object,
    assistantError: string | undefined,
    cause: string,
    reason: RegExp,
  ][] = [
    [
      'an unknown model',
      { api_error_status: 404, result: 'model: claude-9 not found' },
      undefined,
      'config',
      /HTTP 404/,
    ],
    [
      'an unknown model by its kind',
      { result: 'There is an issue with the selected model' },
      'model_not_found',
      'config',
      /selected model/,
    ],
    ['no permission', { api_error_status: 403, result: 'Forbidden' }, undefined, 'auth', /\/login/],
    ['overload', { api_error_status: 529, result: 'Overloaded' }, undefined, 'provider', /Overloaded/],
    [
      'a request too large',
      { api_error_status: 413, result: 'Request too large' },
      undefined,
      'task',
      /Request too large/,
    ],
    [
      'an expired login',
      { result: 'OAuth token has expired · Please run /login' },
      undefined,
      'auth',
      /OAuth token has expired/,
    ],
    [
      'an unknown kind',
      { subtype: 'error_from_the_future', result: undefined, errors: ['odd'] },
      undefined,
      'task',
      /odd/,
    ],
    [
      'nothing at all',
      { subtype: undefined, result: undefined, terminal_reason: undefined },
      undefined,
      'task',
      /no reason was given/,
    ],
    [
      'a refused rate',
      { api_error_status: 429, result: 'Too many requests; see your plan and billing' },
      'rate_limit',
      'provider',
      /Too many/,
    ],
  ];
  for (const [what, result, assistantError, cause, reason] of failures) {
    it(`${what} is of the cause ${cause}`, () => {
      const said =
        assistantError === undefined
          ? []
          : [
              {
                type: 'assistant',
                message: { id: 'm', content: [] },
                error: assistantError,
                is_api_error_message: true,
              },
            ];
      const end = verdictOf(read('claude', [...said, { ...failed, ...result }], { exitCode: 1 }));
      assert.equal(end?.ok === false && end.cause, cause);
      assert.match(end?.reason ?? '', reason);
    });
  }

  describe('usage windows', () => {
    const info = { status: 'rejected', resetsAt: NOW / 1000 + 3600, rateLimitType: 'five_hour', isUsingOverage: false };
    const event = (change: object) => ({
      type: 'rate_limit_event',
      rate_limit_info: { ...info, ...change },
      session_id: 's',
    });
    const limits = (messages: readonly object[]) => ofType(read('claude', messages, { exitCode: 1 }), 'limit');

    it('R14.4 one that rejects is a limit until its reset', () => {
      assert.deepEqual(limits([event({})]), [
        { type: 'limit', until: NOW + 3_600_000, reason: 'Claude Code has used up its five hour window' },
      ]);
    });
    it('a reset in milliseconds is one too', () =>
      assert.equal(limits([event({ resetsAt: NOW + 5 })])[0]?.until, NOW + 5));
    it('without a reset it has none', () =>
      assert.equal(limits([event({ resetsAt: undefined })])[0]?.until, undefined));
    it('R14.4 an impossible reset counts as none', () => {
      for (const resetsAt of [-5, NOW / 1000 - 86_400, NOW / 1000 + 1e9, 'soon'])
        assert.equal(limits([event({ resetsAt })])[0]?.until, undefined, String(resetsAt));
      assert.equal(limits([event({ resetsAt: NOW / 1000 - 5 })])[0]?.until, NOW);
    });
    it('the windows say how full they are', () => {
      const unifiedWindows = {
        five_hour: { utilization: 0.72, resetsAt: NOW / 1000 + 60 },
        seven_day: { utilization: 2 },
      };
      assert.deepEqual(ofType(read('claude', [event({ status: 'allowed', unifiedWindows })]), 'window'), [
        { type: 'window', name: 'five hour', used: 0.72, resetsAt: NOW + 60_000 },
        { type: 'window', name: 'seven day', used: 1 },
      ]);
    });
    it('a warning is only that', () => {
      const events = read('claude', [event({ status: 'allowed_warning', utilization: 0.85 }), ok]);
      assert.equal(ofType(events, 'limit').length, 0);
      assert.match(ofType(events, 'warning')[0]?.text ?? '', /five hour window .* \(85 %\)/);
    });
    for (const change of [
      { status: 'allowed', overageStatus: 'rejected' },
      { status: 'rejected', isUsingOverage: true, overageStatus: 'allowed' },
      { status: 'throttled' },
    ]) {
      it(`${JSON.stringify(change)} is no limit`, () => assert.deepEqual(limits([event(change)]), []));
    }
    it('overage that is used up too is one', () =>
      assert.equal(limits([event({ isUsingOverage: true, overageStatus: 'rejected' })]).length, 1));
    it('the words of the result do not override the time of the event', () => {
      const told = limits([event({}), { ...failed, api_error_status: 429, result: "You've hit your limit" }]);
      assert.deepEqual(
        told.map(({ until }) => until),
        [NOW + 3_600_000],
      );
    });
    it('the words of a result that failed are read without an event', () => {
      const [limit] = limits([{ ...failed, result: 'Claude AI usage limit reached|1795500000' }]);
      assert.equal(limit?.until, 1_795_500_000_000);
    });
    it('text and tool output of the agent are never taken for a limit', () => {
      const text = "You've hit your limit · resets 2pm (Asia/Shanghai)\nClaude AI usage limit reached|1795500000";
      const events = read('claude', [
        {
          type: 'assistant',
          message: {
            id: 'm',
            content: [
              { type: 'text', text },
              { type: 'tool_use', id: 't', name: 'Bash', input: { command: text } },
            ],
          },
        },
        {
          type: 'user',
          message: { content: [{ type: 'tool_result', tool_use_id: 't', content: text, is_error: true }] },
        },
        { ...ok, result: text },
      ]);
      assert.equal(ofType(events, 'limit').length, 0);
      assert.equal(verdictOf(events)?.ok, true);
    });
  });

  it('a streamed text is not repeated as a whole', () => {
    const events = readAll(recording('claude-partial'));
    assert.ok(ofType(events, 'text').every(({ delta }) => delta));
  });

  it("a subagent's tool calls are shown, its words are not", () => {
    const message = {
      id: 'm',
      model: 'x',
      content: [
        { type: 'text', text: 'inner' },
        { type: 'tool_use', id: 't', name: 'Read', input: { file_path: 'a.ts' } },
      ],
    };
    const events = read('claude', [{ type: 'assistant', message, parent_tool_use_id: 'toolu_1' }, ok]);
    assert.deepEqual(
      ofType(events, 'toolCall').map(({ summary }) => summary),
      ['a.ts'],
    );
    assert.ok(!ofType(events, 'text').some(({ text }) => text === 'inner'));
  });

  it('exit 0 without a result is a failure', () => {
    const end = verdictOf(read('claude', [{ type: 'system', subtype: 'init', session_id: 's' }]));
    assert.match(end?.reason ?? '', /ended without a result/);
  });

  it('a signal is left to the process', () => {
    assert.equal(verdictOf(read('claude', [], { signal: 'SIGKILL' })), undefined);
  });

  it('an unknown exit code is left to the process', () => {
    assert.equal(verdictOf(read('claude', [], { exitCode: 7 }, 'Segmentation fault\n')), undefined);
  });

  it('colours on standard error do not hide an error', () => {
    const end = verdictOf(read('claude', [], { exitCode: 1 }, "\u001b[31merror: unknown option '--x'\u001b[39m\r\n"));
    assert.equal(end?.ok === false && end.cause, 'config');
    assert.ok(!end?.reason?.includes('\u001b'));
  });

  describe('R14.5 D13 who pays', () => {
    const init = (apiKeySource: string) => ({ type: 'system', subtype: 'init', session_id: 's', apiKeySource });

    it('is the login, or a key with its source', () => {
      assert.deepEqual(ofType(read('claude', [init('none')]), 'account'), [{ type: 'account', pays: 'login' }]);
      assert.deepEqual(ofType(read('claude', [init('ANTHROPIC_API_KEY')]), 'account'), [
        { type: 'account', pays: 'key', from: 'ANTHROPIC_API_KEY' },
      ]);
      assert.deepEqual(ofType(read('claude', [init('none'), init('none')]), 'account').length, 1);
    });

    it('a change causes a warning, within a run and between runs of a session', () => {
      const change = /Another account pays .*: the key from ANTHROPIC_API_KEY, before the login/;
      const within = read('claude', [init('none'), init('ANTHROPIC_API_KEY')]);
      assert.ok(ofType(within, 'warning').some(({ text }) => change.test(text)));
      const first = readerOf('claude');
      first.line(JSON.stringify(init('none')));
      const later = read('claude', [init('ANTHROPIC_API_KEY')], { exitCode: 0 }, '', { state: first.state() });
      assert.ok(ofType(later, 'warning').some(({ text }) => change.test(text)));
      const same = read('claude', [init('none')], { exitCode: 0 }, '', { state: first.state() });
      assert.equal(ofType(same, 'warning').length, 0);
    });
  });

  describe('R5.6 E8 background tasks', () => {
    const started = { type: 'system', subtype: 'task_started', task_id: 'b1', description: 'npm run watch' };
    const ended = { type: 'system', subtype: 'task_notification', task_id: 'b1', status: 'completed' };
    const updated = (status: string) => ({ type: 'system', subtype: 'task_updated', task_id: 'b1', patch: { status } });

    it('open when they begin and close when they end', () => {
      for (const end of [
        ended,
        updated('killed'),
        { type: 'system', subtype: 'background_tasks_changed', tasks: [] },
      ]) {
        assert.deepEqual(
          ofType(read('claude', [started, updated('running'), end, end]), 'background').map(({ open, name }) => [
            open,
            name,
          ]),
          [
            [true, 'npm run watch'],
            [false, 'npm run watch'],
          ],
        );
      }
    });

    it('one still open at a success is named, and the run counts as finished all the same', () => {
      const events = read('claude', [started, ok]);
      assert.equal(verdictOf(events)?.ok, true);
      assert.match(verdictOf(events)?.reason ?? '', /npm run watch/);
      assert.ok(ofType(events, 'warning').some(({ text }) => text.includes('npm run watch')));
      assert.equal(verdictOf(read('claude', [started, ended, ok]))?.reason, 'finished');
    });

    it('a foreground task does not count', () => {
      assert.equal(ofType(read('claude', [{ ...started, is_backgrounded: false }]), 'background').length, 0);
    });
  });

  it('R14 a retry that cannot succeed says why', () => {
    const retry = (error: string, error_status?: number) => ({
      type: 'system',
      subtype: 'api_retry',
      error,
      error_status,
    });
    const causes = ofType(
      read('claude', [
        retry('authentication_failed', 401),
        retry('billing_error', 400),
        retry('odd', 402),
        retry('overloaded', 529),
        retry('unknown'),
      ]),
      'retry',
    ).map(({ cause }) => cause);
    assert.deepEqual(causes, ['auth', 'billing', 'billing', 'provider', 'provider']);
  });

  it('a fallback to another model causes a warning', () => {
    const fallback = {
      type: 'system',
      subtype: 'model_fallback',
      original_model: 'claude-a',
      fallback_model: 'claude-b',
    };
    assert.ok(ofType(read('claude', [fallback]), 'warning').some(({ text }) => /claude-a.*claude-b/.test(text)));
  });

  it('R6.10 what a turn costs accrues with its messages, and the result takes its place', () => {
    const events = readAll(recording('claude-n-tool'));
    const accrued = ofType(events, 'accrued').map(({ cost }) => cost);
    assert.ok(accrued.length >= 2 && accrued.every((cost, at) => cost >= (accrued[at - 1] ?? 0)), accrued.join());
  });
});
