import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Cgroup } from '../../src/process/contain/cgroup.ts';
import { ownGroup } from '../../src/process/contain/ownGroup.ts';
import { makeRunGroup, whileLeaving } from '../../src/process/contain/runGroup.ts';
import { until } from '../support/until.ts';
import { RunHarness } from './support/runHarness.ts';

const trial = makeRunGroup(`trial-${process.pid}`, () => {});
trial?.remove();

/**
 * Programs that a search cannot find: no marker, no log, other sessions, other names; and one that forks faster than
 * anybody looks.
 */
const ESCAPES: Readonly<Record<string, string>> = {
  'a daemon without its environment': 'env -i setsid -f sleep 1000 < /dev/null > /dev/null 2>&1',
  'a changed title': 'setsid -f perl -e \'$0 = "worker"; sleep 1000\' < /dev/null > /dev/null 2>&1',
  'a fork hopper':
    "setsid -f perl -e 'use POSIX; while (1) { fork() && exit; POSIX::setsid(); select undef, undef, undef, 0.002 }' < /dev/null > /dev/null 2>&1",
};

describe('containment by control group', () => {
  if (!trial) {
    it('cannot be had here: no control group may be made', function () {
      this.skip();
    });
    return;
  }
  const own = dirname(dirname(trial.path));
  const folder = dirname(trial.path);
  let group: Cgroup;

  beforeEach(() => {
    group = new Cgroup(join(folder, `test-${process.pid}`), own);
    group.create();
  });

  afterEach(async () => {
    group.kill();
    await until('the group is empty', () => group.population() !== 'populated');
    assert.ok(group.remove());
  });

  const start = (script: string) =>
    group.startWithin(() => spawn('/bin/sh', ['-c', script], { detached: true, stdio: 'ignore' }));

  it('R13.1 what is started within is born in the group, and the starter is outside again', async () => {
    const child = start('sleep 1000');
    assert.deepEqual(group.processes()?.includes(child.pid as number), true);
    assert.deepEqual(group.processes()?.includes(process.pid), false);
    assert.equal(group.population(), 'populated');
  });

  it('R13.1 a start that fails is reported as it is, and leaves the starter outside', async () => {
    const child = group.startWithin(() => spawn('/no/such/program', []));
    const [error] = await once(child, 'error');
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOENT');
    assert.throws(() => group.startWithin(() => assert.fail('thrown within')), /thrown within/);
    assert.deepEqual(group.processes(), []);
  });

  for (const [what, script] of Object.entries(ESCAPES)) {
    it(`R13.1 ${what} is found and ended, as a fact of the kernel`, async () => {
      const leader = start(script);
      await once(leader, 'exit');
      await until('it has left its leader', () => group.population() === 'populated');
      assert.ok(group.kill());
      await until('nobody is left', () => group.population() === 'empty');
      assert.deepEqual(group.processes(), []);
    });
  }

  it('R13.1 a kept program is moved out before the group is killed', async () => {
    const kept = start('exec sleep 1000');
    const other = start('exec sleep 1000');
    const ended = once(other, 'exit');
    assert.deepEqual(group.moveOut([kept.pid as number, 4_000_000]), [kept.pid, 4_000_000]);
    group.kill();
    await ended;
    assert.equal(kept.exitCode, null);
    process.kill(kept.pid as number, 0);
    kept.kill('SIGKILL');
    await once(kept, 'exit');
  });

  it('R13.1 a group that is gone is gone, one that cannot be asked is unknown', () => {
    assert.equal(new Cgroup(join(folder, 'never-made'), own).population(), 'gone');
    assert.equal(new Cgroup('/dev/null', own).population(), 'unknown');
    assert.deepEqual(new Cgroup(join(folder, 'never-made'), own).processes(), []);
  });

  it('R13.1 an ordinary user can contain and kill in a subtree that was handed over', function () {
    if (process.getuid?.() !== 0) return this.skip();
    const handed = join(own, `handed-${process.pid}`);
    mkdirSync(handed);
    try {
      for (const file of ['', 'cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads'])
        chownSync(join(handed, file), 65534, 65534);
      chmodSync(handed, 0o755);
      const script = [
        `echo $$ > ${handed}/cgroup.procs`,
        "exec setpriv --reuid=65534 --regid=65534 --clear-groups sh -c '",
        `mkdir ${handed}/run && sh -c "echo \\$\\$ > ${handed}/run/cgroup.procs; env -i setsid -f sleep 1000 > /dev/null 2>&1 < /dev/null" &&`,
        `grep -q "populated 1" ${handed}/run/cgroup.events && echo 1 > ${handed}/run/cgroup.kill &&`,
        `while grep -q "populated 1" ${handed}/run/cgroup.events; do :; done; rmdir ${handed}/run && echo done'`,
      ].join('\n');
      const result = spawnSync('/bin/sh', ['-c', script.replaceAll("sh -c '\n", "sh -c '").replaceAll('&&\n', '&& ')], {
        encoding: 'utf8',
      });
      assert.equal(result.stdout.trim(), 'done', result.stderr);
    } finally {
      for (const name of readdirSync(handed, { withFileTypes: true }))
        if (name.isDirectory()) rmdirSync(join(handed, name.name));
      rmdirSync(handed);
    }
  });
});

