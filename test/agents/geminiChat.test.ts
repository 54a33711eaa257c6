import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readChat } from '../../src/agents/gemini/geminiChat.ts';
import type { AgentEvent } from '../../src/core/model/agentEvent.ts';
import { ofType, TEST_PRICE, testCatalog } from './support/streams.ts';

const HOME = fileURLToPath(new URL('../fixtures/geminiHome', import.meta.url));
const FILE = '.gemini/tmp/project/chats/session-2026-11-29T22-02-8c663af6.jsonl';
/** A session of the real program: stopped in a tool after one answer, then resumed for one more. */
const SESSION = '8c663af6-436c-47a8-98a0-d68b5efdc63a';
const MODEL = 'gemini-2.5-pro';
const FIRST_RUN = '2026-11-29T22:02:14.300Z';
const SECOND_RUN = '2026-11-29T22:02:29.300Z';
const ANSWER = { input: 1512, cachedInput: 14_000, cacheWrite: 0, output: 42 };
const BOTH = { input: 3024, cachedInput: 28_000, cacheWrite: 0, output: 84 };

describe('the session files of Gemini CLI', () => {
  it('R6.6 give the tokens of answers since a time', () => {
    assert.deepEqual(readChat(HOME, SESSION, Date.parse(FIRST_RUN)), [[MODEL, BOTH]]);
    assert.deepEqual(readChat(HOME, SESSION, Date.parse(SECOND_RUN)), [[MODEL, ANSWER]]);
    assert.deepEqual(readChat(HOME, SESSION, Date.parse('2026-11-30')), []);
  });

  it('are looked up by valid ids only, and may be missing', () => {
    const alike = `8c663af6${SESSION.slice(8).replaceAll('4', '5')}`;
    for (const id of ['', '..', '../../etc', `${SESSION}x`, '*', alike])
      assert.deepEqual(readChat(HOME, id, 0), [], id);
    assert.deepEqual(readChat('/nowhere', SESSION, 0), []);
  });

  it('may be cut anywhere, and repeat an answer', () => {
    const home = mkdtempSync(join(tmpdir(), 'gemini-home-'));
    try {
      cpSync(HOME, home, { recursive: true });
      const whole = readFileSync(join(home, FILE));
      writeFileSync(join(home, FILE), Buffer.concat([whole, whole]));
      assert.deepEqual(readChat(home, SESSION, 0), [[MODEL, BOTH]]);
      for (let size = whole.length; size >= 0; size -= 53) {
        writeFileSync(join(home, FILE), whole.subarray(0, size));
        assert.ok((readChat(home, SESSION, 0)[0]?.[1].output ?? 0) <= BOTH.output);
      }
    } finally {
      rmSync(home, { recursive: true });
    }
  });

  for (const [what, timestamp, expected] of [
    ['a run that was stopped in a tool costs what its answers so far cost, at least', SECOND_RUN, ANSWER],
    ['a run that its file does not know has an unknown cost', '2026-11-30T00:00:00.000Z', undefined],
    ['a run that does not say when it began has an unknown cost', 'soon', undefined],
  ] as const)
    it(`R6.6 ${what}`, () => {
      const catalog = testCatalog({ prices: { 'gemini-*': TEST_PRICE }, geminiHome: HOME }).catalog;
      const reader = catalog.find('gemini')!.reader();
      const said = [
        { type: 'init', timestamp, session_id: SESSION, model: MODEL },
        { type: 'tool_use', tool_name: 'run_shell_command', tool_id: 't', parameters: { command: 'sleep 9' } },
      ];
      const events: AgentEvent[] = said.flatMap((message) => reader.line(JSON.stringify(message)));
      events.push(...reader.end({ signal: 'SIGKILL' }, ''));
      const { input, cachedInput, output } = expected ?? { input: 0, cachedInput: 0, output: 0 };
      const usd = input * TEST_PRICE.input + cachedInput * TEST_PRICE.cachedInput + output * TEST_PRICE.output;
      assert.deepEqual(
        ofType(events, 'cost').map(({ cost, source, atLeast }) => [cost, source, atLeast]),
        [[usd * 1000, expected ? 'priced' : 'unknown', expected ? true : undefined]],
      );
    });
});
