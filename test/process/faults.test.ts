import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Look } from '../../src/core/model/looks.ts';
import type { ProcessIdentity } from '../../src/core/model/processIdentity.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { settleLostRun } from '../../src/process/follow/lostRun.ts';
import { Attendance } from '../../src/process/guardian/attendance.ts';
import { folders } from '../../src/process/runFolder/folders.ts';
import {
  lookAtClaim,
  lookAtEnded,
  lookAtExit,
  lookAtSilent,
  lookAtStarted,
} from '../../src/process/runFolder/recordSchemas.ts';
import { type RunFiles, runFiles } from '../../src/process/runFolder/runFiles.ts';
import { keepWindowFile } from '../../src/process/runFolder/windowFile.ts';
import { findRun } from '../../src/process/sweep/findProcesses.ts';
import { lookForRun } from '../../src/process/sweep/lookForRun.ts';
import { reap } from '../../src/process/sweep/reap.ts';
import { REAL_TIME, type SweepTime, sweep } from '../../src/process/sweep/sweep.ts';
import type { LinuxTable } from '../../src/process/tables/linuxTable.ts';
import { createTable } from '../../src/process/tables/platformTable.ts';
import { createInspector } from '../../src/process/tables/processInspector.ts';
import { identityOf, type ProcessInfo, type ProcessTable } from '../../src/process/tables/processTable.ts';
import { PsTable } from '../../src/process/tables/psTable.ts';
import type { CommandResult } from '../../src/process/tables/runCommand.ts';
import { WindowsTable } from '../../src/process/tables/windowsTable.ts';
import { callsHitBy, FAULTS, inject, lift, redirect, withFaults } from '../support/faults.ts';
import { seen } from '../support/seen.ts';
import { stays, until } from '../support/until.ts';
import { lives, RunHarness } from './support/runHarness.ts';

/** A process of an attempt that lives through the whole of a test. */
interface Agent {
  readonly child: ChildProcess;
  readonly info: ProcessInfo;
  readonly token: string;
  readonly ended: Promise<unknown>;
}

const under = (folder: string) => (path: string) => path === folder || path.startsWith(`${folder}/`);
/** Time that passes twenty times as fast. */
const QUICK: SweepTime = {
  now: () => performance.now() * 20,
  sleep: (ms) => REAL_TIME.sleep(ms / 20),
};
/** Looks may fail for so long (ms) in these tests. */
const GIVE_UP_MS = 60;

