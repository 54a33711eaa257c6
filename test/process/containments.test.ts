import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmdirSync, utimesSync } from 'node:fs';
import type { Containment } from '../../src/core/model/containment.ts';
import {
  type ContainmentQuestions,
  type FoundContainment,
  findContainment,
} from '../../src/process/contain/findContainment.ts';
import { makeRunGroup } from '../../src/process/contain/runGroup.ts';
import { lookAtStarted } from '../../src/process/runFolder/recordSchemas.ts';
import { parentOf } from '../../src/process/tables/procStat.ts';
import { runCommand } from '../../src/process/tables/runCommand.ts';
import { containmentOf } from '../support/containmentOf.ts';
import { seen } from '../support/seen.ts';
import { until } from '../support/until.ts';
import { kill, lives, RunHarness } from './support/runHarness.ts';

const trial = makeRunGroup(`trial-${process.pid}`, () => {});
trial?.remove();

/** A machine on which only some things are to be had; what can be tried out is tried out. */
const machine = (offers: Partial<ContainmentQuestions> = {}): ContainmentQuestions => ({
  run: runCommand,
  exists: (path) => path.startsWith('/usr/bin/p') && existsSync(path),
  environment: {},
  userName: () => 'me',
  whyNoGroup: async () => 'this user may make no control groups',
  ...offers,
});

describe('The containment of a machine', () => {
  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  /** A machine with a systemd for its user, which answers each command with that exit code. */
  const withSystemd = (code: number, without: string[] = []) => {
    const asked: string[] = [];
    const questions = machine({
      run: async (file, args) => {
        asked.push([file, ...args].join(' '));
        return { code, output: '' };
      },
      exists: (path) => !without.includes(path),
      environment: { XDG_RUNTIME_DIR: '/run/user/7' },
    });
    return { asked, questions };
  };

  it('R13.1 is a scope where the user’s systemd makes one and lingering is on', async () => {
    const { asked, questions } = withSystemd(0);
    const found = await findContainment(questions);
    assert.deepEqual([found.kind, found.without], ['scope', []]);
    const scope = '/usr/bin/systemd-run --user --scope --quiet --collect --property=Delegate=yes';
    assert.deepEqual(asked, [`${scope} -- /bin/true`]);
    assert.equal(found.wrap('7-1-ab', 0).join(' '), `${scope} --unit=loop-supervisor-7-1-ab --`);
    const limit = `--property=MemoryMax=${500 * 2 ** 20 + 128 * 2 ** 20}`;
    assert.ok(found.wrap('7-1-ab', 500 * 2 ** 20).includes(limit));
  });

  for (const [what, code, without, why] of [
    ['lingering is off', 0, ['/var/lib/systemd/linger/me'], /lingering is off/],
    ['there is no systemd', 0, ['/usr/bin/systemd-run', '/bin/systemd-run'], /no systemd here/],
    ['the user has no systemd', 0, ['/run/user/7/systemd/private'], /no systemd runs for this user/],
    ['it makes no scopes', 1, [], /makes no scopes/],
  ] as const) {
    it(`R13.1 is no scope where ${what}`, async () => {
      const { questions } = withSystemd(code, [...without]);
      const { kind, without: weaker } = await findContainment({ ...questions, whyNoGroup: async () => undefined });
      assert.equal(kind, 'cgroup');
      assert.deepEqual(
        weaker.map((one) => one.kind),
        ['scope'],
      );
      assert.match(weaker[0]?.why ?? '', why);
    });
  }

  it('R13.1 is a control group where one can be made here', async function () {
    if (!trial) return this.skip();
    assert.equal((await findContainment()).kind, 'cgroup');
  });

  it('R13.1 is a subreaper where an interpreter can ask for it, and search where none can', async () => {
    const without = (found: FoundContainment) => found.without.map(({ kind }) => kind);
    const reaped = await findContainment(machine());
    assert.deepEqual([reaped.kind, without(reaped)], ['subreaper', ['scope', 'cgroup']]);
    const bare = await findContainment(machine({ exists: () => false }));
    assert.deepEqual([bare.kind, without(bare)], ['search', ['scope', 'cgroup', 'subreaper']]);
    const broken = await findContainment(machine({ run: async () => ({ code: 111, output: '' }) }));
    assert.equal(broken.kind, 'search');
  });
});

