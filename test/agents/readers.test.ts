import assert from 'node:assert/strict';
import type { AgentEvent, Json, ProcessExit } from '../../src/core/model/agentEvent.ts';
import type { SessionBefore } from '../../src/core/ports/agents.ts';
import {
  costIn,
  linesOf,
  NOW,
  ofType,
  readAll,
  readerOf,
  recording,
  TEST_PRICE,
  testCatalog,
} from './support/streams.ts';

/** Reads messages and then the end. */
function read(
  agent: string,
  messages: readonly object[],
  exit: ProcessExit = { exitCode: 0 },
  stderr = '',
  before?: SessionBefore,
): AgentEvent[] {
  const reader = readerOf(agent, undefined, before);
  return [...messages.flatMap((message) => reader.line(JSON.stringify(message))), ...reader.end(exit, stderr)];
}

/** The state after all of a recording was read. */
function stateAfter(name: string, before?: SessionBefore): Json {
  const run = recording(name);
  const reader = readerOf(run.agent, undefined, before);
  readAll(run, reader);
  return reader.state();
}

function endOf(events: readonly AgentEvent[]) {
  return ofType(events, 'end').at(-1);
}

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

  it('R6.6 bills what a result says of itself, over all models, and never the total', () => {
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

  it('R6.6 without that, and with an earlier attempt: how much the total grew since its last result', () => {
    const first = readerOf('claude');
    first.line(JSON.stringify({ ...ok, total_cost_usd: 0.4 }));
    const events = read('claude', [{ ...ok, total_cost_usd: 0.5 }], { exitCode: 0 }, '', { state: first.state() });
    assert.deepEqual(
      ofType(events, 'cost').map(({ cost, source }) => [cost, source]),
      [[100_000_000, 'reported']],
    );
  });

  it('R6.6 a total that began anew stands for itself', () => {
    const first = readerOf('claude');
    first.line(JSON.stringify({ ...ok, total_cost_usd: 0.4 }));
    assert.equal(
      costIn(read('claude', [{ ...ok, total_cost_usd: 0.1 }], { exitCode: 0 }, '', { state: first.state() })),
      100_000_000,
    );
  });

  it('R6.6 a resumed session of which nothing is known is estimated by its tokens, and says so', () => {
    const usage = {
      input_tokens: 100,
      cache_read_input_tokens: 1000,
      cache_creation_input_tokens: 0,
      output_tokens: 10,
    };
    const [cost] = ofType(read('claude', [{ ...ok, total_cost_usd: 7, usage }], { exitCode: 0 }, '', {}), 'cost');
    assert.equal(cost?.source, 'estimated');
    assert.equal(cost?.cost, (100 * TEST_PRICE.input + 1000 * TEST_PRICE.cachedInput + 10 * TEST_PRICE.output) * 1000);
    assert.ok(cost?.note);
  });

  for (const bad of [-1, 'free', null, 1e300, {}]) {
    it(`R6.6 a reported cost of ${JSON.stringify(bad)} is not counted, and said`, () => {
      const events = read('claude', [{ ...ok, total_cost_usd: 0.5, model_usage_since_last_result: { a: model(bad) } }]);
      assert.equal(costIn(events), 500_000_000);
      assert.ok(ofType(events, 'warning').some(({ text }) => text.includes('not counted')));
    });
  }

  it('R6.6 turns that the session knows and no result reported: what they cost replaces the estimate', () => {
    const state = stateAfter('claude-sigterm-tool');
    const [cost] = ofType(
      readAll(recording('claude-sigterm-tool-resumed'), readerOf('claude', undefined, { state })),
      'cost',
    );
    assert.equal(cost?.cost, 11_188_000);
    assert.equal(cost?.earlier, 12_088_000);
  });

  it('R6.6 turns that the session does not know (after SIGKILL): their estimate stays', () => {
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
    assert.equal(endOf(read('claude', [{ ...failed, result: 'boom' }], { exitCode: 1 }))?.ok, false);
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
      const end = endOf(read('claude', [...said, { ...failed, ...result }], { exitCode: 1 }));
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

    it('one that rejects is a limit until its reset', () => {
      assert.deepEqual(limits([event({})]), [
        { type: 'limit', until: NOW + 3_600_000, reason: 'Claude Code has used up its five hour window' },
      ]);
    });
    it('a reset in milliseconds is one too', () =>
      assert.equal(limits([event({ resetsAt: NOW + 5 })])[0]?.until, NOW + 5));
    it('without a reset it has none', () =>
      assert.equal(limits([event({ resetsAt: undefined })])[0]?.until, undefined));
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
    it('the words of the result do not take the time of the event away', () => {
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
    it('what the agent says, reads and finds is never taken for a limit', () => {
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
      assert.equal(endOf(events)?.ok, true);
    });
  });

  it('a text that came in pieces is not told again as a whole', () => {
    const events = readAll(recording('claude-partial'));
    assert.ok(ofType(events, 'text').every(({ delta }) => delta));
  });

  it("a subagent's tool calls are told, its words are not", () => {
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
    const end = endOf(read('claude', [{ type: 'system', subtype: 'init', session_id: 's' }]));
    assert.match(end?.reason ?? '', /ended without a result/);
  });

  it('a signal is told by the process, not by the agent', () => {
    assert.equal(endOf(read('claude', [], { signal: 'SIGKILL' })), undefined);
  });

  it('an exit code that nothing is known about is left to the process', () => {
    assert.equal(endOf(read('claude', [], { exitCode: 7 }, 'Segmentation fault\n')), undefined);
  });

  it('colours in what it says on standard error do not hide it', () => {
    const end = endOf(read('claude', [], { exitCode: 1 }, "\u001b[31merror: unknown option '--x'\u001b[39m\r\n"));
    assert.equal(end?.ok === false && end.cause, 'config');
    assert.ok(!end?.reason?.includes('\u001b'));
  });
});

describe('codex', () => {
  const usage = (input: number, cached: number, output: number) => ({
    type: 'turn.completed',
    usage: { input_tokens: input, cached_input_tokens: cached, output_tokens: output },
  });

  it("R6.6 the counter is the thread's: a resumed attempt is billed for what was added", () => {
    const state = stateAfter('codex-success-stdin');
    const events = readAll(recording('codex-resume'), readerOf('codex', undefined, { state }));
    assert.deepEqual(ofType(events, 'usage')[0]?.tokens, {
      input: 1512,
      cachedInput: 14000,
      cacheWrite: 0,
      output: 42,
    });
    assert.equal(costIn(events), costIn(readAll(recording('codex-success-stdin'))));
  });

  it('R6.6 also when an attempt in between was killed before its turn ended', () => {
    const killed = stateAfter('codex-sigkill-tool', { state: stateAfter('codex-success-stdin') });
    const events = readAll(recording('codex-resume'), readerOf('codex', undefined, { state: killed }));
    assert.equal(ofType(events, 'usage')[0]?.tokens.input, 1512);
  });

  it('R6.6 turns of one process are billed for what each added', () => {
    const events = read('codex', [usage(100, 0, 10), usage(250, 50, 30)]);
    assert.deepEqual(
      ofType(events, 'usage').map(({ tokens }) => [tokens.input, tokens.cachedInput, tokens.output]),
      [
        [100, 0, 10],
        [100, 50, 20],
      ],
    );
  });

  it('R6.6 a counter that began anew stands for itself', () => {
    assert.equal(ofType(read('codex', [usage(100, 0, 10), usage(40, 0, 5)]), 'usage')[1]?.tokens.input, 40);
  });

  it('R6.6 a turn that tells no counter is not billed, and the next one for what was added since the last that did', () => {
    for (const without of [
      { type: 'turn.completed' },
      { type: 'turn.completed', usage: null },
      { type: 'turn.completed', usage: { input_tokens: '100' } },
    ]) {
      const events = read('codex', [usage(100, 0, 10), without, usage(250, 0, 30)]);
      assert.deepEqual(
        ofType(events, 'usage').map(({ tokens }) => [tokens.input, tokens.output]),
        [
          [100, 10],
          [150, 20],
        ],
      );
    }
  });

  it('a limit that is read long after it was written counts from when it was written', () => {
    const written = NOW - 5 * 3_600_000;
    const message = "You've hit your usage limit. Try again in 3 hours.";
    const limitIn = (events: readonly AgentEvent[]) => ofType(events, 'limit')[0]?.until;
    const line = JSON.stringify({ type: 'turn.failed', error: { message } });
    assert.equal(limitIn(readerOf('codex').line(line, written)), written + 3 * 3_600_000);
    assert.equal(limitIn(readerOf('codex').line(line, NOW + 5)), NOW + 3 * 3_600_000);
    const reader = readerOf('codex');
    reader.line(JSON.stringify({ type: 'error', message }));
    assert.equal(limitIn(reader.end({ exitCode: 1 }, '', undefined, written)), written + 3 * 3_600_000);
  });

  it("R6.6 where the thread's past is not known, the note says so", () => {
    const [cost] = ofType(readAll(recording('codex-resume'), readerOf('codex', undefined, {})), 'cost');
    assert.match(cost?.note ?? '', /may count earlier turns/);
  });

  it('R6.6 the model of the profile, or of its arguments, sets the price', () => {
    const prices = { 'gpt-5.5*': { input: 7, output: 7 }, 'gpt-4.1*': { input: 3, output: 3 } };
    for (const [options, usd] of [
      [{ model: 'gpt-5.5' }, 7],
      [{ model: 'gpt-5.5', args: ['-m', 'gpt-4.1'] }, 3],
      [{ args: ['--model=gpt-4.1'] }, 3],
    ] as const) {
      const reader = testCatalog({ prices, agents: { codex: options } })
        .catalog.find('codex')!
        .reader();
      assert.equal(costIn(reader.line(JSON.stringify(usage(1e6, 0, 0)))), usd * 1e9);
    }
  });

  it('an error is only a notice until the turn fails', () => {
    const again = { type: 'error', message: 'Reconnecting... 1/5 (stream disconnected)' };
    const events = read('codex', [
      { type: 'thread.started', thread_id: 't' },
      again,
      { type: 'error', message: 'odd' },
      usage(1, 0, 1),
    ]);
    assert.deepEqual(ofType(events, 'retry'), [
      { type: 'retry', attempt: 1, maxAttempts: 5, reason: 'stream disconnected' },
    ]);
    assert.equal(endOf(events)?.ok, true);
  });

  it('an error that was the last word is the reason', () => {
    const end = endOf(
      read(
        'codex',
        [
          { type: 'thread.started', thread_id: 't' },
          { type: 'error', message: 'unexpected status 401 Unauthorized: no key' },
        ],
        { exitCode: 1 },
      ),
    );
    assert.equal(end?.ok === false && end.cause, 'auth');
  });

  const failures: readonly [message: string, cause: string][] = [
    [
      '{"error":{"message":"The model `gpt-9` does not exist or you do not have access to it.","code":"model_not_found"}}',
      'config',
    ],
    ["The 'gpt-9' model is not supported when using Codex with a ChatGPT account.", 'config'],
    ['Quota exceeded. Check your plan and billing details.', 'auth'],
    ['exceeded retry limit, last status: 429 Too Many Requests', 'provider'],
    ['stream disconnected before completion: error sending request for url', 'provider'],
    ['Selected model is at capacity. Please try a different model.', 'provider'],
    ['unexpected status 400 Bad Request: context_length_exceeded', 'task'],
    ['unexpected status 503 Service Unavailable: x', 'provider'],
  ];
  for (const [message, cause] of failures) {
    it(`"${message.slice(0, 70)}" is of the cause ${cause}`, () => {
      const events = read('codex', [{ type: 'turn.failed', error: { message } }], { exitCode: 1 });
      const end = endOf(events);
      assert.equal(end?.ok === false && end.cause, cause);
      assert.equal(ofType(events, 'limit').length, 0);
    });
  }

  it('items of other kinds: changes, tools of servers, searches, plans, thoughts', () => {
    const item = (type: string, rest: object) => ({ type: 'item.completed', item: { id: `i-${type}`, type, ...rest } });
    const events = read('codex', [
      item('file_change', {
        changes: [
          { path: 'a.ts', kind: 'add' },
          { path: 'b.ts', kind: 'update' },
        ],
        status: 'completed',
      }),
      item('mcp_tool_call', {
        server: 'github',
        tool: 'search',
        arguments: { query: 'bug' },
        status: 'failed',
        error: { message: 'no' },
      }),
      item('web_search', { query: 'how to' }),
      item('command_execution', {
        command: "/bin/zsh -lc 'npm test'",
        aggregated_output: '',
        exit_code: 1,
        status: 'failed',
      }),
      item('command_execution', { command: 'rm x', status: 'declined' }),
      item('reasoning', { text: 'hm' }),
      item('todo_list', { items: [] }),
      item('error', { message: 'a slow server' }),
    ]);
    assert.deepEqual(
      ofType(events, 'toolCall').map(({ name, summary }) => `${name}: ${summary}`),
      [
        'file_change: add a.ts, update b.ts',
        'github.search: bug',
        'web_search: how to',
        'command_execution: npm test',
        'command_execution: rm x',
      ],
    );
    assert.deepEqual(
      ofType(events, 'toolResult').map(({ ok, summary }) => [ok, summary]),
      [
        [true, 'completed'],
        [false, 'no'],
        [true, ''],
        [false, 'exit code 1'],
        [false, 'declined'],
      ],
    );
    assert.deepEqual(ofType(events, 'denied'), [{ type: 'denied', tool: 'command_execution', reason: 'rm x' }]);
    assert.deepEqual(ofType(events, 'warning'), [{ type: 'warning', text: 'a slow server' }]);
    assert.equal(ofType(events, 'text').length, 0);
  });
});

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
          '[API Error: You exceeded your current quota, please check your plan and billing details. (Status: RESOURCE_EXHAUSTED) "code": 429]',
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
      const end = endOf(events);
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
      const end = endOf(read('gemini', [], { exitCode }));
      assert.equal(end?.ok === false ? end.cause : undefined, cause);
    });
  }

  it('a call that a policy forbids is told as denied, by its name', () => {
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
    assert.equal(endOf(events)?.reason, 'finished, but a tool call was not allowed');
  });
});

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
      const end = endOf(read('opencode', messages));
      assert.equal(end?.ok, ok);
      assert.match(end?.reason ?? '', reason);
    });
  }

  it('R6.6 each step is billed as it says, and estimated where it does not say', () => {
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
          'estimated',
        ],
      ],
    );
  });

  it('an error that was got over is none', () => {
    const error = {
      type: 'error',
      sessionID: 's',
      error: { name: 'APIError', data: { message: 'x', statusCode: 500 } },
    };
    assert.equal(endOf(read('opencode', [start, error, start, text, finish('stop')]))?.ok, true);
    assert.equal(endOf(read('opencode', [start, error], { exitCode: 1 }))?.ok, false);
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
      const end = endOf(read('opencode', [{ type: 'error', sessionID: 's', error }], { exitCode: 1 }));
      assert.equal(end?.ok === false && end.cause, cause);
    });
  }
});

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

  it('R6.6 a report that tells no tokens of a model leaves its counter as it was', () => {
    const usage = (inputTokens: unknown) =>
      JSON.stringify({ modelMetrics: { 'gpt-5': { usage: { inputTokens, outputTokens: 0 } } } });
    const inputs = (text: string, before: Json) => {
      const reader = readerOf('copilot', undefined, { state: before });
      const events = reader.end({ exitCode: 0 }, '', text);
      return { state: reader.state(), inputs: ofType(events, 'usage').map(({ tokens }) => tokens.input) };
    };
    const first = inputs(usage(100), null);
    const second = inputs(usage(null), first.state);
    const third = inputs(usage(250), second.state);
    assert.deepEqual([first.inputs, second.inputs, third.inputs], [[100], [], [150]]);
  });

  it('R6.6 without a report nothing is known of its cost', () => {
    assert.equal(ofType(readAll(recording('copilot-tool')), 'cost').length, 0);
  });

  it('a result that says 0 after an abort is an abort', () => {
    const end = endOf(
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
      const end = endOf(read('copilot', messages, { exitCode: 1 }));
      assert.equal(end?.ok === false && end.cause, 'auth');
    }
  });

  it('a quota that is used up is a limit', () => {
    const error = { type: 'session.error', data: { errorType: 'quota', message: 'No premium requests left' } };
    assert.equal(ofType(read('copilot', [error, { type: 'result', exitCode: 1 }], { exitCode: 1 }), 'limit').length, 1);
  });

  it('a message whose pieces were told is not told again; one without pieces is', () => {
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
    assert.equal(endOf(read('copilot', []))?.ok, false);
  });
});

