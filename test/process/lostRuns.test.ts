import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import type { ProcessIdentity } from '../../src/core/model/processIdentity.ts';
import { lookAtSeen } from '../../src/process/runFolder/recordSchemas.ts';
import { runFiles } from '../../src/process/runFolder/runFiles.ts';
import { createTable } from '../../src/process/tables/platformTable.ts';
import { createInspector } from '../../src/process/tables/processInspector.ts';
import { UNKNOWN_START } from '../../src/process/tables/processTable.ts';
import { seen } from '../support/seen.ts';
import { until } from '../support/until.ts';
import { kill, type Launched, lives, program, RunHarness } from './support/runHarness.ts';

/** In a shell: waits until its last child in the background has become `sleep`. */
const UNTIL_SLEEP = 'until [ "$(cat /proc/$!/comm)" = sleep ]; do sleep 0.01; done';
const OTHER_BOOT = '00000000-0000-0000-0000-000000000000';

describe('Runs that lost their guardian', () => {
  let harness: RunHarness;

  beforeEach(async () => {
    harness = await RunHarness.create();
  });

  afterEach(() => harness.dispose());

  async function tree(mode = 'wait'): Promise<Launched> {
    const launched = harness.launch(program('tree.sh'), [mode]);
    await launched.told.whenStarted;
    await until('the whole tree', () => harness.processesOf(launched.token).length >= 4);
    return launched;
  }

  async function identitiesOf({ told }: Launched): Promise<{ leader: ProcessIdentity; guardian: ProcessIdentity }> {
    const { leader, guardian } = await told.whenStarted;
    return { leader, guardian: guardian as ProcessIdentity };
  }

  it('R7.4 the guardian killed: its window ends the processes of the agent and tells the run as lost', async () => {
    const launched = await tree('ignore');
    const { guardian, leader } = await identitiesOf(launched);
    kill(guardian.pid);
    const end = await launched.told.whenEnded;
    assert.equal(end.kind, 'lost');
    assert.match(end.error ?? '', /guardian of this run was ended from outside/);
    assert.deepEqual(end.exit, {});
    assert.ok(end.swept.some(({ pid }) => pid === leader.pid));
    assert.equal(end.swept.length, 4);
    assert.deepEqual(harness.processesOf(launched.token), []);
    // Who comes later finds it so too.
    harness.reload();
    const again = await harness.adopt(launched.token).told.whenEnded;
    assert.deepEqual([again.kind, again.at, again.swept], [end.kind, end.at, end.swept]);
  });

  it('the agent killed: its end by that signal is reported', async () => {
    const launched = await tree();
    kill((await identitiesOf(launched)).leader.pid);
    const end = await launched.told.whenEnded;
    assert.deepEqual([end.kind, end.exit, end.stoppedBy], ['exited', { signal: 'SIGKILL' }, undefined]);
    assert.deepEqual(harness.processesOf(launched.token), []);
  });

  it('R7.4 both killed: what they left is ended', async () => {
    const launched = await tree();
    const { guardian, leader } = await identitiesOf(launched);
    kill(guardian.pid);
    kill(leader.pid);
    const end = await launched.told.whenEnded;
    assert.equal(end.kind, 'lost');
    assert.deepEqual(harness.processesOf(launched.token), []);
    assert.ok(end.swept.length >= 3, JSON.stringify(end));
  });

  it('a guardian killed with nobody there is noticed by the next window, with the stop that was on its way', async () => {
    const launched = await tree();
    const { guardian } = await identitiesOf(launched);
    harness.launcher.dispose();
    kill(guardian.pid, 'SIGSTOP');
    launched.run.stop('user', 200);
    harness.launcher = harness.newLauncher();
    kill(guardian.pid);
    harness.launcher.control(launched.token).stop('user', 200);
    const { told } = harness.adopt(launched.token);
    const end = await told.whenEnded;
    assert.deepEqual([end.kind, end.stoppedBy], ['lost', 'user']);
    assert.deepEqual(told.calls, ['started', 'ended']);
    assert.deepEqual(harness.processesOf(launched.token), []);
  });

  it('a guardian that dies while its run is adopted is noticed', async () => {
    const launched = await tree();
    const { guardian } = await identitiesOf(launched);
    harness.reload();
    const { told } = harness.adopt(launched.token);
    await told.whenStarted;
    kill(guardian.pid);
    assert.equal((await told.whenEnded).kind, 'lost');
    assert.deepEqual(harness.processesOf(launched.token), []);
  });

  it('R7.4 what the guardian saw is known after its death: a child without marker and log, whose parent is gone', async () => {
    const deaf = `$SIG{TERM} = "IGNORE"; open STDOUT, ">", "/dev/null"; open STDERR, ">", "/dev/null"; sleep 1000`;
    const script = `trap '' TERM; env -i setsid perl -e '${deaf}' & echo $!; wait; sleep 1000`;
    const launched = harness.launch('/bin/sh', ['-c', script]);
    await until('its pid', () => launched.told.texts.length === 1);
    const pid = Number(launched.told.texts[0]);
    const { guardian, leader } = await identitiesOf(launched);
    launched.run.stop('user', 60_000);
    await until('the record', () => seen(lookAtSeen(launched.files))?.processes.some((one) => one.pid === pid));
    for (const one of [guardian.pid, leader.pid]) kill(one);
    const end = await launched.told.whenEnded;
    const survived = lives(pid);
    kill(pid);
    assert.ok(!survived, JSON.stringify(end));
    assert.ok(end.swept.some((one) => one.pid === pid));
    assert.deepEqual(end.remaining, []);
  });

  it('R7.4 an agent whose guardian died before it could write down who it is, is found by its marker', async () => {
    const launched = await tree();
    const { guardian } = await identitiesOf(launched);
    harness.launcher.dispose();
    kill(guardian.pid);
    rmSync(launched.files.started);
    harness.launcher = harness.newLauncher();
    const { told } = harness.adopt(launched.token);
    const end = await told.whenEnded;
    assert.equal(end.kind, 'lost');
    assert.equal(end.swept.length, 4);
    assert.deepEqual(harness.processesOf(launched.token), []);
  });

  it('a guardian that died after its agent had ended: the end that it wrote down counts', async () => {
    const launched = harness.launch(program('leaveChild.sh'), [], { limits: { graceMs: 30_000 } });
    await launched.told.whenEnded;
    const { files, token } = launched;
    const exit = JSON.parse(readFileSync(files.exit, 'utf8')) as { at: number };
    rmSync(files.ended);
    harness.reload();
    const end = await harness.adopt(token).told.whenEnded;
    assert.deepEqual([end.kind, end.exit, end.at], ['exited', { exitCode: 0 }, exit.at]);
  });

  it('a run that nobody has claimed is claimed as void, once for ever: a guardian that comes late starts nothing', async () => {
    const token = 'never-claimed';
    const first = await harness.adopt(token).told.whenEnded;
    assert.equal(first.kind, 'void');
    harness.reload();
    assert.equal((await harness.adopt(token).told.whenEnded).kind, 'void');

    const files = runFiles(harness.runsFolder, 'raced');
    mkdirSync(files.folder);
    writeFileSync(files.claim, JSON.stringify({ format: 1, by: 'void' }));
    const told = harness.adopt('raced').told;
    assert.equal((await told.whenEnded).kind, 'void');
    assert.deepEqual(told.calls, ['ended']);
  });

  it('R3.1 of a guardian and a window that race for a run, exactly one has it', async () => {
    const outcomes = new Set<string>();
    for (let round = 0; round < 12; round += 1) {
      const { told, token, files } = harness.launch('/bin/sh', ['-c', 'echo ran >> ran; sleep 1000']);
      await until('the request', () => readFileSync(files.request));
      // Another window believes that the first one is gone; the later the round, the later it does.
      if (round % 2 === 1) await until('the claim or a moment', () => readFileSync(files.claim));
      const other = harness.newLauncher();
      const end = Promise.withResolvers<string>();
      const run = other.adopt(
        {
          token,
          reader: { line: () => [], end: () => [], state: () => null },
          needsReading: false,
          readOffset: 0,
          graceMs: 200,
          keep: [],
        },
        {
          started: () => run.stop('user', 200),
          output: () => undefined,
          silent: () => undefined,
          unseen: () => undefined,
          asking: () => undefined,
          lines: () => undefined,
          ended: ({ kind }) => end.resolve(kind),
        },
        true,
      );
      const kind = await end.promise;
      outcomes.add(kind);
      assert.ok(kind === 'void' || kind === 'exited', kind);
      assert.equal((await told.whenEnded).kind, kind);
      assert.deepEqual(harness.processesOf(token), []);
      other.dispose();
    }
    assert.ok(outcomes.has('void') && outcomes.has('exited'), [...outcomes].join());
  });

  it('R7.5 a record of another boot is settled, and nobody is signalled', async () => {
    const bystander = spawn('/bin/sleep', ['1000'], { stdio: 'ignore', detached: true });
    try {
      const self = seen(await createTable().find(bystander.pid as number))!;
      const files = runFiles(harness.runsFolder, 'other-boot');
      mkdirSync(files.folder, { recursive: true });
      const leader = { pid: self.pid, startTime: self.startTime, bootId: OTHER_BOOT };
      writeFileSync(files.claim, JSON.stringify({ format: 1, by: 'guardian', guardian: leader }));
      writeFileSync(files.started, JSON.stringify({ format: 1, leader, guardian: leader, at: 1_000 }));
      writeFileSync(files.stdout, 'some output\n');
      utimesSync(files.stdout, 5_000, 5_000);
      const { told } = harness.adopt('other-boot');
      const end = await told.whenEnded;
      assert.equal(end.kind, 'lost');
      assert.match(end.error ?? '', /machine was restarted/);
      assert.equal(end.at, 5_000_000);
      assert.deepEqual(told.texts, ['some output']);
      assert.ok(lives(self.pid));
      assert.deepEqual(await harness.launcher.reap(['other-boot'], 200, []), new Map());
      assert.ok(lives(self.pid));
    } finally {
      bystander.kill('SIGKILL');
    }
  });

  it('R7.5 a pid that is used by somebody else now is never signalled, nor is a group of its number', async () => {
    const bystander = spawn('/bin/sh', ['-c', 'sleep 1000 & sleep 1000'], { stdio: 'ignore', detached: true });
    try {
      const now = seen(await createTable().find(bystander.pid as number))!;
      const before = { pid: now.pid, startTime: String(Number(now.startTime) - 500), bootId: now.bootId };
      const files = runFiles(harness.runsFolder, 'reused');
      mkdirSync(files.folder, { recursive: true });
      writeFileSync(files.claim, JSON.stringify({ format: 1, by: 'guardian', guardian: before }));
      writeFileSync(files.started, JSON.stringify({ format: 1, leader: before, guardian: before, at: 1_000 }));
      // The guardian's pid is in use too: it must be told by more than its number that it is gone.
      const { told } = harness.adopt('reused', { leader: before, guardian: before });
      const end = await told.whenEnded;
      assert.deepEqual([end.kind, end.swept, end.remaining], ['lost', [], []]);
      assert.ok(lives(now.pid));
      assert.deepEqual(await harness.launcher.reap(['reused'], 200, []), new Map());
      assert.equal(await harness.launcher.terminateSpared({ ...before, command: 'sh' }), false);
      assert.ok(lives(now.pid));
    } finally {
      process.kill(-(bystander.pid as number), 'SIGKILL');
    }
  });

  it('R7.4 what is left of runs that are recorded as ended is found and ended, and told by run', async () => {
    const marked = (token: string) =>
      spawn('/bin/sh', ['-c', 'setsid sleep 1000 & sleep 1000'], {
        stdio: 'ignore',
        detached: true,
        env: { ...process.env, LOOP_SUPERVISOR_LOOP: harness.prefix + token, LOOP_SUPERVISOR_ATTEMPT: token },
      });
    for (const token of ['left-1', 'left-2', 'not-asked']) marked(token).unref();
    await until('all of them', () =>
      ['left-1', 'left-2', 'not-asked'].every((token) => harness.processesOf(token).length === 3),
    );
    const reaped = await harness.launcher.reap(['left-1', 'nothing', 'left-2'], 200, []);
    assert.deepEqual([...reaped.keys()].sort(), ['left-1', 'left-2']);
    assert.equal(reaped.get('left-1')?.length, 3);
    assert.deepEqual([...harness.processesOf('left-1'), ...harness.processesOf('left-2')], []);
    assert.equal(harness.processesOf('not-asked').length, 3);
  });

  it('R7.4 reaping leaves alone what was kept, and runs whose guardian is still at it', async () => {
    const { told, token } = harness.launch('/bin/sh', ['-c', `setsid sleep 1000 & ${UNTIL_SLEEP}`], {
      limits: { keep: ['sleep', 'setsid', 'sh'] },
    });
    const end = await told.whenEnded;
    assert.equal(end.kept.length, 1);
    const running = harness.launch('/bin/sleep', ['1000']);
    await running.told.whenStarted;
    assert.deepEqual(await harness.launcher.reap([token, running.token], 200, []), new Map());
    assert.ok(lives(end.kept[0]!.pid));
    assert.equal(harness.processesOf(running.token).length, 1);
  });

  it('a guardian that the system asks to end stops its run in order', async () => {
    const launched = await tree();
    const { guardian } = await identitiesOf(launched);
    kill(guardian.pid, 'SIGHUP');
    kill(guardian.pid, 'SIGTERM');
    const end = await launched.told.whenEnded;
    assert.deepEqual([end.kind, end.stoppedBy], ['exited', 'shutdown']);
    assert.deepEqual(harness.processesOf(launched.token), []);
  });

  it('a stopped guardian is woken by an order', async () => {
    const launched = await tree();
    kill((await identitiesOf(launched)).guardian.pid, 'SIGSTOP');
    assert.equal(await launched.run.signal('SIGKILL', 'user'), true);
    assert.deepEqual((await launched.told.whenEnded).exit, { signal: 'SIGKILL' });
  });

  it('knows itself and tells whether others live', () => {
    const { self, look } = createInspector();
    assert.equal(self.pid, process.pid);
    assert.equal(look(self).state, 'there');
    assert.equal(look({ ...self, startTime: '1' }).state, 'gone');
    assert.equal(look({ ...self, bootId: OTHER_BOOT }).state, 'gone');
    assert.equal(look({ ...self, pid: 2 ** 22 + 1 }).state, 'gone');
    const { machine: _, namespace: __, ...old } = self;
    assert.equal(look(old).state, 'there', 'a record of an older version was written on this machine');
    assert.equal(look({ ...self, machine: 'another' }).state, 'unknown');
    assert.equal(look({ ...self, machine: 'another', bootId: OTHER_BOOT }).state, 'unknown');
    assert.equal(look({ ...self, namespace: 'another' }).state, 'unknown');
    assert.equal(look({ ...self, startTime: UNKNOWN_START }).state, 'unknown');
    assert.equal(look({ ...self, pid: 2 ** 22 + 1, startTime: UNKNOWN_START }).state, 'gone');
  });
});
