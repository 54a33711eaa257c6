import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { hostFiles } from '../../src/headless/hostFiles.ts';
import { openStore } from '../../src/store/sqlite/store.ts';
import { HostProcess } from '../chaos/hostProcess.ts';
import { kill } from '../process/support/runHarness.ts';
import { running, type Seen, signal } from '../support/host/processes.ts';
import { installed } from '../support/installed.ts';
import { markedProcesses, stillLives } from '../support/markedProcesses.ts';
import { openBeside } from '../support/openBeside.ts';
import { until } from '../support/until.ts';

/** Works until the file `go` is in its folder: what is to be seen while it runs may come as late as it likes. */
const WORKER = { command: 'sh', args: ['-c', 'until test -e go; do sleep 0.05; done; echo worked'] };

/** Makes a machine that has slept, for the program that loads it. */
const SLEPT_CLOCKS = fileURLToPath(new URL('../fixtures/programs/sleptClocks.cjs', import.meta.url));

/** A window to open. */
interface WindowOptions {
  /** In place of the worker. */
  readonly agents?: object;
  /** It is in a session of its own, as all windows of a VS Code server are in that of the server. */
  readonly isOfServer?: boolean;
}

/** A store with windows and the headless host as it ships. Trials may run beside each other. */
export class HostTrial {
  static #count = 0;
  readonly storage = realpathSync(mkdtempSync(join(tmpdir(), 'loop-supervisor-headless-')));
  readonly prefix = `headless-${process.pid}-${HostTrial.#count++}-`;
  readonly #sleptFile = join(this.storage, 'slept');
  readonly #windows: HostProcess[] = [];
  readonly #hosts: ChildProcess[] = [];

  /** Runs a test on a trial of its own, and clears up. */
  static run(test: (trial: HostTrial) => Promise<void>): () => Promise<void> {
    return async () => {
      const trial = new HostTrial();
      try {
        await test(trial);
      } finally {
        await trial.#dispose();
      }
    };
  }

  async openWindow({ agents = { reporter: WORKER }, isOfServer }: WindowOptions = {}): Promise<HostProcess> {
    const root = await installed();
    const window = new HostProcess(
      {
        ...{ storage: this.storage, guardianProgram: join(root, 'dist/guardian.cjs') },
        ...{ hostProgram: join(root, 'dist/host.cjs'), settings: { maxConcurrent: 2 } },
        agents,
      },
      undefined,
      isOfServer ? ['setsid'] : [],
    );
    this.#windows.push(window);
    await window.ready();
    return window;
  }

  /** What a trusted window has stored; without it the host starts nothing of this folder. */
  storeSettings(settings: object = {}, version = '0.0.1'): void {
    mkdirSync(join(this.storage, 'headless'), { recursive: true, mode: 0o700 });
    const agents = { reporter: WORKER };
    const window = { version, at: Date.now(), settings: { maxConcurrent: 2, agents, ...settings } };
    writeFileSync(hostFiles(this.storage).window, JSON.stringify(window));
  }

  trust(): void {
    writeFileSync(hostFiles(this.storage).trusted, JSON.stringify([this.storage]));
  }

  /** `root`: the folder of the extension whose host it is. */
  async startHost(root?: string): Promise<ChildProcess> {
    const host = await this.tryHost(root);
    assert.ok(host, 'the host is at work');
    return host;
  }

  /** Starts a host for which the machine sleeps when the test says so. */
  async startSleeper(): Promise<ChildProcess> {
    this.sleep(0);
    const host = await this.tryHost(undefined, ['--require', SLEPT_CLOCKS]);
    assert.ok(host, 'the host is at work');
    return host;
  }