describe('all readers', () => {
  for (const agent of ['claude', 'codex', 'gemini', 'opencode', 'copilot', 'sample']) {
    it(`${agent}: unknown events are ignored, broken lines are told up to five times and then counted`, () => {
      const reader = readerOf(agent);
      for (const line of ['{"type":"from.the.future","data":{"x":1}}', '', '   ', '{}', '{"type":null}'])
        assert.deepEqual(reader.line(line), []);
      const broken = Array.from({ length: 9 }, (_, index) => reader.line(`{"type":"broken ${index}`)).flat();
      assert.equal(broken.length, 5);
      assert.ok(
        broken.every(
          (event) => event.type === 'warning' && event.text.startsWith('A line of the output could not be read: '),
        ),
      );
      assert.ok(
        reader
          .end({ signal: 'SIGKILL' }, '')
          .some((event) => event.type === 'warning' && event.text.startsWith('9 lines')),
      );
    });
  }

  it('summaries are one line of at most 200 characters, without terminal escapes', () => {
    const command = `\u001b[31mecho\u001b[0m \u0007${'é\n'.repeat(300)}`;
    const input = {
      type: 'assistant',
      message: { id: 'm', content: [{ type: 'tool_use', id: 't', name: 'Bash', input: { command } }] },
    };
    const [call] = ofType(read('claude', [input]), 'toolCall');
    assert.equal(call?.summary.length, 200);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none.
    assert.doesNotMatch(call?.summary ?? '', /[\u0000-\u001f]/);
    assert.match(call?.summary ?? '', /^echo é é/);
  });

  it('a long text is told whole', () => {
    const text = 'x'.repeat(500_000);
    assert.equal(
      ofType(
        read('claude', [{ type: 'assistant', message: { id: 'm', content: [{ type: 'text', text }] } }]),
        'text',
      )[0]?.text,
      text,
    );
  });

  it('a thousand recordings in one stream leave a small state', () => {
    const reader = readerOf('copilot');
    const lines = linesOf(recording('copilot-tool').output);
    for (let n = 0; n < 1000; n++)
      for (const line of lines)
        reader.line(line.replaceAll('call_0001634urz2wy1', `call_${n}`).replaceAll('19e1b84c-07bd', `${n}`));
    assert.ok(JSON.stringify(reader.state()).length < 10_000);
  });
});