describe('A group whose processes are on their way out', () => {
  /** Looks at a group that has so many processes, look by look; the last number stays. */
  const looksAt = async (...sizes: readonly number[]): Promise<number> => {
    let looks = 0;
    const processes = () => Array<number>(sizes[Math.min(looks++, sizes.length - 1)] as number).fill(7);
    await whileLeaving({ processes }, () => false);
    return looks;
  };

  it('R13.1 is waited for as long as it gets smaller, and no longer', async () => {
    assert.equal(await looksAt(0), 1);
    assert.equal(await looksAt(200, 90, 40, 1, 0), 5);
    assert.equal(await looksAt(200, 3), 5);
    // One that forks as quickly as its processes end does not hold up what ends it.
    assert.equal(await looksAt(2, 3, 2, 3), 4);
  });

  it('R7.2 R7.3 is not waited for beyond the time at which it is killed, or in haste', async () => {
    let looks = 0;
    const processes = () => Array<number>(1_000 - looks++).fill(7);
    await whileLeaving({ processes }, () => looks === 7);
    assert.equal(looks, 7);
  });
});

describe('control groups of this process', () => {
  const MOUNTS = [
    '22 1 0:20 / / rw - ext4 /dev/root rw',
    '30 22 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
    '31 22 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
  ].join('\n');

  it('R13.1 are found in a hybrid, a unified and a container’s mount', () => {
    assert.equal(ownGroup(MOUNTS, '4:memory:/a\n0::/user.slice/x'), '/sys/fs/cgroup/unified/user.slice/x');
    const unified = '30 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw';
    assert.equal(ownGroup(unified, '0::/'), '/sys/fs/cgroup/');
    const container = '30 22 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw';
    assert.equal(ownGroup(container, '0::/docker/abc/work'), '/sys/fs/cgroup/work');
    assert.equal(ownGroup(container, '0::/elsewhere'), undefined);
  });

  it('R13.1 are none where only version 1 is mounted', () => {
    assert.equal(ownGroup('31 22 0:27 / /c rw - cgroup cgroup rw', '4:memory:/a'), undefined);
  });
});

describe('runs in a control group', () => {
  let harness: RunHarness;
  beforeEach(async () => {
    harness = await RunHarness.create();
  });
  afterEach(() => harness.dispose());

  for (const [what, script] of Object.entries(ESCAPES)) {
    it(`R13.1 R7.4 ${what} does not outlive its run, and nothing of the group is left`, async function () {
      if (!trial) return this.skip();
      const { told, token } = harness.launch('/bin/sh', ['-c', script]);
      const end = await told.whenEnded;
      assert.deepEqual([end.kind, end.exit.exitCode, end.remaining, end.unseen], ['exited', 0, [], undefined]);
      const path = join(dirname(trial.path), token);
      await until('the group is removed', () => !existsSync(path));
    });
  }

  it('R13.1 a kept program is moved out and lives on, and the rest is ended', async function () {
    if (!trial) return this.skip();
    const script = 'env LOOP_SUPERVISOR_KEEP=1 setsid -f sleep 1000; setsid -f sleep 1001';
    const { told } = harness.launch('/bin/sh', ['-c', script]);
    const end = await told.whenEnded;
    assert.deepEqual([end.kept.length, end.swept.length, end.remaining.length], [1, 1, 0]);
    const [kept] = end.kept;
    process.kill(kept?.pid as number, 0);
    assert.doesNotMatch(readFileSync(`/proc/${kept?.pid}/cgroup`, 'utf8'), /loop-supervisor/);
    assert.ok(await harness.launcher.terminateSpared(kept!));
  });

  it('R13.1 a guardian that was killed leaves the group to whoever settles its run', async function () {
    if (!trial) return this.skip();
    const { told, token } = harness.launch('/bin/sh', ['-c', `${ESCAPES['a fork hopper']}; sleep 1000`]);
    const { guardian } = await told.whenStarted;
    const group = new Cgroup(join(dirname(trial.path), token), dirname(dirname(trial.path)));
    await until('the hopper is there', () => (group.processes()?.length ?? 0) > 2);
    process.kill(guardian?.pid as number, 'SIGKILL');
    const end = await told.whenEnded;
    assert.deepEqual([end.kind, end.remaining], ['lost', []]);
    assert.notEqual(group.population(), 'populated');
  });
});
