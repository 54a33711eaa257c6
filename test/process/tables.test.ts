import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GONE, type Look, there, unknown } from '../../src/core/model/looks.ts';
import type { ProcessIdentity } from '../../src/core/model/processIdentity.ts';
import { createTable } from '../../src/process/tables/platformTable.ts';
import { AskingInspector } from '../../src/process/tables/processInspector.ts';
import { UNKNOWN_START } from '../../src/process/tables/processTable.ts';
import { parseStat } from '../../src/process/tables/procStat.ts';
import { PsTable, readPs } from '../../src/process/tables/psTable.ts';
import { type CommandResult, runCommand, runCommandNow } from '../../src/process/tables/runCommand.ts';
import { readCim, WindowsTable } from '../../src/process/tables/windowsTable.ts';
import { seen } from '../support/seen.ts';
import { until } from '../support/until.ts';

describe('/proc/<pid>/stat', () => {
  const tail = '4 5 6 0 -1 4194304 99 0 0 0 30 12 0 0 20 0 1 0 203868 3133440 358 18446744073709551615';

  it('R7.5 is read after the last parenthesis, whatever the name holds', () => {
    for (const name of ['sleep', 'a b', ') Z 1 (', '(', '))', 'ü']) {
      assert.deepEqual(parseStat(Buffer.from(`77 (${name}) S ${tail}`)), {
        name,
        state: 'S',
        parent: 4,
        group: 5,
        session: 6,
        threads: 1,
        cpuTicks: 42,
        startTime: '203868',
        residentPages: 358,
      });
    }
  });

  it('is nothing where it is no such line', () => {
    for (const line of ['', '77', '77 (x', '77 (x) S 1 2', 'x) (y'])
      assert.equal(parseStat(Buffer.from(line)), undefined);
  });
});

