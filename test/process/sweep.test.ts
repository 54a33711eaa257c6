import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isEditor } from '../../src/process/sweep/editor.ts';
import { findProcesses, findRun, NOBODY, type RunMarks } from '../../src/process/sweep/findProcesses.ts';
import { isOwn, ownFoldersOf } from '../../src/process/sweep/ownFolders.ts';
import { programOf } from '../../src/process/sweep/program.ts';
import { isProgram } from '../../src/process/sweep/spared.ts';
import { type SweepTime, sweep } from '../../src/process/sweep/sweep.ts';
import type { ProcessInfo } from '../../src/process/tables/processTable.ts';
import { seen } from '../support/seen.ts';
import { type FakeProcess, FakeTable, identity } from './support/fakeTable.ts';

const LEADER = 1000;
const marks = (more: Partial<RunMarks> = {}): RunMarks => ({
  token: 'run-1',
  leader: identity(LEADER),
  seen: [],
  trustGroup: true,
  folder: '/runs/run-1',
  ownFolders: ['/project', '/runs/run-1'],
  ...more,
});

async function found(
  processes: readonly FakeProcess[],
  more: Partial<RunMarks> = {},
  keep: readonly string[] = [],
  deep = true,
) {
  const look = await findRun(new FakeTable(processes), marks(more), { keep, deep });
  const { members, kept } = seen(look) ?? NOBODY;
  const pids = (all: readonly { pid: number }[]) => all.map(({ pid }) => pid).sort((a, b) => a - b);
  return { members: pids(members), kept: pids(kept) };
}

async function members(
  processes: readonly FakeProcess[],
  more: Partial<RunMarks> = {},
  deep = true,
): Promise<number[]> {
  return (await found(processes, more, [], deep)).members;
}

const MARKED = 'A=1\0LOOP_SUPERVISOR_ATTEMPT=run-1\0B=2\0';

