import assert from 'node:assert/strict';
import { causeIn, read } from '../support/read.ts';
import { ofType, readAll, recording } from '../support/streams.ts';

describe('qwen', () => {
  const usage = (input: number, cached: number, output: number) => ({
    input_tokens: input,
    cache_read_input_tokens: cached,
    output_tokens: output,
  });
  const message = (used: object, content: readonly object[] = []) => ({
    type: 'assistant',
    session_id: 's',
    message: { id: 'm', model: 'q', content, usage: used },
  });
  const result = (rest: object) => ({ type: 'result', subtype: 'success', is_error: false, session_id: 's', ...rest });

  it('R6.6 its input holds cached tokens: they count once', () => {
    const [told] = ofType(read('qwen', [message(usage(100, 60, 10))]), 'usage');
    assert.deepEqual(told?.tokens, { input: 40, cachedInput: 60, cacheWrite: 0, output: 10 });
  });

  it('R6.6 the result includes calls beside the work, and counts over the process', () => {
    const events = read('qwen', [
      message(usage(100, 0, 10)),
      result({ usage: usage(150, 0, 20) }),
      message(usage(100, 0, 10)),
      result({ usage: usage(300, 0, 40) }),
    ]);
    assert.deepEqual(
      ofType(events, 'usage').map(({ tokens }) => [tokens.input, tokens.output]),
      [
        [100, 10],
        [50, 10],
        [100, 10],
        [50, 10],
      ],
    );
    assert.equal(ofType(events, 'cost').length, 2);
  });

  it('R6.6 work for which no tokens are counted is unknown, never free', () => {
    const sources = (messages: readonly object[]) =>
      ofType(read('qwen', messages), 'cost').map(({ cost, source }) => [cost, source]);
    assert.deepEqual(sources([message({}, [{ type: 'text', text: 'x' }]), result({ usage: usage(0, 0, 0) })]), [
      [0, 'unknown'],
    ]);
    assert.deepEqual(sources([message({}), result({})]), [[0, 'priced']]);
  });

  it('R6.6 a run that was cut off is billed by its messages, at least', () => {
    const [cost] = ofType(read('qwen', [message(usage(100, 0, 10))], { signal: 'SIGTERM' }), 'cost');
    assert.deepEqual([cost?.source, cost?.atLeast], ['priced', true]);
  });

  it('a denied tool is reported once', () => {
    const denial = { tool_name: 'run_shell_command', tool_use_id: 'c', tool_input: { command: 'ls' } };
    const events = read('qwen', [result({ permission_denials: [denial] }), result({ permission_denials: [denial] })]);
    assert.deepEqual(ofType(events, 'denied'), [
      { type: 'denied', tool: 'run_shell_command', reason: 'not allowed: ls' },
    ]);
  });

  it('the text of a result is shown where no message had it', () => {
    const texts = (messages: readonly object[]) => ofType(read('qwen', messages), 'text').map(({ text }) => text);
    assert.deepEqual(texts([result({ result: 'x' })]), ['x']);
    assert.deepEqual(texts([message(usage(1, 0, 1), [{ type: 'text', text: 'x' }]), result({ result: 'x' })]), ['x']);
  });

  const errors: readonly [message: string, cause: string][] = [
    ['[API Error: 401 Incorrect API key provided.]', 'auth'],
    ['[API Error: 402 Insufficient balance]', 'billing'],
    ['[API Error: 404 The model `x` does not exist]', 'config'],
    ['[API Error: 503 Busy]', 'provider'],
    ['[API Error: Connection error.]', 'provider'],
    ['odd', 'task'],
  ];
  for (const [said, cause] of errors) {
    it(`"${said}" is of the cause ${cause}`, () => {
      const failed = result({ subtype: 'error_during_execution', is_error: true, error: { message: said } });
      assert.equal(causeIn(read('qwen', [failed], { exitCode: 1 })), cause);
    });
  }

  const exits: readonly [code: number, cause: string | undefined][] = [
    [41, 'auth'],
    [52, 'config'],
    [53, 'turns'],
    [130, 'aborted'],
    [0, 'task'],
    [1, undefined],
  ];
  for (const [exitCode, cause] of exits) {
    it(`exit code ${exitCode} without a word is of the cause ${cause}`, () =>
      assert.equal(causeIn(read('qwen', [], { exitCode })), cause));
  }

  it('R6.10 what it costs accrues with its messages', () => {
    const accrued = ofType(readAll(recording('qwen-tool')), 'accrued').map(({ cost }) => cost);
    assert.equal(accrued.length, 2);
    assert.ok((accrued[1] ?? 0) > (accrued[0] ?? 0));
  });
});
