import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { Cgroup } from '../../src/process/contain/cgroup.ts';
import { findCgroup, ownGroup } from '../../src/process/contain/findCgroup.ts';
import { findSubreaper } from '../../src/process/contain/subreaper.ts';
import { until } from '../support/until.ts';

const found = findCgroup();

/** Programs that a search cannot find: no marker, no log, other sessions, other names; and one that forks faster than anybody looks. */
const ESCAPES: Readonly<Record<string, string>> = {
  'a daemon without its environment': 'env -i setsid -f sleep 1000 < /dev/null > /dev/null 2>&1',
  'a changed title': 'setsid -f perl -e \'$0 = "worker"; sleep 1000\' < /dev/null > /dev/null 2>&1',
  'a fork hopper':
    "setsid -f perl -e 'use POSIX; while (1) { fork() && exit; POSIX::setsid(); select undef, undef, undef, 0.002 }' < /dev/null > /dev/null 2>&1",
};

describe('containment by control group', () => {
  if (found.kind === 'none') {
    it(`is not to be had here: ${found.why}`, function () {
      this.skip();
    });
    return;
  }
  const { base } = found;
  let group: Cgroup;

  beforeEach(() => {
    group = new Cgroup(join(base.folder, `test-${process.pid}`), base.own);
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

  it('R13.1 a start that fails is told as it is, and leaves the starter outside', async () => {
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

  it('R13.1 a frozen group is killed without being woken', async () => {
    const child = start('while :; do :; done');
    assert.ok(group.freeze(true));
    await until('it is frozen', () => /^frozen 1$/m.test(readFileSync(join(group.path, 'cgroup.events'), 'utf8')));
    group.kill();
    await once(child, 'exit');
  });

  it('R13.1 a group that is gone is gone, one that cannot be asked is unknown', () => {
    assert.equal(new Cgroup(join(base.folder, 'never-made'), base.own).population(), 'gone');
    assert.equal(new Cgroup('/dev/null', base.own).population(), 'unknown');
    assert.deepEqual(new Cgroup(join(base.folder, 'never-made'), base.own).processes(), []);
  });

  it('R13.1 an ordinary user can contain and kill in a subtree that was handed over', function () {
    if (process.getuid?.() !== 0) return this.skip();
    const handed = join(base.own, `handed-${process.pid}`);
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
    assert.deepEqual(findCgroup('/nowhere').kind, 'none');
  });
});

describe('containment by subreaper', () => {
  const wrapper = findSubreaper();
  if (!wrapper) {
    it('is not to be had here: there is no interpreter for it', function () {
      this.skip();
    });
    return;
  }

  it('R13.1 orphans become children of the command, across its exec', async () => {
    const [program = '', ...args] = wrapper;
    const script = '(sh -c "echo \\$\\$; exec sleep 1000" &) ; exec sleep 1000';
    const child = spawn(program, [...args, '/bin/sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (piece: Buffer) => {
      text += piece.toString();
    });
    await until('the orphan has said who it is', () => text.endsWith('\n'));
    const orphan = Number(text);
    const parent = () => Number(readFileSync(`/proc/${orphan}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]);
    await until('the command is its parent', () => parent() === child.pid);
    process.kill(orphan, 'SIGKILL');
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
});