describe('The containment of other systems', () => {
  for (const platform of ['win32', 'darwin'] as const) {
    it(`R13.1 is search, and says why: ${platform}`, async () => {
      const { kind, without, wrap } = await findContainment(machine(), platform);
      assert.deepEqual([kind, wrap('7-1-ab', 0)], ['search', []]);
      assert.match(without[0]?.why ?? '', /only Linux has them.*Job Objects/);
    });
  }
});

/** Programs that a search cannot find. */
const ESCAPES: Readonly<Record<string, string>> = {
  'a daemon without its environment': 'env -i setsid -f sleep 1000 < /dev/null > /dev/null 2>&1',
  'a changed title': 'setsid -f perl -e \'$0 = "worker"; sleep 1000\' < /dev/null > /dev/null 2>&1',
  'a process that does not let itself be looked into':
    "setsid -f perl -e 'syscall(157, 4, 0, 0, 0, 0); sleep 1000' < /dev/null > /dev/null 2>&1",
};

for (const interpreter of ['perl', 'python3']) {
  describe(`Runs under a subreaper made by ${interpreter}`, () => {
    let harness: RunHarness;

    before(async function () {
      if (process.platform !== 'linux') return this.skip();
      const found = await containmentOf('subreaper', `/usr/bin/${interpreter}`);
      if (!found) return this.skip();
      harness = await RunHarness.create();
      harness.launcher.dispose();
      harness.launcher = harness.newLauncher({ containment: async () => found });
    });
    after(() => harness?.dispose());

    for (const [what, script] of Object.entries(ESCAPES)) {
      it(`R13.1 R7.4 ${what} is found and swept`, async () => {
        const { told } = harness.launch('/bin/sh', ['-c', `${script}; sleep 0.2`]);
        const { containment } = await told.whenStarted;
        const end = await told.whenEnded;
        assert.deepEqual([containment, end.exit.exitCode, end.remaining, end.unseen], ['subreaper', 0, [], undefined]);
        assert.ok(end.swept.length > 0 && end.swept.every(({ pid }) => !lives(pid)));
      });
    }

    it('R13.1 a kept program lives on', async () => {
      const script = 'env LOOP_SUPERVISOR_KEEP=1 setsid -f sleep 1000; env -i setsid -f sleep 1001 > /dev/null 2>&1';
      const { told } = harness.launch('/bin/sh', ['-c', `${script}; sleep 0.2`]);
      const end = await told.whenEnded;
      assert.deepEqual([end.kept.length, end.swept.length, end.remaining.length], [1, 1, 0]);
      assert.ok(lives(end.kept[0]?.pid as number));
      assert.ok(await harness.launcher.terminateSpared(end.kept[0]!));
    });

    it('R13.1 those that have ended are collected, and the exit code is the agent’s', async () => {
      const script = 'for i in 1 2 3 4 5 6 7 8; do (exec setsid true &); done; echo done; read line; exit 7';
      const { told } = harness.launch('/bin/sh', ['-c', script], { stdin: '' });
      const { guardian } = await told.whenStarted;
      const reaper = parentOf(guardian?.pid as number);
      const end = await told.whenEnded;
      assert.equal(end.exit.exitCode, 7);
      await until('the reaper has ended with its guardian', () => !existsSync(`/proc/${reaper}`));
    });

    it('R7.2 a stop passes through the reaper', async () => {
      const { told, run } = harness.launch('/bin/sh', ['-c', 'sleep 1000']);
      await told.whenStarted;
      run.stop('user', 1_000);
      const end = await told.whenEnded;
      assert.deepEqual([end.stoppedBy, end.exit.signal], ['user', 'SIGTERM']);
    });

    it('R13.1 signals that a guardian does not listen to end neither it nor its reaper', async () => {
      const { told, run } = harness.launch('/bin/sh', ['-c', 'sleep 1000']);
      const { guardian } = await told.whenStarted;
      const reaper = parentOf(guardian?.pid as number);
      for (const signal of ['SIGUSR1', 'SIGHUP', 'SIGALRM']) kill(reaper, signal);
      run.stop('user', 1_000);
      const end = await told.whenEnded;
      assert.deepEqual([end.kind, end.stoppedBy], ['exited', 'user']);
    });

    it('R13.1 a guardian does not outlive its reaper: the run is settled as lost, and nothing is left', async () => {
      const { told, token } = harness.launch('/bin/sh', ['-c', 'sleep 1000']);
      const { guardian } = await told.whenStarted;
      kill(parentOf(guardian?.pid as number));
      const end = await told.whenEnded;
      assert.deepEqual([end.kind, end.remaining], ['lost', []]);
      assert.deepEqual([lives(guardian?.pid as number), harness.processesOf(token)], [false, []]);
    });
  });
}

