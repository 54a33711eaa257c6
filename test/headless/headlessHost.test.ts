import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { openStore } from '../../src/store/sqlite/store.ts';
import { HostProcess } from '../chaos/hostProcess.ts';
import { installed } from '../support/installed.ts';
import { markedProcesses, stillLives } from '../support/markedProcesses.ts';
import { until } from '../support/until.ts';

const REPORTER = fileURLToPath(new URL('../fixtures/programs/reporter.mjs', import.meta.url));

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
    for (const left of markedProcesses(prefix)) if (stillLives(left)) process.kill(left.pid, 'SIGKILL');
    rmSync(storage, { recursive: true, force: true, maxRetries: 5 });
  });

  async function openWindow(): Promise<HostProcess> {
    const guardianProgram = join(await installed(), 'dist/guardian.cjs');
    const window = new HostProcess({ storage, guardianProgram, settings: { maxConcurrent: 2 } });
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

  async function startHost(): Promise<ChildProcess> {
    const program = join(await installed(), 'dist/host.cjs');
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

  it('R15.1 R10.2 R11.1 the window is killed: the host finishes what runs and what is queued, with checks, and ends', async () => {
    const window = await openWindow();
    const notices = join(storage, 'notices.jsonl');
    storeSettings({ 'notifications.command': ['tee', '-a', notices] });
    writeFileSync(join(storage, 'headless/trusted.json'), JSON.stringify([storage]));
    const running = await startHost();
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGHUP');
    await submit(window, 8);
    await window.kill();
    await until('all to be done', async () => (await states(8)).every((state) => state === 'completed'));
    assert.equal(await ended, 0);
    const attempts = await read((store) =>
      Promise.all(ids(8).map(async (id) => store.attempts((await store.latest(id))?.seq ?? 0))),
    );
    for (const of of attempts) {
      // The window may have died between recording an attempt and starting it.
      const begun = of.filter(({ leader, end }) => leader || end?.outcome !== 'interrupted');
      assert.equal(begun.filter(({ isCheck }) => !isCheck).length, 1, 'the agent of each ran once');
      assert.ok(
        begun.every(({ end }) => end?.outcome === 'ok'),
        JSON.stringify(begun),
      );
    }
    const told = readFileSync(notices, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).loopId as string);
    assert.deepEqual(told.toSorted(), ids(8), 'R10.2 the command of the user ran once for each');
    const alone = JSON.parse(readFileSync(join(storage, 'headless/alone.json'), 'utf8')) as { since: number };
    assert.ok(alone.since <= Date.now(), 'the next window says since when');
    assert.equal(statSync(join(storage, 'headless/alone.json')).mode & 0o777, 0o600);
  });

  it('R15.1 a store whose folder was never trusted is left alone: it starts nothing, and ends', async () => {
    const window = await openWindow();
    storeSettings();
    await window.ask({ do: 'pause' });
    await submit(window, 2);
    await window.kill();
    const database = new DatabaseSync(join(storage, 'supervisor.db'));
    database.exec('UPDATE head SET paused = 0');
    database.close();
    const running = await startHost();
    await new Promise((resolve) => running.once('exit', resolve));
    assert.deepEqual(await states(2), ['queued', 'queued']);
  });

  it('R15.1 ends when its program is gone, when it is turned off, and for a newer version', async () => {
    storeSettings({ background: 'always' });
    const running = await startHost();
    const ended = new Promise((resolve) => running.once('exit', resolve));
    const window = { version: '99.0.0', at: Date.now(), settings: { background: 'always' } };
    writeFileSync(join(storage, 'headless/window.json'), JSON.stringify(window));
    assert.equal(await ended, 0);
  });
});
