import assert from 'node:assert/strict';
import type { AgentEvent } from '../../src/core/model/agentEvent.ts';
import { isProgress, looksLikeQuestion, takesBackEnd } from '../../src/core/policy/progress.ts';
import { withEvents } from '../../src/core/steps/runSummary.ts';
import { readAll, recordings } from '../agents/support/streams.ts';

const TEXT: AgentEvent = { type: 'text', text: 'more', delta: false };
const END: AgentEvent = { type: 'end', ok: true };

describe('Progress', () => {
  it('R8.4 is text, a tool, its result and tokens; notices are none, however often they come (E6)', () => {
    const progress: AgentEvent[] = [
      TEXT,
      { type: 'toolCall', name: 'Bash', summary: 'ls' },
      { type: 'toolResult', ok: false, summary: '' },
      { type: 'usage', tokens: { input: 1, cachedInput: 0, cacheWrite: 0, output: 0 } },
      { type: 'background', id: '1', open: true, name: 'server' },
    ];
    const none: AgentEvent[] = [
      { type: 'text', text: ' \n', delta: true },
      { type: 'retry', reason: 'overloaded', attempt: 7 },
      { type: 'limit', reason: 'limit reached' },
      { type: 'warning', text: 'unknown line' },
      { type: 'session', sessionId: 's' },
      END,
    ];
    for (const event of progress) assert.equal(isProgress(event), true, event.type);
    for (const event of none) assert.equal(isProgress(event), false, event.type);
  });

  it('R5.6 takes back that the agent has said that it ended; what it spent does not', () => {
    const summary = { priced: false, unknown: false, worked: false, hasCost: true };
    assert.equal(withEvents(summary, [TEXT, END]).said, END);
    assert.equal(withEvents(withEvents(summary, [END]), [TEXT]).said, undefined);
    assert.equal(
      withEvents(summary, [END, TEXT, { type: 'end', ok: false, reason: 'no', cause: 'task' }]).said?.ok,
      false,
    );
    const spent: AgentEvent = { type: 'cost', cost: 5, source: 'reported' };
    assert.equal(withEvents(summary, [END, spent, { type: 'warning', text: 'bye' }]).said, END);
  });

  it('R5.6 no agent says something after its last word that would take it back', () => {
    for (const run of recordings()) {
      const events = readAll(run);
      const last = events.findLastIndex(({ type }) => type === 'end');
      const after = last < 0 ? [] : events.slice(last + 1).filter(takesBackEnd);
      assert.deepEqual(after, [], run.name);
    }
  });
});

describe('A last line that looks like a question (R8.4)', () => {
  for (const line of [
    'Allow? (y/n): ',
    'Do you want to proceed?',
    'Overwrite existing file? [y/N]',
    'Continue [Y/n]',
    'Are you sure you want to continue connecting (yes/no/[fingerprint])? ',
    'Password: ',
    "Username for 'https://github.com': ",
    'Enter passphrase for key "/home/me/.ssh/id_ed25519":',
    'Press Enter to continue...',
    'Allow this tool to run:',
    '❯ 1. Yes, and do not ask again',
    'Select an option: ',
    '続けますか？',
  ]) {
    it(JSON.stringify(line), () => assert.equal(looksLikeQuestion(line), true));
  }

  for (const line of [
    '',
    'Compiling 214 files',
    'Downloading https://example.com/?page=2 ...',
    '{"type":"text","text":"Shall I?"}',
    '["what?"',
    'error: cannot continue: the disk is full',
    'Password accepted.',
    '12 passed, 0 failed',
    'note: run with RUST_BACKTRACE=1',
    `${'x'.repeat(500)}?`,
  ]) {
    it(`not ${JSON.stringify(line.slice(0, 60))}`, () => assert.equal(looksLikeQuestion(line), false));
  }
});