describe('The process table of this machine', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'loop-supervisor-tables-'));
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  it('R7.5 lists processes as the system tells them, and signals only who still is who it was', async () => {
    const child = spawn('/bin/sleep', ['1000'], { stdio: 'ignore', detached: true });
    const table = createTable({ polite: true });
    const found = seen(await table.list())!.find(({ pid }) => pid === child.pid)!;
    assert.deepEqual(
      [found.parent, found.group, found.session, found.zombie],
      [process.pid, child.pid, child.pid, false],
    );
    const again = seen(await table.find(child.pid!));
    assert.deepEqual(again, { ...found, cpuMs: again?.cpuMs, memoryBytes: again?.memoryBytes });
    const other = { ...found, startTime: '1' };
    assert.deepEqual(await table.signal([other], 'SIGKILL'), []);
    assert.deepEqual(await table.look([other, found]), { there: [found], unknown: [] });
    assert.deepEqual(await table.signal([found], 'SIGNOSUCH'), []);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    assert.deepEqual(await table.signal([found], 'SIGKILL'), [found]);
    await ended;
    assert.deepEqual(await table.look([found]), NOBODY);
    assert.equal(await table.signalGroup(found, 'SIGTERM'), false);
  });

  it('R7.4 a process whose first thread has ended goes on as long as another does', async function () {
    const source = join(folder, 'threads.c');
    writeFileSync(
      source,
      '#include <pthread.h>\n#include <unistd.h>\nvoid *on(void *x) { for (;;) pause(); }\nint main() { pthread_t t; pthread_create(&t, 0, on, 0); pthread_exit(0); }\n',
    );
    if (spawnSync(process.env['CC'] ?? 'cc', ['-pthread', '-o', join(folder, 'threads'), source]).status !== 0)
      this.skip();
    const child = spawn(join(folder, 'threads'), { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    try {
      await until('its first thread to have ended', () =>
        /\) Z /.test(readFileSync(`/proc/${child.pid}/stat`, 'latin1')),
      );
      const table = createTable();
      const found = seen(await table.find(child.pid!))!;
      assert.deepEqual([found.zombie, (await table.look([found])).there], [false, [found]]);
      assert.deepEqual(await table.signal([found], 'SIGKILL'), [found]);
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  });

  it('a zombie does not live', async () => {
    // Its parent never asks how it ended.
    const parent = spawn('/bin/sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 1000'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const pid = Number(
      await new Promise<string>((resolve) => parent.stdout.once('data', (data: Buffer) => resolve(String(data)))),
    );
    const table = createTable();
    let found = seen(await table.find(pid));
    while (!found?.zombie) {
      await new Promise(setImmediate);
      found = seen(await table.find(pid));
    }
    assert.deepEqual(await table.look([found]), NOBODY);
    assert.deepEqual(await table.signal([found], 'SIGTERM'), []);
    parent.kill('SIGKILL');
  });

  it('reads arguments and environment of any size', async () => {
    const value = 'x'.repeat(100_000);
    const child = spawn('/bin/sleep', ['1000'], { stdio: 'ignore', env: { BIG: value, LAST: 'one' } });
    const table = createTable();
    const found = seen(await table.find(child.pid!))!;
    // Until it has become what it shall be, it still is us.
    while (seen(table.args(found))?.[0] !== '/bin/sleep') await new Promise(setImmediate);
    assert.deepEqual(seen(table.args(found)), ['/bin/sleep', '1000']);
    assert.equal(seen(table.environment(found))?.toString(), `BIG=${value}\0LAST=one\0`);
    child.kill('SIGKILL');
  });

  it('commands of the system are run without a shell, and one that is not there answers nothing', async () => {
    assert.deepEqual(await runCommand('echo', ['$HOME *']), { code: 0, output: '$HOME *\n' });
    assert.deepEqual(runCommandNow('echo', ['$HOME *']), { code: 0, output: '$HOME *\n' });
    assert.deepEqual(await runCommand('no-such-command-4711', []), { code: null, output: '' });
    assert.deepEqual(runCommandNow('no-such-command-4711', []), { code: null, output: '' });
  });

  it('R13.3 a host without a free descriptor outlives the commands and the shell that it cannot start (A1)', () => {
    const source = (path: string) => new URL(`../../src/process/${path}`, import.meta.url).href;
    const script = `
      import { openSync } from 'node:fs';
      import { runCommand } from '${source('tables/runCommand.ts')}';
      import { askShell } from '${source('environment/askShell.ts')}';
      try { for (;;) openSync('/dev/null') } catch {}
      const shell = { shell: '/bin/sh', nodePath: process.execPath, environment: process.env, timeoutMs: 60_000 };
      const asked = await askShell(shell).then(() => 'answered', (error) => error.code);
      console.log(JSON.stringify([await runCommand('true', []), asked]));`;
    const host = ['-c', 'ulimit -n 64; exec "$0" --input-type=module -e "$1"', process.execPath, script];
    const { status, stdout, stderr } = spawnSync('/bin/sh', host, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), [{ code: null, output: '' }, 'EMFILE']);
  });
});

/** Answers commands from a record, and keeps what was issued. */
function recorded(answers: { readonly [start: string]: string | { readonly code: number } }) {
  const issued: string[] = [];
  const run = async (file: string, args: readonly string[]) => {
    const line = [file, ...args].join(' ');
    issued.push(line);
    const answer = Object.entries(answers).find(([start]) => line.includes(start))?.[1] ?? '';
    return typeof answer === 'string' ? { code: 0, output: answer } : { code: answer.code, output: '' };
  };
  return { run, issued };
}

const SCOPE = { bootId: 'boot' };
const NOBODY = { there: [], unknown: [] };
const psOf = (output: string) => seen(readPs({ code: 0, output }, SCOPE))!;
const cimOf = (output: string) => seen(readCim({ code: 0, output }, SCOPE))!;

// As `ps` of macOS 14 writes it, in the locale C.
const PS = `    1     0     1 Ss     5:12.34  11232 Sun Nov 22 08:00:01 2026 /sbin/launchd
  501     1   501 S      0:00.05   2048 Mon Nov 23 05:29:24 2026 /opt/homebrew/bin/node /Users/me/guardian.cjs /Users/me/My Runs/x
  502   501   502 R+  1-02:03:04 409600 Mon Nov 23 05:29:25 2026 claude -p
  503   502   502 Z      0:00.00      0 Mon Nov  3 05:29:25 2026 (node)
`;
const OWN = `${process.pid} 1 ${process.pid} S 0:00.05 2048 Mon Nov 23 05:29:24 2026 node\n`;