describe('Finding the processes of a run', () => {
  it('R7.4 finds its group, its session, what is below them, its marker and who writes to its logs', async () => {
    assert.deepEqual(
      await members([
        { pid: LEADER },
        { pid: 1001, group: LEADER, parent: 1 },
        { pid: 1002, group: 1002, session: LEADER },
        { pid: 1003, parent: 1002 },
        { pid: 1004, environment: MARKED },
        { pid: 1005, environment: 'X=1\0', outputs: ['/dev/null', '/runs/run-1/stderr.log'] },
        { pid: 1006, environment: '', outputs: ['/runs/run-1/stdout.log (deleted)'] },
        { pid: 1007, environment: 'XLOOP_SUPERVISOR_ATTEMPT=run-1\0' },
        {
          pid: 1008,
          environment: 'LOOP_SUPERVISOR_ATTEMPT=run-11\0',
          outputs: ['/runs/run-1/guardian.log', '/runs/run-11/stdout.log'],
        },
        { pid: 1009 },
      ]),
      [1000, 1001, 1002, 1003, 1004, 1005, 1006],
    );
  });

  it('R7.4 a quick look asks nobody for marker and logs', async () => {
    assert.deepEqual(
      await members([{ pid: LEADER }, { pid: 1001, parent: LEADER }, { pid: 1004, environment: MARKED }], {}, false),
      [1000, 1001],
    );
  });

  it('R7.1 the group counts while its leader is there, even as a zombie', async () => {
    const group = [
      { pid: LEADER, zombie: true },
      { pid: 1001, group: LEADER },
    ];
    assert.deepEqual(await members(group, { trustGroup: false }), [1001]);
  });

  it('R7.5 the group does not count when its number is given to somebody else', async () => {
    const processes = [
      { pid: LEADER, started: 5000 },
      { pid: 5001, group: LEADER },
    ];
    assert.deepEqual(await members(processes), []);
    assert.deepEqual(await members(processes, { trustGroup: false }), []);
  });

  it('R7.1 the group of a leader that is gone counts only right after its end', async () => {
    const left = [{ pid: 1001, group: LEADER }];
    assert.deepEqual(await members(left), [1001]);
    assert.deepEqual(await members(left, { trustGroup: false }), []);
  });

  it('R7.4 finds who was seen below the leader before, by identity', async () => {
    const processes = [{ pid: 1500 }, { pid: 1501, started: 9000 }];
    assert.deepEqual(await members(processes, { seen: [identity(1500), identity(1501)] }), [1500]);
  });

  it('R7.4 never finds ourselves or what is above us', async () => {
    const processes = [
      { pid: 3, parent: 1, started: 10_000_000, environment: MARKED },
      { pid: process.pid, parent: 3, started: 10_000_001, environment: MARKED },
      { pid: process.pid + 1, parent: process.pid, started: 10_000_002, environment: MARKED },
    ];
    assert.deepEqual(await members(processes), [process.pid + 1]);
  });

  it('a process that is older than its parent is not its child, where pids are used again', async () => {
    assert.deepEqual(
      await members([{ pid: LEADER }, { pid: 10, parent: LEADER, started: 10 }, { pid: 1010, parent: LEADER }]),
      [1000, 1010],
    );
  });

  it('R7.4 spares and lists kept programs with all below them, marked processes and VS Code', async () => {
    const processes: FakeProcess[] = [
      { pid: LEADER, args: ['/usr/bin/tmux'] },
      { pid: 1001, parent: LEADER, args: ['/usr/bin/tmux', 'new'] },
      { pid: 1002, parent: 1001, args: ['vim'] },
      { pid: 1003, parent: LEADER, args: ['sleep'], environment: 'LOOP_SUPERVISOR_KEEP=1\0' },
      { pid: 1004, parent: LEADER, args: ['sleep'], environment: 'LOOP_SUPERVISOR_KEEP=0\0' },
      { pid: 1005, parent: LEADER, args: ['/opt/code/code', '--unity-launch'] },
      { pid: 1006, parent: 1005, args: ['/opt/code/code', '--type=extensionHost'] },
      { pid: 1007, parent: 1006, args: ['bash'], environment: MARKED },
      { pid: 1008, parent: LEADER, args: ['codex'] },
    ];
    assert.deepEqual(await found(processes, {}, ['tmux']), {
      members: [1000, 1004, 1008],
      kept: [1001, 1002, 1003, 1005, 1006, 1007],
    });
  });

  it('R7.4 spares by what a program is, not by a word in its arguments or a name that the project uses', async () => {
    const ended: readonly (readonly string[])[] = [
      ['/bin/bash', '-c', 'true; serve --root /home/me/code'],
      ['/bin/bash', '-c', 'tmux'],
      ['/project/code'],
      ['/project/code', '--type=extensionHost'],
      ['/usr/bin/node', '/project/out/server-main.js'],
      ['/usr/bin/node', './out/server-main.js'],
      ['/usr/bin/node', '/project/src/screen'],
      ['/bin/sh', './src/screen'],
      ['/usr/bin/make', 'screen'],
      ['/bin/sh', '/elsewhere/host.sh', '--type=extensionHost'],
      ['/usr/bin/java', '-cp', '/project/classes', 'org.gradle.Fake'],
      ['/usr/bin/java', '-Dname=gradle', '-cp', '/usr/lib/x.jar', 'com.me.gradle.App'],
      ['/usr/bin/node', '-e', 'tmux', '/usr/bin/tmux'],
      ['python3', 'code.py'],
      ['/usr/bin/node', '--inspect', '/project/cursor.mjs'],
      ['/bin/sh', './windsurf.sh'],
    ];
    for (const args of ended) {
      const look = await found([{ pid: 1001, args, environment: MARKED }], {}, ['tmux', 'screen', 'gradle']);
      assert.deepEqual(look, { members: [1001], kept: [] }, args.join(' '));
    }
  });

  it('R7.4 an editor that was started as a plain Node is what its script is', async () => {
    const program: FakeProcess = { pid: 1001, args: ['/opt/code/code', '/extension/dist/sampleAgent.cjs'] };
    assert.deepEqual(await found([{ ...program, environment: `${MARKED}ELECTRON_RUN_AS_NODE=1\0` }]), {
      members: [1001],
      kept: [],
    });
    assert.deepEqual((await found([{ ...program, environment: MARKED }])).kept, [1001], 'it opens that file');
  });

  it('R7.4 where nobody knows the folders of the loop, no name counts', async () => {
    const processes: FakeProcess[] = [
      { pid: 1001, args: ['/usr/bin/tmux'], environment: MARKED },
      { pid: 1002, args: ['/usr/share/code/code'], environment: MARKED },
      { pid: 1003, args: ['server'], environment: `${MARKED}LOOP_SUPERVISOR_KEEP=1\0` },
    ];
    assert.deepEqual(await found(processes, { ownFolders: undefined }, ['tmux']), {
      members: [1001],
      kept: [1002, 1003],
    });
  });

  it('R7.4 what was kept at the end of a run stays kept', async () => {
    const processes = [{ pid: 1001, args: ['server'], environment: MARKED }];
    assert.deepEqual(await found(processes, { kept: [identity(1001)] }), { members: [], kept: [1001] });
  });

  it('R7.4 a look reads of each process only what it needs, and that once', async () => {
    const read: string[] = [];
    const table = new FakeTable([
      { pid: LEADER, args: ['/bin/sh', 'agent.sh'], environment: MARKED },
      { pid: 1001, group: LEADER, args: ['/bin/sleep', '5'], environment: MARKED },
      { pid: 1002, parent: LEADER, args: ['/usr/bin/node', 'tool.js'], environment: MARKED },
      { pid: 1003, args: ['/bin/sleep', '6'], environment: 'A=1\0' },
    ]);
    for (const what of ['environment', 'args', 'outputs'] as const) {
      const look = table[what].bind(table) as (process: ProcessInfo) => never;
      table[what] = (process) => {
        read.push(`${process.pid} ${what}`);
        return look(process);
      };
    }
    const look = await findRun(table, marks(), { keep: ['tmux'], deep: true });
    assert.deepEqual(
      seen(look)?.members.map(({ pid }) => pid),
      [LEADER, 1001, 1002],
    );
    assert.deepEqual(read.sort(), [
      ...['1001 environment', '1002 args', '1002 environment', '1002 environment', '1003 environment', '1003 outputs'],
    ]);
  });

  it('tells apart the processes of many runs in one look', async () => {
    const table = new FakeTable([
      { pid: 1001, environment: MARKED },
      { pid: 2001, environment: 'LOOP_SUPERVISOR_ATTEMPT=run-2\0' },
    ]);
    const runs = ['run-1', 'run-2', 'run-3'].map((token) =>
      marks({ token, leader: undefined, folder: `/runs/${token}` }),
    );
    const all = await findProcesses(table, runs, { keep: [], deep: true });
    assert.deepEqual(
      [...(seen(all) ?? [])].map(([token, run]) => [token, run.members.map(({ pid }) => pid)]),
      [
        ['run-1', [1001]],
        ['run-2', [2001]],
        ['run-3', []],
      ],
    );
  });

  for (const [name, ...args] of [
    ['tmux', '/usr/bin/tmux', 'new-session'],
    ['tmux', '/bin/sh', '/usr/local/bin/tmux', 'serve'],
    ['screen', '/usr/bin/screen-4.9.0', '-dmS', 'x'],
    ['watchman', '/usr/bin/node', '--flag', '-r', 'hook', '/opt/watchman.js', 'x'],
    ['pm2', '/usr/bin/node', '/usr/lib/node_modules/pm2/lib/Daemon.js'],
    ['node', '/usr/bin/node', '/project/server.js'],
    ['tool', '/usr/bin/python3.12', '-X', 'dev', '-m', 'tool.server', '-v'],
    ['gradle', '/usr/bin/java', '-cp', '/g/x.jar:/g/y.jar', 'org.gradle.launcher.daemon.bootstrap.GradleDaemon', '8.5'],
    ['bazel', '/b/java', '-jar', `/cache/_bazel_me/install/${'0'.repeat(32)}/A-server.jar`, '--port=1'],
    ['org.me.Main', '/usr/bin/java', '@options', '-Xmx1g', 'org.me.Main', 'gradle'],
  ] as const) {
    it(`R7.4 knows what a program is: ${args.join(' ')} is ${name}`, async () => {
      const table = new FakeTable([{ pid: 1001, args }]);
      const [info] = seen(await table.list()) ?? [];
      const program = programOf(table, info!);
      assert.ok(isProgram(program, name.toLowerCase(), ['/project']), JSON.stringify(program));
      assert.ok(!isProgram(program, 'other', ['/project']));
    });
  }

  it('R7.4 a program that does not show its executable goes by its name', async () => {
    // As `screen` does, which runs with the rights of a group of its own.
    const look = await found([{ pid: 1001, args: ['SCREEN -dmS x'], environment: MARKED }], {}, ['SCREEN -dmS x']);
    assert.deepEqual(look, { members: [], kept: [1001] });
  });

  it('R7.4 knows a server of VS Code by where its script lies', () => {
    const node = { name: 'node', isRuntime: true, main: undefined, classPath: [] };
    const server = '/home/me/.vscode-server/bin/abc/out/server-main.js';
    const runs = (script: string, executable = '/usr/bin/node') => ({ ...node, executable, script });
    const product = (path: string) => path === '/home/me/.vscode-server/bin/abc/product.json';
    assert.ok(isEditor(runs(server), ['/project'], product));
    assert.ok(isEditor(runs('/home/me/.vscode-server/bin/abc/out/bootstrap-fork'), ['/project'], product));
    assert.ok(!isEditor(runs(server), ['/project'], () => false));
    assert.ok(!isEditor(runs('/project/out/server-main.js'), ['/project'], () => true), 'of the project');
    assert.ok(!isEditor(runs('out/server-main.js'), ['/project'], () => true));
    assert.ok(!isEditor(runs('/home/me/.vscode-server/bin/abc/out/cli.js'), ['/project'], product));
    const app = '/Applications/Visual Studio Code.app/Contents/MacOS/Electron';
    assert.ok(
      isEditor({ ...node, name: 'electron', isRuntime: false, executable: app, script: undefined }, ['/project']),
    );
  });

  it("R7.4 a loop's own folders are its repository and its run folder, and not what its user's home hides", () => {
    assert.ok(isOwn('/p/bin/code', ['/p'], '/home/me'));
    assert.ok(!isOwn('/program/code', ['/p'], '/home/me'));
    assert.ok(isOwn('/home/me/code', ['/home/me'], '/home/me'));
    assert.ok(!isOwn('/home/me/.local/bin/tmux', ['/home/me'], '/home/me'));
    assert.ok(isOwn('/home/me/.cache/p/tmux', ['/home/me/.cache/p'], '/home/me'));
    assert.ok(!isOwn('/usr/bin/tmux', ['/'], '/home/me'));
    assert.ok(isOwn('/home/me/code', ['/'], '/home/me'));
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'loop-own-')));
    try {
      mkdirSync(join(folder, 'repository', '.git'), { recursive: true });
      writeFileSync(join(folder, 'repository', '.git', 'HEAD'), '');
      mkdirSync(join(folder, 'repository', 'packages', '.git'), { recursive: true });
      mkdirSync(join(folder, 'repository', 'packages', 'one'), { recursive: true });
      symlinkSync(join(folder, 'repository'), join(folder, 'link'));
      const own = ownFoldersOf(join(folder, 'link', 'packages', 'one'), join(folder, 'run'));
      assert.deepEqual(own, [join(folder, 'repository'), join(folder, 'run')]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('Sweeping', () => {
  /** Time that passes only by sleeping. */
  class FakeTime implements SweepTime {
    at = 0;
    now(): number {
      return this.at;
    }
    async sleep(ms: number): Promise<void> {
      this.at += Math.max(ms, 1);
    }
  }

  async function swept(
    processes: readonly FakeProcess[],
    { begunAt = 0, ...options }: Partial<Parameters<typeof sweep>[2]> & { readonly begunAt?: number } = {},
  ) {
    const table = new FakeTable(processes);
    const time = new FakeTime();
    time.at = begunAt;
    const find = () => findRun(table, marks({ leader: undefined }), { keep: ['tmux'], deep: true });
    const result = await sweep(table, find, { graceMs: 1000, ...options }, time);
    return { ...result, table, tookMs: time.at };
  }

  it('R7.4 asks first, and kills when the grace period is over', async () => {
    const { table, tookMs, ...result } = await swept([
      { pid: 1001, args: ['polite'], environment: MARKED },
      { pid: 1002, args: ['deaf', '--to-it'], environment: MARKED, survives: ['SIGTERM'] },
      { pid: 1003, args: ['tmux'], environment: MARKED },
    ]);
    assert.deepEqual(table.sent, ['SIGTERM 1001', 'SIGTERM 1002', 'SIGCONT 1002', 'SIGKILL 1002']);
    assert.deepEqual(
      result.swept.map(({ command }) => command),
      ['polite', 'deaf --to-it'],
    );
    assert.deepEqual(
      result.kept.map(({ command }) => command),
      ['tmux'],
    );
    assert.deepEqual(result.remaining, []);
    assert.ok(tookMs >= 1000 && tookMs < 1100, `${tookMs} ms`);
  });

  it('R7.2 who was asked before is not asked again, and killed at its own time', async () => {
    const { table, tookMs } = await swept([{ pid: 1001, environment: MARKED, survives: ['SIGTERM'] }], {
      asked: new Map([[`1001 1001 boot`, 300]]),
    });
    assert.deepEqual(table.sent, ['SIGKILL 1001']);
    assert.ok(tookMs >= 300 && tookMs < 400, `${tookMs} ms`);
  });

  it('R7.6 who was killed just before is waited for, however long the run has lasted', async () => {
    const {
      table,
      remaining,
      swept: ended,
    } = await swept([{ pid: 1001, args: ['slow to go'], environment: MARKED, survives: ['SIGTERM'] }], {
      asked: new Map([['1001 1001 boot', 0]]),
      begunAt: 60_000,
    });
    assert.deepEqual([table.sent, remaining], [['SIGKILL 1001'], []]);
    assert.deepEqual(
      ended.map(({ pid }) => pid),
      [1001],
    );
  });

  it('R7.3 in haste it kills at once', async () => {
    const { tookMs } = await swept([{ pid: 1001, environment: MARKED, survives: ['SIGTERM'] }], {
      isUrgent: () => true,
    });
    assert.ok(tookMs < 80, `${tookMs} ms`);
  });

  it('R7.4 looks again before it kills, for what was started meanwhile by whom it kills', async () => {
    const table = new FakeTable([{ pid: 1001, environment: MARKED, survives: ['SIGTERM'] }]);
    const time = new FakeTime();
    time.sleep = async (ms) => {
      time.at += Math.max(ms, 1);
      // Nothing but its parent leads to it.
      if (time.at >= 500 && table.processes.has(1001)) table.processes.set(2001, { pid: 2001, parent: 1001 });
    };
    const find = () => findRun(table, marks({ leader: undefined }), { keep: [], deep: true });
    const { swept: ended } = await sweep(table, find, { graceMs: 1000 }, time);
    assert.deepEqual(
      ended.map(({ pid }) => pid),
      [1001, 2001],
    );
  });

  it('R7.6 what cannot be ended is named after 10 s, and not waited for any longer', async () => {
    const {
      tookMs,
      swept: ended,
      remaining,
    } = await swept([
      { pid: 1001, args: ['in the kernel'], environment: MARKED, survives: ['SIGTERM', 'SIGKILL'] },
      { pid: 1002, args: ['other'], environment: MARKED, survives: ['SIGTERM'] },
    ]);
    assert.deepEqual(
      remaining.map(({ pid, command }) => [pid, command]),
      [[1001, 'in the kernel']],
    );
    assert.deepEqual(
      ended.map(({ pid }) => pid),
      [1002],
    );
    assert.ok(tookMs >= 11_000 && tookMs < 11_200, `${tookMs} ms`);
  });

  it('R7.4 goes on as long as new ones come up, but not for ever', async () => {
    const table = new FakeTable([{ pid: 1001, environment: MARKED }]);
    const time = new FakeTime();
    let next = 1001;
    const find = async () => {
      next += 1;
      table.processes.set(next, { pid: next, environment: MARKED });
      return findRun(table, marks({ leader: undefined }), { keep: [], deep: true });
    };
    const { swept: ended } = await sweep(table, find, { graceMs: 100, giveUpMs: 500 }, time);
    assert.ok(ended.length > 50);
    assert.ok(time.at < 1000, `${time.at} ms`);
  });

  it('R7.4 says that nothing is left only after several looks over at least 50 ms', async () => {
    const { tookMs, table } = await swept([{ pid: 50 }]);
    assert.deepEqual([tookMs, table.sent], [50, []]);
    for (const emptyLooks of [1, 2]) {
      const hopper = new FakeTable([]);
      const time = new FakeTime();
      let looks = 0;
      const find = async () => {
        looks++;
        if (looks === emptyLooks + 1) hopper.processes.set(1001, { pid: 1001, args: ['hopper'], environment: MARKED });
        return findRun(hopper, marks({ leader: undefined }), { keep: [], deep: true });
      };
      const { swept: ended, remaining } = await sweep(hopper, find, { graceMs: 1000 }, time);
      assert.deepEqual([ended.map(({ command }) => command), remaining], [['hopper'], []]);
      assert.equal(looks, emptyLooks + 1 + 3, 'and as many looks again after that');
    }
  });

  it('R7.4 a sweep that cannot look says so, and names whom it last knew', async () => {
    const table = new FakeTable([{ pid: LEADER }, { pid: 1001, args: ['tool', '-x'], group: LEADER }]);
    const time = new FakeTime();
    table.blind = 'no free descriptors';
    const find = (known: RunMarks['seen']) =>
      findRun(table, marks({ trustGroup: false, seen: [identity(1001), ...known] }), { keep: [], deep: true });
    const { swept: ended, kept, remaining, unseen } = await sweep(table, find, { graceMs: 1000 }, time);
    assert.deepEqual([ended, kept, unseen], [[], [], 'no free descriptors']);
    assert.deepEqual(
      remaining.map(({ pid, startTime, command }) => [pid, startTime, command]),
      [
        [LEADER, String(LEADER), `process ${LEADER}`],
        [1001, '1001', 'process 1001'],
      ],
    );
    assert.ok(time.at >= 10_000 && time.at < 12_000, `it looks again for 10 s, ${time.at} ms`);
    assert.deepEqual(table.sent, [], 'nobody is signalled who was not seen');
  });

  it('R7.4 a sweep that cannot look for a while goes on when it can', async () => {
    const table = new FakeTable([{ pid: 1001, args: ['deaf'], environment: MARKED, survives: ['SIGTERM'] }]);
    const time = new FakeTime();
    time.sleep = async (ms) => {
      time.at += Math.max(ms, 1);
      // From before it is killed to a while later.
      table.blind = time.at > 900 && time.at < 5_000 ? 'no free descriptors' : undefined;
    };
    const find = () => findRun(table, marks({ leader: undefined }), { keep: [], deep: true });
    const { swept: ended, remaining, unseen } = await sweep(table, find, { graceMs: 1000 }, time);
    assert.deepEqual([ended.map(({ command }) => command), remaining, unseen], [['deaf'], [], undefined]);
    assert.equal(table.processes.size, 0);
  });
});
