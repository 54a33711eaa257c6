import assert from 'node:assert/strict';
import type { AgentEvent, ProcessExit } from '../../../src/core/model/agentEvent.ts';
import { read, stateAfter, verdictOf } from '../support/read.ts';
import { costIn, NOW, ofType, readAll, readerOf, recording, TEST_PRICE, testCatalog } from '../support/streams.ts';

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

  it('R6.6 a counter that started over counts in full', () => {
    assert.equal(ofType(read('codex', [usage(100, 0, 10), usage(40, 0, 5)]), 'usage')[1]?.tokens.input, 40);
  });

  it('R6.6 a turn without a counter is not billed, and the next one for everything since', () => {
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

  it('R6.6 D8 if the thread’s past is unknown, its counter is the base, and the turn’s cost is unknown', () => {
    const reader = readerOf('codex', undefined, {});
    const lines = [usage(1_100_000, 0, 50), usage(1_100_100, 0, 60)].map((message) => JSON.stringify(message));
    const costs = ofType(
      lines.flatMap((line) => reader.line(line)),
      'cost',
    );
    assert.deepEqual(
      costs.map(({ cost, source }) => [cost, source]),
      [
        [0, 'unknown'],
        [(100 * TEST_PRICE.input + 10 * TEST_PRICE.output) * 1000, 'priced'],
      ],
    );
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
      { type: 'retry', attempt: 1, maxAttempts: 5, cause: 'provider', reason: 'stream disconnected' },
    ]);
    assert.equal(verdictOf(events)?.ok, true);
  });

  it('an error that was the last word is the reason', () => {
    const end = verdictOf(
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
      '{"error":{"message":"The model `gpt-9` does not exist or you have no access","code":"model_not_found"}}',
      'config',
    ],
    ["The 'gpt-9' model is not supported when using Codex with a ChatGPT account.", 'config'],
    ['Quota exceeded. Check your plan and billing details.', 'billing'],
    ['exceeded retry limit, last status: 429 Too Many Requests', 'provider'],
    ['stream disconnected before completion: error sending request for url', 'provider'],
    ['Selected model is at capacity. Please try a different model.', 'provider'],
    ['unexpected status 400 Bad Request: context_length_exceeded', 'task'],
    ['unexpected status 503 Service Unavailable: x', 'provider'],
  ];
  for (const [message, cause] of failures) {
    it(`"${message.slice(0, 70)}" is of the cause ${cause}`, () => {
      const events = read('codex', [{ type: 'turn.failed', error: { message } }], { exitCode: 1 });
      const end = verdictOf(events);
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

  describe('a turn that was cut off', () => {
    const begun = [{ type: 'thread.started', thread_id: 't' }, { type: 'turn.started' }];
    const item = { id: 'i', type: 'command_execution', command: 'sleep 9' };
    const costs = (messages: readonly object[], exit: ProcessExit = { signal: 'SIGTERM' }) =>
      ofType(read('codex', messages, exit), 'cost').map(({ cost, source }) => [cost, source]);

    it('R6.6 cost nothing before its first item', () => {
      assert.deepEqual(costs(begun), [[0, 'priced']]);
      assert.deepEqual(costs([...begun, { type: 'turn.failed', error: { message: '429' } }]), [[0, 'priced']]);
    });
    it('R6.6 is unknown after it, never free', () => {
      assert.deepEqual(costs([...begun, { type: 'item.started', item }]), [[0, 'unknown']]);
      assert.deepEqual(costs([...begun, { type: 'item.started', item }, { type: 'turn.failed', error: {} }]), [
        [0, 'unknown'],
      ]);
    });
  });

  it('a turn without tools says that nothing was done, because a refused command produces no event', () => {
    const end = verdictOf(readAll(recording('codex-n-touch-readonly')));
    assert.equal(end?.ok === true && end.idle, true);
    assert.match(end?.reason ?? '', /nothing was run or changed/);
    assert.equal(verdictOf(readAll(recording('codex-n-tool')))?.reason, 'finished');
  });
});
