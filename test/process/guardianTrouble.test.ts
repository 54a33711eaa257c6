import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodeFor, reportedEnd } from '../../src/process/guardian/exitCodes.ts';
import { lookAtClaim, lookAtEnded } from '../../src/process/runFolder/recordSchemas.ts';
import { seen } from '../support/seen.ts';
import { until } from '../support/until.ts';
import { kill, program, RunHarness } from './support/runHarness.ts';

describe('The trouble of a guardian', () => {
  let harness: RunHarness;

  beforeEach(async () => {
    harness = await RunHarness.create();
  });

  afterEach(() => harness.dispose());

  describe('on a disk of its own', () => {
    beforeEach(function () {
      harness.launcher.dispose();
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', harness.runsFolder], { stdio: 'ignore' });
      } catch {
        // Only root may mount, and not everywhere.
        this.skip();
      }
      harness.launcher = harness.newLauncher();
    });

    afterEach(() => {
      harness.launcher.dispose();
      try {
        execFileSync('umount', ['-l', harness.runsFolder], { stdio: 'ignore' });
      } catch {
        // It was not mounted.
      }
    });

    function fill(): void {
      const { bavail, bsize } = statfsSync(harness.runsFolder);
      try {
        writeFileSync(join(harness.runsFolder, 'filler'), Buffer.alloc(bavail * bsize + 1));
      } catch {
        // Now it is full.
      }
      assert.equal(statfsSync(harness.runsFolder).bavail, 0);
    }

    it('R8.3 the end is recorded although the disk is full by then (E12)', async () => {
      const { told, files } = harness.launch('/bin/sh', ['-c', 'while [ ! -e go ]; do sleep 0.02; done']);
      await told.whenStarted;
      fill();
      writeFileSync(join(harness.cwd, 'go'), '');
      const end = await told.whenEnded;
      assert.deepEqual([end.kind, end.exit, end.remaining], ['exited', { exitCode: 0 }, []]);
      // For windows that did not start it, too.
      assert.deepEqual(seen(lookAtEnded(files))?.exit, { exitCode: 0 });
    });

    it('R8.3 where nothing can be written at all, the exit code of the guardian tells the end (E12)', async () => {
      for (const [code, script] of [
        [0, 'exit 0'],
        [7, 'exit 7'],
      ] as const) {
        const { told, files } = harness.launch('/bin/sh', ['-c', `while [ ! -e go ]; do sleep 0.02; done; ${script}`]);
        await told.whenStarted;
        fill();
        // What was reserved is taken away as well.
        for (const path of [files.exit, files.ended]) rmSync(`${path}.reserve`);
        writeFileSync(join(harness.cwd, 'go'), '');
        const end = await told.whenEnded;
        for (const path of [join(harness.cwd, 'go'), join(harness.runsFolder, 'filler')]) rmSync(path);
        assert.deepEqual([end.kind, end.exit, end.remaining], ['exited', { exitCode: code }, []]);
        assert.equal(existsSync(files.exit), false);
      }
    });

    it("R13.3 a run that cannot be prepared or claimed on a full disk is the machine's trouble (B4)", async () => {
      fill();
      const { told, token } = harness.launch('/bin/sleep', ['1000']);
      const end = await told.whenEnded;
      assert.deepEqual([end.kind, end.trouble], ['void', 'machine']);
      assert.match(end.error ?? '', /the disk is full/);
      assert.deepEqual(harness.processesOf(token), []);
    });
  });

  it('R5.3 a signal that nobody ordered is no shutdown (B6)', async () => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT']) {
      const { told, token } = harness.launch(program('tree.sh'), ['wait']);
      const { guardian } = await told.whenStarted;
      await until('the tree', () => harness.processesOf(token).length >= 4);
      kill(guardian?.pid as number, signal);
      const end = await told.whenEnded;
      assert.deepEqual([end.kind, end.stoppedBy, end.foreignSignal], ['exited', 'shutdown', signal]);
      assert.deepEqual(harness.processesOf(token), []);
    }
  });

  it('R5.3 a signal while a stop is under way is no foreign one, and others end no guardian (B6)', async () => {
    const { told, run } = harness.launch(program('ignoreTerm.sh'));
    const { guardian } = await told.whenStarted;
    for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGALRM', 'SIGVTALRM', 'SIGPROF', 'SIGIO', 'SIGPIPE', 'SIGWINCH'])
      kill(guardian?.pid as number, signal);
    await until('the trap', () => told.texts.includes('ready'));
    run.stop('user', 500);
    kill(guardian?.pid as number, 'SIGTERM');
    const end = await told.whenEnded;
    assert.deepEqual([end.stoppedBy, end.foreignSignal], ['user', undefined]);
    assert.deepEqual(end.exit, { signal: 'SIGKILL' });
  });

  it('R5.7 a folder that is removed while the agent runs is named as the reason (B10)', async () => {
    const { told } = harness.launch('/bin/sh', ['-c', 'rmdir "$PWD"; exit 128']);
    const end = await told.whenEnded;
    assert.deepEqual([end.kind, end.exit, end.trouble], ['exited', { exitCode: 128 }, 'folder']);
    assert.match(end.error ?? '', /working folder .* was removed while it ran/);
    mkdirSync(harness.cwd);
    assert.equal((await harness.launch('/bin/sh', ['-c', 'exit 128']).told.whenEnded).trouble, undefined);
  });

  it('a run folder that was removed is made again, so that other windows find the guardian (A6)', async () => {
    harness.launcher.dispose();
    harness.launcher = harness.newLauncher({ beatMs: 50 });
    const { told, files, token } = harness.launch('/bin/sleep', ['1000']);
    const { guardian } = await told.whenStarted;
    rmSync(files.folder, { recursive: true });
    await until('the claim', () => seen(lookAtClaim(files))?.guardian?.pid === guardian?.pid);
    harness.reload();
    const adopted = harness.adopt(token);
    await adopted.told.whenStarted;
    adopted.run.stop('user', 200);
    assert.equal((await adopted.told.whenEnded).stoppedBy, 'user');
    assert.deepEqual(harness.processesOf(token), []);
  });

  for (const known of ['its leader is known', 'nothing is known of it'] as const) {
    it(`a run whose folder was removed is ended when its guardian is gone, where ${known} (A6)`, async () => {
      const { told, files, token } = harness.launch(program('tree.sh'), ['wait']);
      const { leader, guardian } = await told.whenStarted;
      await until('the tree', () => harness.processesOf(token).length >= 4);
      harness.reload();
      rmSync(files.folder, { recursive: true });
      kill(guardian?.pid as number);
      const adopted = harness.adopt(token, known === 'its leader is known' ? { leader, guardian: guardian! } : {});
      const end = await adopted.told.whenEnded;
      assert.equal(end.kind, 'lost');
      assert.ok(end.swept.length >= 4, JSON.stringify(end));
      assert.deepEqual(harness.processesOf(token), []);
    });
  }

  for (const follower of ['the window that started it', 'a window that adopted it'] as const) {
    it(`a guardian that was stopped is noticed and goes on, followed by ${follower} (A9)`, async () => {
      harness.launcher.dispose();
      harness.launcher = harness.newLauncher({ beatMs: 100 });
      const launched = harness.launch('/bin/sh', ['-c', 'while [ ! -e go ]; do sleep 0.02; done']);
      const { guardian } = await launched.told.whenStarted;
      if (follower === 'a window that adopted it') harness.reload();
      const { told } = follower === 'a window that adopted it' ? harness.adopt(launched.token) : launched;
      await told.whenStarted;
      kill(guardian?.pid as number, 'SIGSTOP');
      writeFileSync(join(harness.cwd, 'go'), '');
      assert.deepEqual((await told.whenEnded).exit, { exitCode: 0 });
    });
  }

  it('R8.3 its exit code can tell every end, and no code of Node or the system is taken for one (E12)', () => {
    for (const exitCode of [0, 1, 2, 62, 63])
      assert.deepEqual(reportedEnd(exitCodeFor({ exit: { exitCode } })), { exit: { exitCode } });
    assert.deepEqual(reportedEnd(exitCodeFor({ exit: { exitCode: 255 } })), { exit: { exitCode: 63 } });
    for (const signal of ['SIGKILL', 'SIGTERM', 'SIGSEGV', 'SIGALRM'])
      assert.deepEqual(reportedEnd(exitCodeFor({ exit: { signal } })), { exit: { signal } });
    for (const stoppedBy of ['user', 'timeout', 'unattended'] as const)
      assert.deepEqual(reportedEnd(exitCodeFor({ exit: { exitCode: 0 }, stoppedBy })), { exit: {}, stoppedBy });
    assert.deepEqual(reportedEnd(exitCodeFor({})), {});
    for (const code of [null, 0, 1, 9, 13, 20, 134, 159]) assert.equal(reportedEnd(code), undefined);
  });
});
