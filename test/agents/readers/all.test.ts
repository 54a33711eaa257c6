import assert from 'node:assert/strict';
import { causeIn, read, verdictOf } from '../support/read.ts';
import { linesOf, NOW, ofType, readerOf, recording } from '../support/streams.ts';

describe('all readers', () => {
  for (const agent of ['claude', 'codex', 'gemini', 'opencode', 'copilot', 'pi', 'qwen', 'kilo', 'sample']) {
    it(`${agent}: unknown events are ignored, broken lines are quoted up to five times and then counted`, () => {
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

  it('a long text comes whole', () => {
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

  describe('R14 E4 the reason of a silent run is taken from standard error', () => {
    const said: readonly [stderr: string, cause: string, reason: RegExp][] = [
      ['error: Rate limit exceeded (429)', 'provider', /Rate limit exceeded/],
      ['No authentication information found', 'auth', /No authentication information found/],
      ['Warning: a slow disk\n\u001b[31mError:\u001b[0m Incorrect API key provided\n', 'auth', /Incorrect API key/],
      ['Fatal: payment required', 'billing', /payment required/],
      ['You must be logged in to use this command', 'auth', /must be logged in/],
      ['Please sign in with `x login` first', 'auth', /sign in/],
      ['Error: connect EHOSTUNREACH 10.0.0.1:443', 'provider', /EHOSTUNREACH/],
      ['Error: self-signed certificate in certificate chain', 'provider', /certificate/],
      ['ERROR 503 Service Unavailable', 'provider', /503/],
      ['Error: The model `x` does not exist', 'config', /model `x`/],
      ['Error: something nobody has met', 'task', /something nobody has met/],
    ];
    for (const agent of ['claude', 'codex', 'gemini', 'opencode', 'copilot', 'pi', 'qwen', 'kilo']) {
      it(agent, () => {
        for (const [stderr, cause, reason] of said) {
          const end = verdictOf(read(agent, [], { exitCode: 0 }, stderr));
          assert.equal(end?.ok === false && end.cause, cause, stderr);
          assert.match(end?.reason ?? '', reason);
        }
      });

      it(`${agent}: a usage limit there is one`, () => {
        const stderr = "error: You've hit your usage limit. Try again in 3 hours.\n";
        const events = read(agent, [], { exitCode: 1 }, stderr);
        assert.equal(ofType(events, 'limit')[0]?.until, NOW + 3 * 3_600_000);
        assert.equal(causeIn(events), 'provider');
      });

      it(`${agent}: notices are no reasons`, () => {
        const stderr = 'Warning: authentication cache is old\nConnecting to the network\nAttempt 1 failed, retrying\n';
        const end = verdictOf(read(agent, [], { exitCode: 0 }, stderr));
        assert.ok(end?.ok === false && (end.cause === 'task' || end.cause === 'aborted'), JSON.stringify(end));
      });
    }
  });
});
