import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canExhaust, exhaust } from '../support/descriptors.ts';
import { until } from '../support/until.ts';
import { kill, lives, program, RunHarness } from './support/runHarness.ts';

describe('A guardian without free descriptors', () => {
  let harness: RunHarness;

  before(function () {
    if (!canExhaust()) this.skip();
  });

  beforeEach(async () => {
    harness = await RunHarness.create();
  });

  afterEach(() => harness.dispose());

  it('R7.2 sends the first signal of a stop at once (A7)', async () => {
    const script = `trap 'touch heard' TERM; (trap '' TERM; exec sleep 1000) & echo up; while :; do sleep 0.05; done`;
    const { run, told } = harness.launch('/bin/sh', ['-c', script]);
    const { guardian, leader } = await told.whenStarted;
    await until('the trap', () => told.texts.includes('up'));
    exhaust(guardian?.pid as number);
    run.stop('user', 60_000);
    await until('the signal', () => existsSync(join(harness.cwd, 'heard')));
    assert.ok(lives(leader.pid));
    assert.equal(await run.signal('SIGKILL', 'user'), true);
    await until('its end', () => !lives(leader.pid));
  });

  it('R7.4 what it could not see is seen to by the window that reads of it (A7)', async () => {
    const { told, token, files } = harness.launch(program('tree.sh'), ['wait']);
    const { guardian } = await told.whenStarted;
    await until('the tree', () => harness.processesOf(token).length >= 4);
    harness.launcher.dispose();
    kill(guardian?.pid as number);
    const end = { format: 1, kind: 'exited', exit: { exitCode: 0 }, at: 1_000, swept: [], kept: [], remaining: [] };
    writeFileSync(files.ended, JSON.stringify({ ...end, unseen: 'no free descriptors' }));
    harness.launcher = harness.newLauncher();
    const seen = await harness.adopt(token).told.whenEnded;
    assert.deepEqual([seen.kind, seen.unseen, seen.remaining], ['exited', undefined, []]);
    assert.ok(seen.swept.length >= 4, JSON.stringify(seen.swept));
    assert.deepEqual(harness.processesOf(token), []);
  });

  it('R7.4 does not say that nothing is left where it could not look, and another looks in its place (A7)', async () => {
    const { told, token } = harness.launch('/bin/sh', [
      '-c',
      'setsid sleep 1000 & echo up; while [ ! -e go ]; do sleep 0.02; done',
    ]);
    const { guardian } = await told.whenStarted;
    await until('the child', () => told.texts.includes('up') && harness.processesOf(token).length >= 2);
    exhaust(guardian?.pid as number);
    execFileSync('touch', [join(harness.cwd, 'go')]);
    const end = await told.whenEnded;
    const left = harness.processesOf(token).map(({ pid }) => pid);
    for (const pid of left) kill(pid);
    assert.equal(end.exit.exitCode, 0);
    assert.ok(left.length === 0 || end.unseen !== undefined || end.remaining.length > 0, JSON.stringify({ end, left }));
  });
});
