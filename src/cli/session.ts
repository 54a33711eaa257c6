import { existsSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { systemClock as clock } from '../core/runtime/systemClock.ts';
import type { Supervisor } from '../core/supervisor.ts';
import { HostConfig } from '../headless/hostConfig.ts';
import { type HostFiles, hostFiles } from '../headless/hostFiles.ts';
import type { AfterLogout } from '../headless/logout.ts';
import { TrustedFolders } from '../headless/trustedFolders.ts';
import type { Parts } from '../parts.ts';
import { type RunFiles, runFiles } from '../process/runFolder/runFiles.ts';
import { callerIn } from './caller.ts';
import { CallError, EXIT } from './exitCodes.ts';
import type { DeclaredTool } from './mcpServer.ts';
import type { Output } from './output.ts';
import { storageOf } from './storage.ts';

/** What package.json declares, as far as it matters here. */
export interface Manifest {
  readonly version: string;
  /** The tools for chat models. */
  readonly tools: readonly DeclaredTool[];
}

export interface SessionOptions {
  readonly output: Output;
  /** The folder with the store, as it was asked for; the default one if absent. */
  readonly storage: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  /** The working directory, absolute. */
  readonly cwd: string;
  /** What package.json declares. */
  readonly manifest: Manifest;
  /** The path of this program. */
  readonly program: string;
  /** Opens the supervisor's parts as a caller. */
  readonly load: (session: Session) => Promise<Parts>;
  /** Starts the headless host. */
  readonly startHost: (storage: string, logPath: string) => Promise<void>;
  /** What becomes of the headless host of that pid, or of the next one, when its user logs out. */
  readonly afterLogout: (pid: number | undefined) => Promise<AfterLogout>;
}

const HOST_COMES_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 100;

/** One call of `loops`: which store it is about, its settings, and its supervisor once it needs one. */
export class Session {
  readonly output: Output;
  readonly storage: string;
  readonly cwd: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly config: HostConfig;
  readonly trusted: TrustedFolders;
  readonly files: HostFiles;
  readonly manifest: Manifest;
  readonly clock = clock;
  /** The workspace folder that a submit belongs to. */
  folder: string | undefined;
  /** The supervisor, once it is open. */
  current: Supervisor | undefined;
  readonly #options: SessionOptions;
  #opened: Promise<{ supervisor: Supervisor; parts: Parts; close(): void }> | undefined;

  constructor(options: SessionOptions) {
    const { output, environment, cwd } = options;
    this.#options = options;
    this.output = output;
    this.manifest = options.manifest;
    this.environment = environment;
    this.cwd = cwd;
    this.storage = storageOf(options.storage, environment, cwd);
    this.config = new HostConfig(this.storage);
    this.trusted = new TrustedFolders(this.storage);
    this.files = hostFiles(this.storage);
  }

  /** The loop inside whose attempt this call runs, if any (R15.4). */
  get caller(): string | undefined {
    return callerIn(this.environment);
  }

  /** Throws if the call comes from inside an attempt, which may read and submit, and nothing else (R15.4). */
  mustNotBeInside(what: string): void {
    if (this.caller !== undefined)
      throw new CallError(EXIT.notAllowed, `${what} is not allowed from inside a loop: a person has to do it.`);
  }

  async supervisor(): Promise<Supervisor> {
    return (await this.#open()).supervisor;
  }

  async parts(): Promise<Parts> {
    return (await this.#open()).parts;
  }

  /** The files of a run. */
  async logs(): Promise<(token: string) => RunFiles> {
    const parts = await this.parts();
    return (token) => runFiles(parts.runsFolder(), token);
  }

  /** The path of a bundle beside this program. */
  bundle(name: string): string {
    return join(dirname(realpathSync(this.#options.program)), `${name}.cjs`);
  }

  /** The absolute path of an existing folder or file that was named on the command line. */
  path(name: string): string {
    const path = isAbsolute(name) ? name : resolve(this.cwd, name);
    if (!existsSync(path)) throw new CallError(EXIT.usage, `${path} does not exist.`);
    return realpathSync(path);
  }

  /** Starts the headless host if there is work that can go on and neither a window nor a host to do it. */
  async ensureHost(): Promise<void> {
    const supervisor = await this.supervisor();
    if (this.caller !== undefined || !supervisor.goesOn || supervisor.headlessHost) return;
    if (this.background === 'off') {
      if (supervisor.windowCount === 0)
        this.output.notice('Nothing starts until a window is open: loopSupervisor.background is off.');
      return;
    }
    await this.startHost();
  }

  get background(): string {
    const stops = this.config.settings.onWindowClose === 'stop';
    return stops ? 'off' : this.config.text('background') || 'untilIdle';
  }

  startHost(): Promise<void> {
    return this.#options.startHost(this.storage, this.files.log);
  }

  /** What becomes of the headless host of that pid, or of the next one, when its user logs out (R15.1). */
  afterLogout(pid: number | undefined): Promise<AfterLogout> {
    return this.#options.afterLogout(pid);
  }

  /** Waits for the host to register. Resolves with its pid, or with undefined if it has not within 10 s. */
  async hostComes(): Promise<number | undefined> {
    const supervisor = await this.supervisor();
    const deadline = clock.now() + HOST_COMES_WITHIN_MS;
    while (!supervisor.headlessHost && clock.now() < deadline) await sleep(LOOK_EVERY_MS);
    return supervisor.headlessHost?.process.pid;
  }

  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    opened?.supervisor.dispose();
    opened?.close();
  }

  #open(): Promise<{ supervisor: Supervisor; parts: Parts; close(): void }> {
    this.#opened ??= (async () => {
      const parts = await this.#options.load(this);
      const { supervisor, close } = await parts.open();
      await supervisor.start();
      this.current = supervisor;
      return { supervisor, parts, close };
    })();
    return this.#opened;
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
