import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { completionSchema, hostSchema, logLineSchema, waitSchema } from '../../src/cli/schemas.ts';
import { installShim, writeShim } from '../../src/headless/shim.ts';
import { HostProcess } from '../chaos/hostProcess.ts';
import { carrying, running, signal } from '../support/host/processes.ts';
import { installed } from '../support/installed.ts';
import { openBeside } from '../support/openBeside.ts';
import { stays, until } from '../support/until.ts';

const REPORTER = JSON.stringify({ steps: 2, stepMs: 50, cost: 1_000, child: false });

describe('loops as it ships', () => {
  let storage: string;
  let project: string;
  let bin: string;
  let window: HostProcess | undefined;

  beforeEach(async () => {
    storage = realpathSync(mkdtempSync(join(tmpdir(), 'loop-supervisor-loops-')));
    project = join(storage, 'my project');
    mkdirSync(project);
    const agents = {
      worker: { command: 'sh', args: ['-c', 'cat; echo; echo "in $PWD"'] },
      fails: { command: 'sh', args: ['-c', 'exit 3'] },
      stays: { command: 'sleep', args: ['1000'] },
      waits: { command: 'sh', args: ['-c', 'until test -e done; do sleep 0.1; done'] },
    };
    const settings = { defaultAgent: 'worker', agents, 'loopSupervisor.restart.maxRestarts': 0 };
    writeFileSync(join(storage, 'settings.json'), JSON.stringify(settings));
    const program = join(await installed(), 'dist/loops.cjs');
    bin = writeShim({ storage, nodePath: process.execPath, program, platform: 'linux' });
    window = undefined;
  });
  afterEach(async () => {
    await sh('loops cancel --all; loops host stop');
    await window?.kill();
    rmSync(storage, { recursive: true, force: true, maxRetries: 5 });
  });

  /** Runs lines of a shell in the project, with `loops` on the PATH. */
  async function sh(script: string): Promise<{ code: number; out: string; error: string }> {
    const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}` };
    const done = promisify(execFile)('sh', ['-c', script], { cwd: project, env });
    const { stdout, stderr } = await done.catch((error) => error as { stdout: string; stderr: string });
    return { code: done.child.exitCode ?? -1, out: stdout, error: stderr };
  }

  it('R15.3 a script submits, waits and reads with neither window nor host: the host comes by itself', async () => {
    await sh('loops trust');
    const { code, out, error } = await sh('id=$(loops submit say hello) && loops wait "$id" && loops logs "$id"');
    assert.equal(code, 0, error);
    assert.equal(out, `say hello\nin ${project}\n`);
    assert.match(error, /completed/);
    const json = (await sh('loops logs --json $(loops list -a --ids)')).out.trim().split('\n');
    assert.deepEqual(
      json.map((line) => logLineSchema.parse(JSON.parse(line))),
      ['say hello', `in ${project}`].map((text) => ({ attempt: 1, kind: 'output', text })),
    );
    assert.equal((await sh('loops submit -A fails -w work')).code, 5);
    assert.equal(
      (await sh('echo "from a pipe" | loops submit -w --id piped && loops logs -f piped')).out.split('\n')[1],
      'from a pipe',
    );
    const waited = JSON.parse((await sh('loops submit -w --json work')).out);
    assert.deepEqual(waitSchema.parse(waited), waited);
    // Without work the host ends by itself.
    await sh('loops submit -A stays work');
    const host = JSON.parse((await sh('loops host start --json')).out);
    assert.deepEqual([hostSchema.parse(host), host.running], [host, true]);
    const { pid } = host;
    for (const file of ['headless/host.log', 'headless/trusted.json', 'supervisor.db'])
      assert.equal(statSync(join(storage, file)).mode & 0o077, 0, file);
    for (const path of [bin, join(bin, 'loops'), join(storage, 'headless')])
      assert.equal(statSync(path).mode & 0o777, 0o700);
    assert.equal((await sh('loops host stop')).code, 0);
    await until('the host to be gone', () => !isThere(pid));
  });

  it('R15.1 the host outlives the session that it was started in: a hang-up, and the end of all processes there', async () => {
    await sh('loops trust');
    const login = spawn('sh', ['-c', 'loops submit -A waits --id waits work; exec sleep 1000'], {
      ...{ cwd: project, detached: true, stdio: 'ignore' },
      env: { ...process.env, PATH: `${bin}:${process.env['PATH']}`, LOOP_TEST_LOGIN: storage },
    });
    const inSession = () => carrying('LOOP_TEST_LOGIN', storage).filter(({ sid }) => sid === login.pid);
    const host = async () => JSON.parse((await sh('loops host status --json')).out) as { pid?: number };
    const pid = await until('the host', async () => (await host()).pid);
    await until('the loop to run', async () => (await sh('loops list -s running --ids')).out === 'waits\n');
    for (const name of ['SIGHUP', 'SIGKILL'] as const) for (const one of inSession()) signal(one, name);
    await until('the session to be gone', () => inSession().length === 0);
    assert.equal((await host()).pid, pid);
    writeFileSync(join(project, 'done'), '');
    assert.equal((await sh('loops wait waits')).code, 0);
  });

  it('R15.3 the same script works while a window is open: that one runs it, and no host is needed for it', async () => {
    const guardianProgram = join(await installed(), 'dist/guardian.cjs');
    window = new HostProcess({ storage, guardianProgram, settings: {} });
    await window.ready();
    const settings = { defaultAgent: 'reporter', agents: { reporter: { command: 'true' } }, background: 'off' };
    writeFileSync(join(storage, 'settings.json'), JSON.stringify(settings));
    await sh('loops trust ..');
    const { code, error } = await sh(`id=$(loops submit '${REPORTER}') && loops wait "$id" && loops logs "$id"`);
    assert.equal(code, 0, error);
    assert.deepEqual(JSON.parse((await sh('loops host status --json')).out).windows, 1);
  });

  it('R15.3 a reader that has seen enough ends the call silently', async () => {
    await sh('loops trust; loops pause; loops submit work');
    for (const call of ['loops list', 'loops status', 'loops help']) {
      const { error } = await sh(`${call} | true`);
      assert.equal(error, '', call);
    }
    const { code, error } = await sh('loops show nobody 2>&1 | true; loops status > /dev/full');
    assert.deepEqual([code, /^The result could not be written: ENOSPC/.test(error)], [1, true], error);
  });

  it('R15.3 Ctrl+C ends a wait, and nothing else: host and loop go on', async () => {
    await sh('loops trust');
    const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}` };
    const call = (script: string) =>
      spawn('sh', ['-c', script], { cwd: project, detached: true, stdio: 'ignore', env });
    const calls = [call('exec loops submit -A waits --id waits -w work')];
    await until('the loop to run', async () => (await sh('loops list -s running --ids')).out === 'waits\n');
    const { pid } = JSON.parse((await sh('loops host status --json')).out) as { pid?: number };
    calls.push(call('exec loops logs -f waits'), call('exec loops wait waits'));
    const ends = calls.map((one) => new Promise((resolve) => one.once('exit', (_, name) => resolve(name))));
    // The terminal signals the whole group in the foreground.
    await until('all to be at work', () =>
      calls.every((one) => running(`loops.cjs --storage ${storage}`).some((seen) => seen.pid === one.pid)),
    );
    for (const one of calls) process.kill(-(one.pid as number), 'SIGINT');
    assert.deepEqual(await Promise.all(ends), ['SIGINT', 'SIGINT', 'SIGINT']);
    assert.deepEqual(JSON.parse((await sh('loops host status --json')).out).pid, pid);
    writeFileSync(join(project, 'done'), '');
    assert.equal((await sh('loops wait waits')).code, 0);
  });

  it('R15.3 logs -f of one attempt ends with that attempt', async () => {
    await sh('loops trust; loops submit -A waits --id waits --check "test -e done && sleep 1000" work');
    await until('the loop to run', async () => (await sh('loops logs waits --attempt 2')).code === 0);
    const followed = sh('loops logs -f waits --attempt 2');
    writeFileSync(join(project, 'done'), '');
    assert.equal((await followed).code, 0);
  });

  it('R15.3 a call waits for a store that somebody else writes to, and then succeeds', async () => {
    await sh('loops trust; loops pause');
    const database = openBeside(join(storage, 'supervisor.db'));
    database.exec('BEGIN IMMEDIATE');
    let isOver = false;
    const submitted = sh('loops submit --id held work').finally(() => {
      isOver = true;
    });
    await stays(() => assert.equal(isOver, false), 1_000);
    database.exec('ROLLBACK');
    database.close();
    assert.deepEqual([(await submitted).out, (await sh('loops list --ids')).out], ['held\n', 'held\n']);
  });

  it('R17.1 R15.3 a question is shown and answered, but not from inside an attempt', async () => {
    await sh('loops trust; loops submit -A sample --id asks "[choose] [ask] some work"');
    await until('the decision', async () => (await sh('loops answer asks')).out.includes('│ - Green'));
    assert.equal((await sh('LOOP_SUPERVISOR_LOOP=asks loops answer asks --say Green')).code, 8);
    assert.equal((await sh('loops answer asks --say Green')).code, 0);
    const asked = await until('the question', async () => {
      const { questions } = JSON.parse((await sh('loops answer asks --json')).out) as {
        questions: { command?: string }[];
      };
      return questions[0]?.command !== undefined && { command: questions[0].command };
    });
    assert.match((await sh('loops logs asks')).out, /You have decided: Green/);
    assert.ok((await sh('loops answer asks')).out.includes(asked.command));
    const inside = await sh('LOOP_SUPERVISOR_LOOP=asks loops answer asks allow');
    assert.deepEqual(
      [inside.code, inside.error],
      [8, 'Answering a question is not allowed from inside a loop: a person has to do it.\n'],
    );
    assert.equal((await sh('loops answer asks nothing')).code, 2);
    assert.equal((await sh('loops answer asks allow && loops wait asks')).code, 0);
  });

  it('R15.3 completion scripts are valid, and complete commands and ids', async () => {
    await sh('loops trust; loops pause; loops submit --id my-loop work');
    const complete = (line: string, at: number) =>
      execFileSync(
        'bash',
        [
          '-c',
          `source <(loops completion bash); COMP_WORDS=(${line}); COMP_CWORD=${at}; _loops; printf '%s\\n' "\${COMPREPLY[@]}"`,
        ],
        {
          env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` },
          encoding: 'utf8',
        },
      ).trim();
    assert.equal(complete('loops su', 1), 'submit');
    assert.equal(complete('loops cancel my', 2), 'my-loop');
    assert.equal(complete('loops host st', 2), 'status\nstart\nstop');
    assert.match((await sh('loops completion fish')).out, /^complete -c loops -n __loops_at -f -a submit /m);
    assert.match((await sh('loops completion zsh')).out, /^#compdef loops/);
    assert.equal(complete('loops --storage x help sta', 4), 'status');
    assert.equal(complete('loops list -s check', 3), 'checking');
    assert.equal(complete('loops kill -s SIGK', 3), 'SIGKILL');
    assert.equal(complete('loops completion z', 2), 'zsh');
    assert.equal(complete('loops submit --cwd x', 3), '', 'the shell completes files itself');
    const json = JSON.parse((await sh('loops completion --json bash')).out);
    assert.deepEqual(completionSchema.parse(json), json);
  });

  it("R15.3 R15.5 Install 'loops' Command links the shim into a folder of the PATH, and takes nobody's place", async () => {
    const [first, second] = [join(storage, 'first'), join(storage, 'second')];
    mkdirSync(second);
    assert.deepEqual(installShim(bin, [first, second], `/usr/bin:${second}`), {
      path: join(second, 'loops'),
      isOnPath: true,
    });
    assert.deepEqual(installShim(bin, [first, second], '/usr/bin'), { path: join(first, 'loops'), isOnPath: false });
    assert.match(readFileSync(join(first, 'loops'), 'utf8'), /--storage/);
    installShim(bin, [first], first);
    rmSync(join(first, 'loops'));
    writeFileSync(join(first, 'loops'), 'something else');
    assert.throws(() => installShim(bin, [first], first), /exists, and is not ours/);
    assert.equal(readFileSync(join(first, 'loops'), 'utf8'), 'something else');
  });
});

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