describe('R7.7 macOS: the process table of ps', () => {
  it('R7.7 reads processes, groups, states and start times', () => {
    const [launchd, guardian, claude, zombie] = psOf(PS);
    assert.deepEqual(launchd, {
      pid: 1,
      startTime: 'Sun Nov 22 08:00:01 2026',
      bootId: 'boot',
      parent: 0,
      group: 1,
      session: 0,
      zombie: false,
      started: Date.parse('Sun Nov 22 08:00:01 2026'),
      name: 'launchd',
      args: ['/sbin/launchd'],
      executable: '/sbin/launchd',
      cpuMs: 312_340,
      memoryBytes: 11_501_568,
    });
    assert.deepEqual([guardian?.name, guardian?.parent, guardian?.group], ['node', 1, 501]);
    const editor = '/Applications/Visual Studio Code.app/Contents/MacOS/Electron --unity';
    const [app] = psOf(`504 1 504 S 0:00.00 0 Mon Nov  3 05:29:25 2026 ${editor}\n`);
    assert.equal(app?.executable, '/Applications/Visual Studio Code.app/Contents/');
    assert.equal(claude?.executable, undefined, 'it does not say where it lies');
    assert.deepEqual([claude?.group, claude?.cpuMs, claude?.args], [502, 93_784_000, ['claude', '-p']]);
    assert.deepEqual([zombie?.zombie, zombie?.startTime], [true, 'Mon Nov 3 05:29:25 2026']);
  });

  it('R7.7 looks at all in one command before it signals any of them, and signals only those on record', async () => {
    const { run, issued } = recorded({ '-p 501,502,503': PS + OWN });
    const killed: string[] = [];
    const table = new PsTable(SCOPE, run, (pid, signal) => killed.push(`${signal} ${pid}`) > 0);
    const [, guardian, claude, zombie] = psOf(PS);
    const reused = { ...guardian!, startTime: 'Mon Nov 23 05:00:00 2026' };
    const delivered = await table.signal([reused, claude!, zombie!, { ...claude!, bootId: 'before' }], 'SIGTERM');
    assert.deepEqual(delivered, [claude]);
    assert.deepEqual(killed, ['SIGTERM 502']);
    assert.deepEqual(issued, [
      `ps -ww -o pid=,ppid=,pgid=,state=,time=,rss=,lstart=,args= -p 501,502,503,${process.pid}`,
    ]);
    assert.equal(await table.signalGroup(claude!, 'SIGKILL'), true);
    assert.equal(await table.signalGroup({ ...claude!, bootId: 'before' }, 'SIGKILL'), false);
    assert.equal(await table.signalGroup({ ...claude!, pid: 1 }, 'SIGKILL'), false);
    assert.deepEqual(killed, ['SIGTERM 502', 'SIGKILL -502']);
  });

  it('R7.7 who may not be signalled got no signal', async () => {
    const { run } = recorded({ '-p': PS + OWN });
    const table = new PsTable(SCOPE, run, () => {
      throw Object.assign(new Error('not permitted'), { code: 'EPERM' });
    });
    const [, , claude] = psOf(PS);
    assert.deepEqual(await table.signal([claude!], 'SIGTERM'), []);
    assert.equal(await table.signalGroup(claude!, 'SIGTERM'), false);
  });

  it('R7.4 a command that fails, or an answer that is not whole, proves nothing', async () => {
    const [, guardian, claude] = psOf(PS);
    const answers: readonly CommandResult[] = [
      { code: null, output: '' },
      { code: null, output: PS },
      { code: 1, output: '' },
      { code: 1, output: PS + OWN },
      { code: 0, output: '' },
      { code: 0, output: 'no such thing\n\n  ab 1 2\n' },
      { code: 0, output: `${OWN}no such thing\n` },
      { code: 0, output: (PS + OWN).slice(0, 300) },
      { code: 0, output: PS.split('\n').slice(1, 2).join('') },
    ];
    for (const answer of answers) {
      const killed: number[] = [];
      const table = new PsTable(
        SCOPE,
        async () => answer,
        (pid) => killed.push(pid) > 0,
      );
      const told = JSON.stringify(answer);
      assert.equal((await table.list()).state, 'unknown', told);
      assert.equal((await table.find(501)).state, 'unknown', told);
      const looked = await table.look([guardian!, { ...claude!, bootId: 'before' }]);
      assert.deepEqual([looked.there, looked.unknown], [[], [guardian]], told);
      assert.deepEqual(await table.signal([guardian!], 'SIGKILL'), [], told);
      assert.deepEqual(killed, [], told);
    }
    assert.deepEqual(
      await new PsTable(
        SCOPE,
        async () => ({ code: 0, output: OWN }),
        () => true,
      ).look([guardian!]),
      NOBODY,
    );
  });

  it('R7.7 lists all processes with one command', async () => {
    const { run, issued } = recorded({ 'ps -A': PS });
    assert.equal(seen(await new PsTable(SCOPE, run, () => true).list())?.length, 4);
    assert.deepEqual(issued, ['ps -A -ww -o pid=,ppid=,pgid=,state=,time=,rss=,lstart=,args=']);
  });
});

