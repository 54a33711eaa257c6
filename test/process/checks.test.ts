import assert from 'node:assert/strict';
import { shellPlan } from '../../src/agents/shell.ts';
import type { AgentEvent } from '../../src/core/model/agentEvent.ts';
import type { Check } from '../../src/core/model/check.ts';
import { checkReader } from '../../src/core/policy/checkReader.ts';
import { RunHarness } from './support/runHarness.ts';

const CHECK: Check = {
  command: '',
  timeoutMs: 60_000,
  maxRounds: 10,
  maxMs: 0,
  context: 'resume',
  checkFirst: true,
};

describe('checks as real processes', () => {
  let harness: RunHarness;
  beforeEach(async () => {
    harness = await RunHarness.create();
  });
  afterEach(() => harness.dispose());

  async function check(commandLine: string, limits = {}) {
    const { command, args } = shellPlan(commandLine, process.platform);
    const { told } = harness.launch(command, args, { reader: checkReader(CHECK), needsReading: true, limits });
    const end = await told.whenEnded;
    const checked = end.last.events.find(
      (event): event is Extract<AgentEvent, { type: 'checked' }> => event.type === 'checked',
    );
    return { end, checked };
  }

  it('R11.2 the exit code is the shell’s, and output and errors are one report in their order', async () => {
    const { end, checked } = await check('echo one; echo two >&2; echo three; exit 3');
    assert.deepEqual([end.kind, end.exit.exitCode, checked?.report], ['exited', 3, 'one\ntwo\nthree']);
  });

  it('R11.1 quotes, pipes and lines of a command line are the shell’s', async () => {
    const { end, checked } = await check('printf "%s\\n" "a b" | tr a-z A-Z\n[ "$(echo x)" = x ]');
    assert.deepEqual([end.exit.exitCode, checked?.report], [0, 'A B']);
  });

  it('R11.1 what a check leaves behind is swept, as of any run', async () => {
    const { end } = await check('sleep 1000 & echo done');
    assert.equal(end.exit.exitCode, 0);
    assert.equal(end.swept.length, 1);
    assert.deepEqual(end.remaining, []);
  });

  it('R11.2 a check that takes too long is stopped with all that it started', async () => {
    const { end } = await check('sleep 1000 | cat', { timeoutMs: 300 });
    assert.equal(end.stoppedBy, 'timeout');
    assert.deepEqual(end.remaining, []);
  });
});
