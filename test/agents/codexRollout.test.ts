import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRollout } from '../../src/agents/codex/codexRollout.ts';
import type { AgentEvent } from '../../src/core/model/agentEvent.ts';
import type { SessionBefore } from '../../src/core/ports/agents.ts';
import { ofType, TEST_PRICE, testCatalog } from './support/streams.ts';

const HOME = fileURLToPath(new URL('../fixtures/codexHome', import.meta.url));
const FOLDER = 'sessions/2026/11/29';
/** Threads of the real program: one turn with a tool, two turns, one turn that was stopped in a tool. */
const TOOL = '01a22733-5c7b-7531-8c5d-f8e3a03fcf18';
const RESUMED = '01a2275e-9025-70f0-a467-4d2e7af49219';
const STOPPED = '01a2275e-a0f4-7030-bdf0-275841411539';
/** What each answer of the model used. */
const ANSWER = { input: 1512, cachedInput: 14_000, cacheWrite: 0, output: 42 };
const CALL = { ...ANSWER, output: 87 };

describe("codex's own session files", () => {
  it('R6.6 give the model and the tokens of the last turn', () => {
    assert.deepEqual(readRollout(HOME, TOOL), {
      model: 'gpt-5.5',
      turn: { input: 3024, cachedInput: 28_000, cacheWrite: 0, output: 129 },
    });
    assert.deepEqual(readRollout(HOME, RESUMED), { model: 'gpt-6.2-sol', turn: ANSWER });
    assert.deepEqual(readRollout(HOME, STOPPED), { model: 'gpt-5.5', turn: CALL });
  });

  it('are looked up by valid ids only, and may be missing', () => {
    for (const id of ['', '..', '../../etc', `${TOOL}x`, '01a22733-5c7b-7531-8c5d-000000000000', '*'])
      assert.equal(readRollout(HOME, id), undefined, id);
    assert.equal(readRollout('/nowhere', TOOL), undefined);
  });

  it('may be cut anywhere', () => {
    const home = mkdtempSync(join(tmpdir(), 'codex-home-'));
    try {
      cpSync(HOME, home, { recursive: true });
      const path = join(home, FOLDER, `rollout-2026-11-29T12-06-47-${TOOL}.jsonl`);
      const whole = readFileSync(path);
      for (let size = whole.length; size >= 0; size -= 97) {
        writeFileSync(path, whole.subarray(0, size));
        const facts = readRollout(home, TOOL);
        assert.ok(facts?.model === undefined || facts.model === 'gpt-5.5');
        assert.ok((facts?.turn?.output ?? 0) <= 129);
      }
    } finally {
      rmSync(home, { recursive: true });
    }
  });
});

describe('codex with its session files', () => {
  const prices = { 'gpt-5.5': TEST_PRICE, '*': { input: 1000, output: 1000 } };
  const costs = (thread: string, messages: readonly object[], before?: SessionBefore) => {
    const reader = testCatalog({ prices, codexHome: HOME }).catalog.find('codex')!.reader(undefined, before);
    const all = [{ type: 'thread.started', thread_id: thread }, { type: 'turn.started' }, ...messages];
    const events: AgentEvent[] = all.flatMap((message) => reader.line(JSON.stringify(message)));
    events.push(...reader.end({ signal: 'SIGTERM' }, ''));
    return ofType(events, 'cost').map(({ cost, source, atLeast, model }) => [cost, source, atLeast, model]);
  };
  const counter = (input: number) => ({ type: 'turn.completed', usage: { input_tokens: input, output_tokens: 10 } });
  const call = { type: 'item.started', item: { id: 'i', type: 'command_execution', command: 'sleep 9' } };
  const priced = ({ input, cachedInput, output }: typeof ANSWER) =>
    (input * TEST_PRICE.input + cachedInput * TEST_PRICE.cachedInput + output * TEST_PRICE.output) * 1000;

  it('R6.6 a turn is priced by the model that it really used', () => {
    const [cost] = costs(TOOL, [counter(100)]);
    assert.deepEqual(cost, [(100 * TEST_PRICE.input + 10 * TEST_PRICE.output) * 1000, 'priced', undefined, 'gpt-5.5']);
  });

  it('R6.6 a turn stopped in a tool costs at least its answers so far', () => {
    assert.deepEqual(costs(STOPPED, [call]), [[priced(CALL), 'priced', true, 'gpt-5.5']]);
  });

  it('R6.6 a thread with an unknown past is billed for the turn alone', () => {
    const [cost] = costs(STOPPED, [counter(1_100_000)], {});
    assert.deepEqual(cost, [priced(CALL), 'priced', undefined, 'gpt-5.5']);
  });

  it('R6.6 the turn after an interrupted one is not billed for both', () => {
    const profile = testCatalog({ prices, codexHome: HOME }).catalog.find('codex')!;
    const first = profile.reader();
    for (const message of [{ type: 'thread.started', thread_id: STOPPED }, { type: 'turn.started' }, call])
      first.line(JSON.stringify(message));
    first.end({ signal: 'SIGTERM' }, '');
    const [cost] = costs(STOPPED, [counter(31_024)], { state: first.state() });
    assert.equal(cost?.[0], priced(CALL));
  });
});