// As `Get-CimInstance … | ConvertTo-Json -Compress` answers on Windows 11.
const CIM = JSON.stringify([
  {
    ProcessId: 0,
    ParentProcessId: 0,
    Name: 'System Idle Process',
    CommandLine: null,
    WorkingSetSize: 8192,
    KernelModeTime: 0,
    UserModeTime: 0,
    Start: null,
  },
  {
    ProcessId: 4242,
    ParentProcessId: 100,
    Name: 'node.exe',
    CommandLine: '"C:\\Program Files\\nodejs\\node.exe"  "C:\\agents\\cli.js" -p',
    WorkingSetSize: 104857600,
    KernelModeTime: 10000000,
    UserModeTime: 25000000,
    Start: '133768458000000000',
  },
]);

describe('R7.7 Windows: the process table of CIM and taskkill', () => {
  it('R7.7 reads processes; those without a start time are left out', () => {
    assert.deepEqual(cimOf(CIM), [
      {
        pid: 4242,
        startTime: '133768458000000000',
        bootId: 'boot',
        parent: 100,
        group: 0,
        session: 0,
        zombie: false,
        started: 133768458000000000,
        name: 'node.exe',
        args: ['C:\\Program Files\\nodejs\\node.exe', 'C:\\agents\\cli.js', '-p'],
        cpuMs: 3500,
        memoryBytes: 104857600,
      },
    ]);
  });

  it('R7.7 ends a tree by taskkill /T, and by force with /F', async () => {
    const { run, issued } = recorded({ Win32_Process: CIM });
    const table = new WindowsTable(SCOPE, run);
    const [node] = cimOf(CIM);
    assert.equal(await table.signalGroup(node!, 'SIGTERM'), true);
    assert.equal(await table.signalGroup(node!, 'SIGKILL'), true);
    assert.deepEqual(await table.signal([node!], 'SIGKILL'), [node]);
    assert.deepEqual(
      issued.filter((line) => line.startsWith('taskkill')),
      ['taskkill.exe /PID 4242 /T', 'taskkill.exe /PID 4242 /T /F', 'taskkill.exe /PID 4242 /F'],
    );
  });

  it('R7.7 knows no other signals, and touches nobody who is not who it was', async () => {
    const { run, issued } = recorded({ Win32_Process: CIM });
    const table = new WindowsTable(SCOPE, run);
    const [node] = cimOf(CIM);
    assert.equal(await table.signalGroup(node!, 'SIGSTOP'), false);
    assert.equal(await table.signalGroup({ ...node!, startTime: '1' }, 'SIGKILL'), false);
    assert.deepEqual(await table.signal([{ ...node!, bootId: 'before' }], 'SIGKILL'), []);
    assert.deepEqual(
      issued.filter((line) => line.startsWith('taskkill')),
      [],
    );
  });

  it('R7.4 a command that fails, or an answer that is not whole, proves nothing', async () => {
    const [node] = cimOf(CIM);
    const alone = JSON.stringify([JSON.parse(CIM)[1]]);
    for (const answer of [
      { code: null, output: '' },
      { code: null, output: CIM },
      { code: 1, output: CIM },
      ...['', 'no JSON', 'null', '[]', '[null, 3]', CIM.slice(0, -1), alone].map((output) => ({ code: 0, output })),
    ]) {
      const table = new WindowsTable(SCOPE, async (file) =>
        file === 'taskkill.exe' ? { code: 0, output: '' } : answer,
      );
      const told = JSON.stringify(answer);
      assert.equal((await table.list()).state, 'unknown', told);
      assert.equal((await table.find(4242)).state, 'unknown', told);
      const looked = await table.look([node!]);
      assert.deepEqual([looked.there, looked.unknown], [[], [node]], told);
      assert.deepEqual(await table.signal([node!], 'SIGKILL'), [], told);
      assert.equal(await table.signalGroup(node!, 'SIGKILL'), true, 'a stop needs no look');
    }
    const idle = JSON.stringify(JSON.parse(CIM)[0]);
    assert.deepEqual(await new WindowsTable(SCOPE, async () => ({ code: 0, output: idle })).look([node!]), NOBODY);
  });

  it('R7.7 a taskkill that fails has delivered nothing', async () => {
    const { run } = recorded({ Win32_Process: CIM, taskkill: { code: 128 } });
    const [node] = cimOf(CIM);
    assert.equal(await new WindowsTable(SCOPE, run).signalGroup(node!, 'SIGTERM'), false);
  });
});

