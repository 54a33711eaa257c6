import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoopDetail } from '../../src/core/model/loopDetail.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { runFiles } from '../../src/process/runFolder/runFiles.ts';
import { openStore } from '../../src/store/sqlite/store.ts';
import { HostProcess } from '../chaos/hostProcess.ts';
import { installed } from '../support/installed.ts';
import { endMarked, markedProcesses, stillLives } from '../support/markedProcesses.ts';
import { openBeside } from '../support/openBeside.ts';
import { until } from '../support/until.ts';

const REPORTER = fileURLToPath(new URL('../fixtures/programs/reporter.mjs', import.meta.url));
/** Stands for an agent that costs money, and works when the file `go` is in its folder. */
const PAYING = `#!/bin/sh
until test -e go; do sleep 0.05; done
echo '{"type":"assistant","message":{"content":[{"type":"text","text":"worked"}]}}'
echo '{"type":"result","subtype":"success","is_error":false,"total_cost_usd":0.25,"result":"worked"}'
`;

describe('the headless host for real', () => {
  const prefix = `headless-${process.pid}-`;
  let storage: string;
  let windows: HostProcess[];
  let host: ChildProcess | undefined;

  beforeEach(() => {
    storage = realpathSync(mkdtempSync(join(tmpdir(), 'loop-supervisor-headless-')));
    windows = [];
    host = undefined;
  });

  afterEach(async () => {
    for (const window of windows) await window.kill();
    host?.kill('SIGKILL');
    endMarked(prefix);
    rmSync(storage, { recursive: true, force: true, maxRetries: 5 });
  });

  async function openWindow(agents?: object): Promise<HostProcess> {
    const guardianProgram = join(await installed(), 'dist/guardian.cjs');
    const settings = { maxConcurrent: 2 };
    const window = new HostProcess({ storage, guardianProgram, settings, ...(agents && { agents }) });
    windows.push(window);
    await window.ready();
    return window;
  }

  /** What a trusted window has stored; without it the host starts nothing of this folder. */
  function storeSettings(settings: object = {}): void {
    mkdirSync(join(storage, 'headless'), { mode: 0o700 });
    const agents = { reporter: { command: process.execPath, args: [REPORTER] } };
    const window = { version: '0.0.1', at: Date.now(), settings: { maxConcurrent: 2, agents, ...settings } };
    writeFileSync(join(storage, 'headless/window.json'), JSON.stringify(window));
  }

  /** `root`: the folder of the extension whose host it is. */
  async function startHost(root?: string): Promise<ChildProcess> {
    const program = join(root ?? (await installed()), 'dist/host.cjs');
    host = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, storage], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    let log = '';
    host.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    await until('the host to be at work', () => log.includes('is at work') || host?.exitCode !== null);
    assert.match(log, /is at work/);
    return host;
  }

  const reporter = (steps: number, stepMs: number) => JSON.stringify({ steps, stepMs, cost: 1_000, child: false });
  const ids = (count: number) => Array.from({ length: count }, (_, n) => `${prefix}${n}`);
  async function submit(window: HostProcess, count: number): Promise<void> {
    for (const loopId of ids(count))
      await window.ask({ do: 'submit', loopId, prompt: reporter(2, 100), check: { command: 'true' } });
  }
  /** What the store says, as nobody in particular. */
  async function read<T>(query: (store: ReturnType<typeof openStore>) => Promise<T>): Promise<T> {
    const store = openStore({ path: join(storage, 'supervisor.db'), clock: systemClock, log: () => undefined });
    try {
      return await query(store);
    } finally {
      store.close();
    }
  }
  const states = (count: number) =>
    read((store) => Promise.all(ids(count).map(async (id) => (await store.latest(id))?.state)));
  /** Each is done, and its agent ran to its end once: an attempt that a death cut short before its start is none. */
  async function ranOnce(count: number): Promise<void> {
    await until('all to be done', async () => (await states(count)).every((state) => state === 'completed'));
    const attempts = await read((store) =>
      Promise.all(ids(count).map(async (id) => store.attempts((await store.latest(id))?.seq ?? 0))),
    );
    for (const of of attempts) {
      const begun = of.filter(({ leader, end }) => leader || end?.outcome !== 'interrupted');
      assert.equal(begun.filter(({ isCheck }) => !isCheck).length, 1, 'the agent of each ran once');
      assert.ok(
        begun.every(({ end }) => end?.outcome === 'ok'),
        JSON.stringify(begun),
      );
    }
  }
  /** Loops in a trusted folder that wait for a host: the window that took them is gone. */
  async function leaveQueued(count: number, steps = 2): Promise<void> {
    const window = await openWindow();
    storeSettings();
    writeFileSync(join(storage, 'headless/trusted.json'), JSON.stringify([storage]));
    await window.ask({ do: 'pause' });
    for (const loopId of ids(count)) await window.ask({ do: 'submit', loopId, prompt: reporter(steps, 100) });
    await window.kill();
    const database = openBeside(join(storage, 'supervisor.db'));
    database.exec('UPDATE head SET paused = 0');
    database.close();
  }
  const agents = () => markedProcesses(prefix).filter(stillLives);
  const isAtWork = () =>
    until('both slots to be taken', () => new Set(agents().map(({ loopId }) => loopId)).size === 2);
  const endOf = (child: ChildProcess) => new Promise((resolve) => child.once('exit', resolve));

  it('R15.1 R10.2 R11.1 the window is killed: the host finishes 2 that run and 6 that are queued, and the next window has their ends, costs and logs', async () => {
    writeFileSync(join(storage, 'paying'), PAYING, { mode: 0o700 });
    const paying = { reporter: { extends: 'claude', command: join(storage, 'paying') } };
    const window = await openWindow(paying);
    const notices = join(storage, 'notices.jsonl');
    storeSettings({ agents: paying, 'notifications.command': ['tee', '-a', notices] });
    writeFileSync(join(storage, 'headless/trusted.json'), JSON.stringify([storage]));
    const running = await startHost();
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGHUP');
    await submit(window, 8);
    await isAtWork();
    await window.kill();
    writeFileSync(join(storage, 'go'), '');
    await ranOnce(8);
    assert.equal(await ended, 0);
    const told = readFileSync(notices, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).loopId as string);
    assert.deepEqual(told.toSorted(), ids(8), 'R10.2 the command of the user ran once for each');
    const alone = JSON.parse(readFileSync(join(storage, 'headless/alone.json'), 'utf8')) as { since: number };
    assert.ok(alone.since <= Date.now(), 'the next window says since when');
    assert.equal(statSync(join(storage, 'headless/alone.json')).mode & 0o777, 0o600);
    const later = await openWindow(paying);
    for (const loopId of ids(8)) {
      const { state, costUsd, checks, attempts } = await later.ask<LoopDetail>({ do: 'get', loopId });
      const judged = checks.map(({ round, outcome }) => `${round} ${outcome}`);
      assert.deepEqual([state, costUsd, judged], ['completed', 0.25, ['0 passed', '1 passed']]);
      const { stdout } = runFiles(join(storage, 'runs'), attempts.find(({ isCheck }) => !isCheck)?.token ?? '');
      assert.match(readFileSync(stdout, 'utf8'), /worked/);
    }
  });

  it('R15.1 a store whose folder was never trusted is left alone: it starts nothing, and ends', async () => {
    const window = await openWindow();
    storeSettings();
    await window.ask({ do: 'pause' });
    await submit(window, 2);
    await window.kill();
    const database = openBeside(join(storage, 'supervisor.db'));
    database.exec('UPDATE head SET paused = 0');
    database.close();
    const running = await startHost();
    await new Promise((resolve) => running.once('exit', resolve));
    assert.deepEqual(await states(2), ['queued', 'queued']);
  });

  it('R15.1 R3.2 the host is killed again and again: no loop is lost, and none runs twice', async () => {
    await leaveQueued(4, 8);
    for (let kills = 0; kills < 3; kills++) {
      const running = await startHost();
      // The others find its runs, and are gone before they may take them over.
      if (kills === 0) await isAtWork();
      running.kill('SIGKILL');
      await endOf(running);
    }
    await startHost();
    await ranOnce(4);
  });

  it('R15.1 R9.2 window and host are killed at once: a window that opens later goes on', async () => {
    const window = await openWindow();
    storeSettings();
    const running = await startHost();
    await submit(window, 4);
    await isAtWork();
    running.kill('SIGKILL');
    await Promise.all([window.kill(), endOf(running)]);
    await openWindow();
    await ranOnce(4);
  });

  it('R15.1 a host that stood still while its agents ended, as in a suspend, settles them once', async () => {
    await leaveQueued(3);
    const running = await startHost();
    await isAtWork();
    running.kill('SIGSTOP');
    await until('the agents to end', () => agents().length === 0);
    running.kill('SIGCONT');
    await ranOnce(3);
  });

  for (const [what, happens] of [
    ['when its program is gone', (root: string) => rmSync(root, { recursive: true })],
    [
      'for a newer schema, and leaves it untouched',
      () => {
        const database = openBeside(join(storage, 'supervisor.db'));
        database.exec('PRAGMA user_version = 999');
        database.close();
      },
    ],
  ] as const)
    it(`R15.1 ends ${what}; what runs goes on, and nothing is lost`, async () => {
      await leaveQueued(2, 1_000);
      const root = join(storage, 'extension');
      cpSync(await installed(), root, { recursive: true });
      const running = await startHost(root);
      const ended = endOf(running);
      await isAtWork();
      happens(root);
      assert.equal(await ended, 0);
      assert.ok(agents().length >= 2);
      const database = openBeside(join(storage, 'supervisor.db'));
      const [{ live } = { live: 0 }] = database
        .prepare("SELECT count(*) AS live FROM loops WHERE state = 'running'")
        .all() as { live: number }[];
      database.close();
      assert.equal(live, 2);
    });
});
