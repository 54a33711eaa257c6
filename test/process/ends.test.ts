import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentReader } from '../../src/core/model/agentEvent.ts';
import { until } from '../support/until.ts';
import { RunHarness } from './support/runHarness.ts';

/** `ok` is the agent's last word, `retry` a notice, and anything else is text. */
const reader = (): AgentReader => ({
  line: (text) => {
    if (text === 'ok') return [{ type: 'end', ok: true }];
    return text === 'retry' ? [{ type: 'retry', reason: 'overloaded' }] : [{ type: 'text', text, delta: false }];
  },
  end: () => [],
  state: () => null,
});

describe('The last words of runs', () => {
  let harness: RunHarness;

  beforeEach(async () => {
    harness = await RunHarness.create();
  });

  afterEach(() => harness.dispose());

  it('R5.6 a process that hangs after its agent has said that it succeeded is stopped, with all that is left (E1)', async () => {
    const { told, token } = harness.launch('/bin/sh', ['-c', 'setsid sleep 1000 & echo ok; exec sleep 1000'], {
      reader: reader(),
      limits: { endGraceMs: 300 },
    });
    const end = await told.whenEnded;
    assert.deepEqual([end.kind, end.stoppedBy], ['exited', 'ended']);
    assert.deepEqual(harness.processesOf(token), []);
  });

  it('R5.6 one that works on after its last word is not', async () => {
    const { told } = harness.launch(
      '/bin/sh',
      ['-c', 'echo ok; while [ ! -e go ]; do echo more; sleep 0.05; done; echo ok'],
      { reader: reader(), limits: { endGraceMs: 400 } },
    );
    await until('it to work on for longer than the grace', () => told.texts.length > 20);
    writeFileSync(join(harness.cwd, 'go'), '');
    assert.equal((await told.whenEnded).stoppedBy, undefined);
  });

  it('R8.2 an unfinished last line is shown, and the last line of standard error is live (E5)', async () => {
    const { told } = harness.launch(
      '/bin/sh',
      ['-c', 'printf "Allow? (y/n): "; while [ ! -e go ]; do sleep 0.02; done; echo why >&2; sleep 1000'],
      { reader: reader() },
    );
    await until('the line', () => told.lastLines.some(({ unfinished }) => unfinished === 'Allow? (y/n):'));
    assert.deepEqual(told.texts, []);
    writeFileSync(join(harness.cwd, 'go'), '');
    await until('standard error', () => told.lastLines.some(({ errorLine }) => errorLine === 'why'));
  });

  for (const needsReading of [true, false]) {
    it(`R8.4 one that asks is stopped at the silence deadline, with its question (read: ${needsReading}) (E5)`, async () => {
      const { told } = harness.launch('/bin/sh', ['-c', 'printf "Allow? (y/n): "; exec sleep 1000'], {
        reader: reader(),
        needsReading,
        limits: { silenceMs: 500, onSilence: 'restart' },
      });
      const end = await told.whenEnded;
      assert.deepEqual([end.stoppedBy, end.asked], ['hung', 'Allow? (y/n):']);
    });
  }

  it('R8.4 one that only tries again is reported as silent, though it writes (E6)', async () => {
    const { told } = harness.launch('/bin/sh', ['-c', 'while :; do echo retry; sleep 0.05; done'], {
      reader: reader(),
      limits: { silenceMs: 400 },
    });
    await until('the warning', () => told.silences.some((silence) => silence?.kind === 'retrying'));
    assert.equal(told.end, undefined);
  });

  it('R8.1 a script that truncates its own log loses neither its cost nor its end (E7)', async () => {
    const { told } = harness.launch('/bin/sh', ['-c', 'echo one; sleep 0.5; echo x > /dev/stdout; echo two; echo ok'], {
      reader: reader(),
    });
    await told.whenEnded;
    assert.ok(told.texts.includes('two'), JSON.stringify(told.texts));
    assert.ok(told.outputs.some(({ events }) => events.some(({ type }) => type === 'end')));
  });
});
