import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../support/until.ts';
import { kill, lives, RunHarness } from './support/runHarness.ts';

describe('A guardian without free descriptors', () => {
  let harness: RunHarness;

  before(function () {
    try {
      execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    } catch {
      this.skip();
    }
  });

  beforeEach(async () => {
    harness = await RunHarness.create();
  });

  afterEach(() => harness.dispose());

  /** Lets a process open nothing more. */
  function exhaust(pid: number): void {
    const open = readdirSync(`/proc/${pid}/fd`)
      .map(Number)
      .sort((a, b) => a - b);
    const free = open.findIndex((fd, index) => fd !== index);
    execFileSync('prlimit', ['--pid', String(pid), `--nofile=${free < 0 ? open.length : free}`]);
  }

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