describe('What contains runs', () => {
  let harness: RunHarness;
  beforeEach(async function () {
    if (process.platform !== 'linux') this.skip();
    harness = await RunHarness.create();
  });
  afterEach(() => harness?.dispose());

  const use = (found: FoundContainment) => {
    harness.launcher.dispose();
    harness.launcher = harness.newLauncher({ containment: async () => found });
  };
  const contained = async (): Promise<Containment | undefined> => {
    const { told } = harness.launch('/bin/sh', ['-c', 'exit 0']);
    const { containment } = await told.whenStarted;
    assert.equal((await told.whenEnded).exit.exitCode, 0);
    return containment;
  };

  it('R13.1 that works no more does not keep a run from its start', async () => {
    use({ kind: 'subreaper', without: [], wrap: () => ['/bin/sh', '-c', 'exit 1'] });
    assert.equal(await contained(), 'search');
    use({ kind: 'scope', without: [], wrap: () => ['/no/such/systemd-run', '--'] });
    assert.equal(await contained(), trial ? 'cgroup' : 'search');
  });

  it('R13.1 an adopted run keeps the containment of its start', async function () {
    if (!trial) return this.skip();
    const { told, token, files } = harness.launch('/bin/sh', ['-c', `${ESCAPES['a changed title']}; read line`]);
    await told.whenStarted;
    harness.launcher.dispose();
    use({ kind: 'search', without: [], wrap: () => [] });
    const adopted = harness.adopt(token);
    assert.equal((await adopted.told.whenStarted).containment, 'cgroup');
    adopted.run.stop('user', 100);
    const end = await adopted.told.whenEnded;
    assert.deepEqual([end.remaining, end.unseen], [[], undefined]);
    assert.equal(existsSync(seen(lookAtStarted(files))?.group ?? ''), false);
  });

  it('R13.1 a control group that a crash has left is found at the next start, ended and removed', async function () {
    if (!trial) return this.skip();
    const { told, token, files } = harness.launch('/bin/sh', ['-c', `${ESCAPES['a changed title']}; sleep 1000`]);
    const { guardian } = await told.whenStarted;
    const path = seen(lookAtStarted(files))?.group as string;
    // The window goes first, so that nobody settles the run.
    harness.launcher.dispose();
    kill(guardian?.pid as number);
    // All of it: its first thread may end before the others.
    await until('the guardian is gone', () => !existsSync(`/proc/${guardian?.pid}`));
    assert.match(readFileSync(`${path}/cgroup.events`, 'utf8'), /populated 1/);
    use({ kind: 'cgroup', without: [], wrap: () => [] });
    // One of a run that nobody knows any more, and one that is about to be used.
    const left = ['left', 'young'].map((name) => makeRunGroup(`${name}-${process.pid}`, () => {})?.path as string);
    const [old = '', young = ''] = left;
    const long = new Date(Date.now() - 120_000);
    utimesSync(old, long, long);
    await harness.launcher.reap([token], 200, []);
    assert.deepEqual([path, old, young].map(existsSync), [false, false, true]);
    rmdirSync(young);
  });
});