  /**
   * Starts a host; undefined where it finds another one, or is not wanted, and has ended. `before`: options of Node.
   */
  async tryHost(root?: string, before: readonly string[] = []): Promise<ChildProcess | undefined> {
    const program = join(root ?? (await installed()), 'dist/host.cjs');
    const host = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...before, program, this.storage], {
      ...{ stdio: ['ignore', 'ignore', 'pipe'], detached: true },
      env: { ...process.env, LOOP_TEST_SLEPT: this.#sleptFile },
    });
    this.#hosts.push(host);
    let log = '';
    host.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    const isAtWork = () => beginningsIn(log).length > 0;
    await until('the host to be at work', () => isAtWork() || host.exitCode !== null);
    return isAtWork() ? host : undefined;
  }

  /** For sleepers the machine has slept for so long (ms) since their start. */
  sleep(ms: number): void {
    writeFileSync(`${this.#sleptFile}.new`, String(ms));
    renameSync(`${this.#sleptFile}.new`, this.#sleptFile);
  }

  /** All headless hosts on this store, whoever has started them. */
  hosts(): Seen[] {
    return running(this.storage).filter(({ command }) => command.includes('host.cjs'));
  }

  /** All that the supervisor has started for this store: hosts and guardians. */
  ours(): Seen[] {
    return running(this.storage).filter(({ command }) => /(?:host|guardian)\.cjs/.test(command));
  }

  /** The pids of hosts that others than the test have started, as their log says. */
  begunHosts(): number[] {
    const { log } = hostFiles(this.storage);
    const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
    return beginningsIn(text);
  }

  ids(count: number): string[] {
    return Array.from({ length: count }, (_, n) => `${this.prefix}${n}`);
  }

  /** `check`: a command that proves the work of each. */
  async submit(window: HostProcess, count: number, check?: string): Promise<void> {
    for (const loopId of this.ids(count))
      await window.ask({
        do: 'submit',
        loopId,
        prompt: 'work',
        ...(check !== undefined && { check: { command: check } }),
      });
  }

  /** Lets all agents come to their end. */
  go(): void {
    writeFileSync(join(this.storage, 'go'), '');
  }

  /** Loops in a trusted folder that wait for a host: the window that took them is gone. */
  async leaveQueued(count: number): Promise<void> {
    const window = await this.openWindow();
    this.storeSettings();
    this.trust();
    await window.ask({ do: 'pause' });
    await this.submit(window, count);
    await window.kill();
    this.sql('UPDATE head SET paused = 0');
  }

  sql(text: string): void {
    const database = openBeside(join(this.storage, 'supervisor.db'));
    database.exec(text);
    database.close();
  }

  /** How many loops run, as the database says, whatever its schema. */
  countRunning(): number {
    return this.rows("SELECT 1 FROM loops WHERE state = 'running'").length;
  }

  /** What the database holds: to be read while a host stands still in the middle of a write, too. */
  rows(query: string): unknown[] {
    const database = openBeside(join(this.storage, 'supervisor.db'));
    const rows = database.prepare(query).all();
    database.close();
    return rows;
  }

  /** What the store says, as nobody in particular. */
  async read<T>(query: (store: ReturnType<typeof openStore>) => Promise<T>): Promise<T> {
    const path = join(this.storage, 'supervisor.db');
    const store = openStore({ path, clock: systemClock, log: () => undefined });
    try {
      return await query(store);
    } finally {
      store.close();
    }
  }

  states(count: number) {
    return this.read((store) => Promise.all(this.ids(count).map(async (id) => (await store.latest(id))?.state)));
  }

  /** The attempts of each. */
  attempts(count: number) {
    return this.read((store) =>
      Promise.all(this.ids(count).map(async (id) => store.attempts((await store.latest(id))?.seq ?? 0))),
    );
  }

  async allDone(count: number): Promise<void> {
    await until('all to be done', async () => (await this.states(count)).every((state) => state === 'completed'));
  }

  /** Each is done, and its agent ran to its end once: an attempt that a death cut short before its start is none. */
  async ranOnce(count: number): Promise<void> {
    await this.allDone(count);
    for (const of of await this.attempts(count)) {
      const begun = of.filter(({ leader, end }) => leader || end?.outcome !== 'interrupted');
      assert.equal(begun.filter(({ isCheck }) => !isCheck).length, 1, 'the agent of each ran once');
      assert.ok(
        begun.every(({ end }) => end?.outcome === 'ok'),
        JSON.stringify(begun),
      );
    }
  }

  agents() {
    return markedProcesses(this.prefix).filter(stillLives);
  }

  isAtWork() {
    return until('both slots to be taken', () => new Set(this.agents().map(({ loopId }) => loopId)).size === 2);
  }

  async #dispose(): Promise<void> {
    for (const window of this.#windows) await window.kill();
    for (const host of this.#hosts) host.kill('SIGKILL');
    for (const host of this.hosts()) signal(host, 'SIGKILL');
    for (const { pid } of this.agents()) kill(pid, 'SIGKILL');
    rmSync(this.storage, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The pids of the hosts that have begun to work, as a log says. */
function beginningsIn(log: string): number[] {
  return [...log.matchAll(/ (\d+) The headless host .* is at work/g)].map(([, pid]) => Number(pid));
}

export function endOf(child: ChildProcess): Promise<number | null> {
  return child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise((resolve) => child.once('exit', resolve));
}