describe('R7.7 The inspector where asking starts a program', () => {
  const OTHER = { pid: 501, startTime: 'Mon Nov 23 05:29:24 2026', bootId: 'boot' };

  it('R7.5 asks once for a start time, and then only whether the pid is in use', () => {
    const [, guardian] = psOf(PS);
    let asked = 0;
    let pid: Look = there(501);
    const inspector = new AskingInspector(
      SCOPE,
      () => {
        asked += 1;
        return there([guardian!]);
      },
      () => pid,
    );
    const stateOf = (one: ProcessIdentity) => inspector.look(one).state;
    assert.deepEqual([stateOf(guardian!), stateOf(guardian!)], ['there', 'there']);
    assert.equal(asked, 1);
    assert.equal(stateOf({ ...guardian!, startTime: 'before' }), 'gone');
    assert.equal(stateOf({ ...guardian!, bootId: 'before' }), 'gone');
    pid = GONE;
    assert.equal(stateOf(guardian!), 'gone');
    pid = there(501);
    assert.equal(stateOf(guardian!), 'there');
    assert.equal(asked, 3, 'it was gone in between, so it is asked again');
  });

  it('R7.4 a question that is not answered proves nothing', () => {
    for (const answer of [unknown('ps could not be run'), unknown('cut off')]) {
      const inspector = new AskingInspector(
        SCOPE,
        () => answer,
        () => there(501),
      );
      assert.deepEqual(inspector.look(OTHER), answer);
      const { self } = inspector;
      assert.deepEqual([self.pid, self.startTime], [process.pid, UNKNOWN_START]);
    }
    const blind = new AskingInspector(
      SCOPE,
      () => there([]),
      () => unknown('no answer'),
    );
    assert.deepEqual(blind.look(OTHER), unknown('no answer'));
  });

  it('R7.5 one that never saw its own start time is not taken for gone by others', () => {
    const [, guardian] = psOf(PS);
    const inspector = new AskingInspector(
      SCOPE,
      () => there([guardian!]),
      () => there(501),
    );
    assert.equal(inspector.look({ ...OTHER, startTime: UNKNOWN_START }).state, 'unknown');
  });
});