// Every reader of the outside, under every fault of the system: none may ever take a living process for gone.
describe('Faults of the system (R7.4, R3.1)', () => {
  let root: string;
  let files: RunFiles;
  let agent: Agent;
  const table = createTable();
  const inspector = createInspector();

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'loop-faults-'));
    const token = `faults-${process.pid}`;
    files = runFiles(join(root, 'runs'), token);
    mkdirSync(files.folder, { recursive: true });
    const env = { ...process.env, LOOP_SUPERVISOR_ATTEMPT: token };
    const child = spawn('/bin/sleep', ['1000'], { detached: true, stdio: 'ignore', env });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    agent = { child, info: infoOf(child), token, ended };
  });

  afterEach(async () => {
    lift();
    agent.child.kill('SIGKILL');
    await agent.ended;
    rmSync(root, { recursive: true, force: true });
  });

  function infoOf(child: ChildProcess): ProcessInfo {
    const look = (table as LinuxTable).read(child.pid ?? 0);
    return seen(look) as ProcessInfo;
  }

  const claimOf = (guardian: ProcessInfo) =>
    JSON.stringify({ format: 1, by: 'guardian', guardian: identityOf(guardian) });
  const marks = (leader: ProcessInfo | undefined) => ({
    ...{ token: agent.token, leader, seen: [], trustGroup: false, folder: files.folder, ownFolders: [root] },
  });
  const find = (from: ProcessTable) => () => findRun(from, marks(agent.info), { keep: [], deep: true });
  const sweepWith = (from: ProcessTable, giveUpMs = GIVE_UP_MS) =>
    sweep(from, find(from), { graceMs: 20, giveUpMs }, REAL_TIME);
  const lost = (from: ProcessTable = table) =>
    settleLostRun({
      ...{ table: from, clock: systemClock, log: () => undefined, files, token: agent.token, graceMs: 20, keep: [] },
      ...{ leader: identityOf(agent.info), begun: true, time: QUICK },
    });
  const state = async (work: () => Look | Promise<Look>): Promise<string> => {
    try {
      return (await work()).state;
    } catch {
      return 'thrown';
    }
  };
  /** Whatever is said of it, it may not be that it is gone. */
  const notGone = async (work: () => Look | Promise<Look>, what: string) =>
    assert.ok(['there', 'unknown', 'thrown'].includes(await state(work)), what);

  for (const code of FAULTS) {
    describe(code, () => {
      const everywhere = { code, calls: callsHitBy(code) };
      const inProc = { ...everywhere, path: under('/proc') };
      const isProcHit = !['ENOSPC', 'EROFS'].includes(code);

      it('procfs: a living process is never gone, and a list is whole or none', async () => {
        if (process.platform !== 'linux') return;
        for (const calls of [inProc.calls, ...inProc.calls.map((call) => [call])]) {
          await withFaults({ ...inProc, calls }, async () => {
            const what = `${code} of ${calls.join()}`;
            await notGone(() => table.find(agent.info.pid), what);
            await notGone(() => inspector.look(agent.info), what);
            const { there: alive, unknown } = await table.look([agent.info]);
            assert.equal(alive.length + unknown.length, 1, what);
            const list = await table.list();
            if (list.state === 'there')
              assert.ok(
                list.value.some(({ pid }) => pid === agent.info.pid),
                what,
              );
          });
        }
        assert.ok(lives(agent.info.pid));
      });

      it('a sweep never says that nothing is left while something is', async () => {
        const result = await withFaults(inProc, () => sweepWith(table, isProcHit ? GIVE_UP_MS : 20_000));
        if (!isProcHit) {
          assert.deepEqual([result.unseen, result.swept.length], [undefined, 1]);
          return;
        }
        assert.ok(lives(agent.info.pid), 'nobody is signalled who was not seen');
        assert.ok(result.unseen !== undefined && result.unseen.length > 0);
        assert.deepEqual([result.swept, result.remaining.map(({ pid }) => pid)], [[], [agent.info.pid]]);
      });

      it('a sweep that is blind for a while ends everything when it sees', async () => {
        const sleep = (ms: number) => {
          lift();
          return REAL_TIME.sleep(ms);
        };
        const swept = await withFaults(inProc, () =>
          sweep(table, find(table), { graceMs: 0, giveUpMs: 20_000 }, { now: REAL_TIME.now, sleep }),
        );
        assert.deepEqual([swept.unseen, swept.swept.length], [undefined, 1]);
      });

      it('records that cannot be read are not missing', async () => {
        const all = [lookAtClaim, lookAtStarted, lookAtExit, lookAtEnded, lookAtSilent] as const;
        writeFileSync(files.claim, claimOf(agent.info));
        await withFaults({ ...everywhere, path: under(files.folder) }, () => {
          for (const look of all) {
            const { state: found } = look(files);
            const reads = isProcHit ? ['unknown'] : ['there', 'gone'];
            assert.ok(reads.includes(found), `${look.name}: ${found}`);
          }
        });
        assert.deepEqual([lookAtClaim(files).state, lookAtStarted(files).state], ['there', 'gone']);
      });

      it('a run is not settled while its records or its processes cannot be read', async () => {
        const guardian = { ...identityOf(agent.info), startTime: '1' };
        const leader = identityOf(agent.info);
        writeFileSync(files.claim, JSON.stringify({ format: 1, by: 'guardian', guardian }));
        writeFileSync(files.started, JSON.stringify({ format: 1, leader, guardian, at: 1 }));
        for (const where of isProcHit ? [files.folder, '/proc'] : []) {
          const settled = await withFaults({ ...everywhere, path: under(where) }, () => state(() => lost()));
          assert.ok(settled === 'unknown' || settled === 'thrown', `${where}: ${settled}`);
          assert.ok(lives(agent.info.pid) && lookAtEnded(files).state === 'gone', where);
        }
        const end = await lost();
        assert.ok(end.state === 'there' && end.value.swept.length === 1 && !lives(agent.info.pid));
      });

      it('a run that nobody claimed is not void while its claim cannot be made', async () => {
        const settled = await withFaults({ ...everywhere, path: under(files.folder) }, () =>
          state(() =>
            settleLostRun({
              ...{ table, clock: systemClock, log: () => undefined, files, token: 'nobody', graceMs: 20, keep: [] },
              ...{ leader: undefined, begun: false },
            }),
          ),
        );
        assert.ok(settled === 'unknown' || settled === 'thrown', settled);
        assert.equal(lookAtClaim(files).state, 'gone');
      });

      it('looking for a run again, and reaping, prove nothing', async () => {
        const run = { token: agent.token, leader: identityOf(agent.info), remaining: [], keep: [] };
        await withFaults(everywhere, async () => {
          await notGone(() => lookForRun(table, files, run), 'look again');
          if (!isProcHit) return;
          const options = { table, filesOf: () => files, tokens: [agent.token], graceMs: 20, keep: [] };
          assert.deepEqual(await reap(options), new Map());
        });
        if (isProcHit) assert.ok(lives(agent.info.pid));
      });

      it('windows are there as long as nobody can tell', async () => {
        const windowsFolder = join(root, 'windows');
        mkdirSync(windowsFolder);
        writeFileSync(join(windowsFolder, 'w.json'), JSON.stringify(identityOf(agent.info)));
        for (const where of [windowsFolder, '/proc', '/']) {
          const attendance = new Attendance(windowsFolder, inspector);
          await withFaults({ ...everywhere, path: under(where === '/' ? '' : where) }, () =>
            assert.notEqual(attendance.look().state, 'gone', where),
          );
          assert.equal(attendance.look().state, 'there');
        }
      });

      it('the file of a window is written again as soon as that is possible', async () => {
        const windowsFolder = join(root, 'windows');
        const due: (() => void)[] = [];
        const clock = {
          ...systemClock,
          after: (_: number, work: () => void) => {
            due.push(work);
            return { dispose: () => undefined };
          },
        };
        const kept = keepWindowFile({ windowsFolder, windowId: 'w', inspector, clock, log: () => undefined });
        rmSync(windowsFolder, { recursive: true });
        await withFaults(everywhere, () => due.shift()?.());
        assert.ok(due.length > 0, 'it goes on trying');
        due.shift()?.();
        assert.equal(new Attendance(windowsFolder, inspector).look().state, 'there');
        kept.dispose();
      });

      it('a folder is not gone', async () => {
        await withFaults(everywhere, () => assert.notEqual(folders.look(root).state, 'gone'));
      });
    });
  }

  const garbage = () => join(root, 'garbage');

  it('procfs: an answer that is empty, cut off or garbage ends nobody', async () => {
    if (process.platform !== 'linux') return;
    const { pid } = agent.info;
    for (const text of ['', '1', `${pid} (sleep`, `${pid} (sleep) S 1`, '\0'.repeat(400), 'x'.repeat(9_000)]) {
      writeFileSync(garbage(), text);
      redirect((path) => (path === `/proc/${pid}/stat` ? garbage() : undefined));
      const told = JSON.stringify(text.slice(0, 40));
      assert.equal((await table.list()).state, 'unknown', told);
      assert.equal((await table.find(pid)).state, 'unknown', told);
      const result = await sweepWith(table);
      assert.deepEqual([result.unseen !== undefined, result.remaining.map((one) => one.pid)], [true, [pid]], told);
      assert.ok(lives(pid), told);
      lift();
    }
  });

  for (const cut of ['', '{', 'null', '[]', '\0\0', 1, 20, 60]) {
    it(`records that are cut off or garbage keep no process from being ended: ${JSON.stringify(cut)}`, async () => {
      const claim = claimOf(agent.info);
      const started = { format: 1, leader: identityOf(agent.info), guardian: identityOf(agent.info), at: 1 };
      for (const [path, text] of [
        [files.claim, claim],
        [files.started, JSON.stringify(started)],
      ] as const)
        writeFileSync(path, typeof cut === 'string' ? cut : text.slice(0, cut));
      // By all that is known of it from elsewhere; only then is it over.
      const end = await lost();
      assert.ok(end.state === 'there' && end.value.swept.length === 1 && !lives(agent.info.pid), JSON.stringify(end));
    });
  }

  describe('a host that has a run', () => {
    let harness: RunHarness;

    beforeEach(async () => {
      harness = await RunHarness.create();
    });

    afterEach(() => {
      lift();
      harness.dispose();
    });

    for (const code of ['EMFILE', 'ENFILE', 'EIO', 'EACCES'] as const) {
      it(`goes on with it when it can see again, and has one agent all the time (A1): ${code}`, async () => {
        const { told, token } = harness.launch('/bin/sh', ['-c', 'echo one; exec sleep 1000']);
        const { leader, guardian } = await told.whenStarted;
        harness.reload();
        const adopted = harness.adopt(token, { leader, ...(guardian && { guardian }) });
        const agents = harness.processesOf(token).length;
        inject({ code, calls: callsHitBy(code) });
        // A guardian is looked at once a second.
        await stays(() => assert.equal(adopted.told.end, undefined, 'nothing was settled'), 1_300);
        lift();
        assert.equal(harness.processesOf(token).length, agents);
        adopted.run.stop('user', 200);
        const end = await adopted.told.whenEnded;
        assert.deepEqual([end.kind, end.stoppedBy, end.unseen], ['exited', 'user', undefined]);
        assert.deepEqual([adopted.told.texts, harness.processesOf(token)], [['one'], []]);
      });

      it(`reads all that the agent said before it settles it: ${code}`, async () => {
        const { told, token } = harness.launch('/bin/sh', [
          '-c',
          'while [ ! -e go ]; do sleep 0.05; done; echo last words',
        ]);
        await told.whenStarted;
        const log = join(harness.runsFolder, token, 'stdout.log');
        inject({ code, calls: callsHitBy(code), path: (path) => path === log });
        writeFileSync(join(harness.cwd, 'go'), '');
        await until('the agent to be gone', () => harness.processesOf(token).length === 0);
        // Where its log was open already there is nothing to wait for.
        await stays(() => told.end && assert.deepEqual(told.texts, ['last words'], 'nothing was settled'), 500);
        lift();
        assert.equal((await told.whenEnded).kind, 'exited');
        assert.deepEqual(told.texts, ['last words']);
      });
    }

    it('R3.1 gives up a run that nobody can see after its time, and names whom it last knew', async () => {
      const { told, token } = harness.launch('/bin/sleep', ['1000']);
      const { leader, guardian } = await told.whenStarted;
      harness.launcher.dispose();
      harness.launcher = harness.newLauncher({ unseenForMs: 300 });
      for (const file of ['claim', 'started.json']) rmSync(join(harness.runsFolder, token, file));
      const elsewhere = { ...(guardian as ProcessIdentity), namespace: 'another' };
      const adopted = harness.adopt(token, { leader, guardian: elsewhere });
      const end = await adopted.told.whenEnded;
      assert.equal(end.kind, 'lost');
      assert.match(end.unseen ?? '', /another container/);
      assert.deepEqual(
        end.remaining.map(({ pid }) => pid),
        [leader.pid, elsewhere.pid],
      );
      assert.ok(lives(leader.pid), 'and nobody is signalled');
    });
  });

  it('a windows’ folder that is renamed, removed or a link to itself is none without windows (A4)', () => {
    const windowsFolder = join(root, 'windows');
    let now = 0;
    const attendance = new Attendance(windowsFolder, inspector, () => now);
    mkdirSync(windowsFolder);
    assert.equal(attendance.look().state, 'gone');
    for (const spoil of [
      () => renameSync(windowsFolder, `${windowsFolder}.away`),
      () => symlinkSync(windowsFolder, windowsFolder),
    ]) {
      spoil();
      now += 1_000;
      assert.equal(attendance.look().state, 'unknown');
    }
    rmSync(windowsFolder);
    assert.equal(attendance.look().state, 'unknown');
    now += 12_000;
    assert.equal(attendance.look().state, 'unknown');
    now += 15_000;
    assert.equal(attendance.look().state, 'gone', 'a living window would have made it again');
  });

  describe('commands of the system', () => {
    const scope = { bootId: 'boot' };
    const PS_LINE = (pid: number) => `${pid} 1 ${pid} S 0:00.05 2048 Mon Nov 23 05:29:24 2026 sleep 1000\n`;
    const cim = (pid: number) => ({
      ProcessId: pid,
      ParentProcessId: 1,
      Name: 'sleep.exe',
      CommandLine: 'sleep',
      WorkingSetSize: 1,
      KernelModeTime: 1,
      UserModeTime: 1,
      Start: '1337',
    });
    const WHOLE_PS = PS_LINE(1) + PS_LINE(process.pid) + PS_LINE(4_711);
    const WHOLE_CIM = JSON.stringify([{ ProcessId: 0 }, cim(4_711)]);
    const LEADERS = {
      ps: { pid: 4_711, startTime: 'Mon Nov 23 05:29:24 2026', bootId: 'boot' },
      windows: { pid: 4_711, startTime: '1337', bootId: 'boot' },
    };

    function answersOf(whole: string): CommandResult[] {
      const cuts = Array.from({ length: 12 }, (_, index) => Math.floor((whole.length * index) / 12));
      return [
        { code: null, output: '' },
        { code: null, output: whole },
        ...[1, 2, 127, 255].flatMap((code) => [
          { code, output: '' },
          { code, output: whole },
        ]),
        ...cuts.map((at) => ({ code: 0, output: whole.slice(0, at) })),
        ...['garbage', '\0\0\0\n', '<html>\n', '{}', '[]\n', `${'9'.repeat(400)}\n`].map((output) => ({
          code: 0,
          output,
        })),
      ];
    }

    for (const [name, whole, tableFor] of [
      ['ps', WHOLE_PS, (run: () => Promise<CommandResult>) => new PsTable(scope, run, () => assert.fail('signalled'))],
      [
        'windows',
        WHOLE_CIM,
        (run: () => Promise<CommandResult>) =>
          new WindowsTable(scope, async (file) => (file === 'taskkill.exe' ? assert.fail('signalled') : run())),
      ],
    ] as const) {
      it(`${name}: a list that failed, was cut off or is garbage is unknown, and a sweep says so (A2)`, async () => {
        const leader = LEADERS[name];
        const whole2 = tableFor(async () => ({ code: 0, output: whole }));
        assert.equal((await whole2.look([leader])).there.length, 1, 'the whole answer shows it');
        for (const answer of answersOf(whole)) {
          const told = JSON.stringify(answer);
          const blind = tableFor(async () => answer);
          assert.equal((await blind.list()).state, 'unknown', told);
          assert.notEqual((await blind.find(leader.pid)).state, 'gone', told);
          assert.equal(
            (await blind.look([leader])).there.length + (await blind.look([leader])).unknown.length,
            1,
            told,
          );
          const result = await sweep(
            blind,
            () =>
              findRun(
                blind,
                { token: 't', leader, seen: [], trustGroup: false, folder: '/none' },
                { keep: [], deep: true },
              ),
            { graceMs: 0, giveUpMs: 5 },
            { now: () => performance.now(), sleep: async () => REAL_TIME.sleep(3) },
          );
          assert.deepEqual(
            [result.remaining.map(({ pid }) => pid), result.unseen !== undefined],
            [[4_711], true],
            told,
          );
        }
      });
    }
  });
});
