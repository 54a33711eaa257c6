import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Suite } from 'mocha';
import { CLAIMS, RECORD } from '../run/record.ts';
import { report } from '../run/recordReporter.ts';
import { keepEvidence } from './evidence.ts';
import { freshFolder } from './paths.ts';
import type { Server, ServerOptions } from './server.ts';
import { closeShared, type Lease, leaseServer } from './sharedServers.ts';
import { Workbench } from './workbench.ts';

export interface WorkbenchOptions extends Pick<ServerOptions, 'settings' | 'trust' | 'env'> {
  /** The files of the workspace, by their path in it. */
  readonly files?: Readonly<Record<string, string>>;
  /** Size of a window in pixels; 1280 × 800 if left out. */
  readonly size?: { readonly width: number; readonly height: number };
}

// A worker goes on with other files, and closes what they share itself.
if (!process.env[CLAIMS]) after('close what the files of tests share', closeShared);

/**
 * Gives the tests of this `describe` a VS Code with our VSIX installed as a user would, with no state of others, and a
 * window on a fresh folder. Before each test the window is put in order: what the test before has left cannot reach it.
 * What a failed test or hook leaves is kept, and the folder printed.
 */
export function useWorkbench(options: WorkbenchOptions = {}): Host {
  const host = new Host(options);
  before('open VS Code', () => host.start());
  beforeEach('put the windows in order', () => host.settle());
  afterEach('keep what a failed test left', async function () {
    const test = this.currentTest;
    if (test?.state === 'failed') await keep(host, test.fullTitle());
  });
  after('close VS Code', async function () {
    for (const title of failedHooks(this.test?.parent)) await keep(host, title);
    await host.stop();
  });
  return host;
}

async function keep(host: Host, title: string): Promise<void> {
  const folder = await host.keepEvidence(title);
  report({ kind: 'evidence', title, folder });
  if (!process.env[RECORD]) console.log(`    what it left: ${folder}`);
}

/** The titles of the hooks that failed in a `describe`. Mocha knows them, but has no public name for them. */
function failedHooks(suite: Suite | undefined): string[] {
  if (!suite) return [];
  const kinds = suite as unknown as Record<'_beforeAll' | '_beforeEach' | '_afterEach', readonly Mocha.Hook[]>;
  const hooks = [...kinds._beforeAll, ...kinds._beforeEach, ...kinds._afterEach];
  const own = hooks.filter(({ state }) => state === 'failed').map((hook) => hook.fullTitle());
  return [...own, ...suite.suites.flatMap(failedHooks)];
}

/** A server, a browser and the windows in it. */
export class Host {
  readonly #options: WorkbenchOptions;
  #lease: Lease | undefined;
  readonly #windows: Workbench[] = [];
  readonly #folders: string[] = [];

  constructor(options: WorkbenchOptions) {
    this.#options = options;
  }

  get server(): Server {
    return there(this.#lease).server;
  }

  /** The first window. */
  get window(): Workbench {
    return there(this.#windows[0]);
  }

  /** The folder of the first window. */
  get workspace(): string {
    return there(this.#folders[0]);
  }

  async start(): Promise<void> {
    const { files, size: _, ...options } = this.#options;
    const workspace = this.folder(files);
    this.#lease = await leaseServer(options);
    await this.open(workspace);
  }

  /** A fresh folder with these files, for a window of its own. */
  folder(files: Readonly<Record<string, string>> = {}): string {
    const folder = freshFolder('workspace');
    this.#folders.push(folder);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return folder;
  }

  /** Opens one more window. */
  async open(folder: string): Promise<Workbench> {
    const { context, server } = there(this.#lease);
    const window = new Workbench(await context.newPage());
    this.#windows.push(window);
    await window.resize(this.#options.size ?? { width: 1280, height: 800 });
    await window.page.goto(server.url(folder));
    await window.ready();
    return window;
  }

  /** Puts away whatever lies open in the windows, but for those that are kept as they are. */
  async settle(): Promise<void> {
    for (const window of this.#open()) if (!window.isKept) await window.settle();
  }

  async keepEvidence(title: string): Promise<string> {
    return keepEvidence(title, this.#lease?.server, this.#open());
  }

  async stop(): Promise<void> {
    await this.#lease?.release();
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }

  #open(): Workbench[] {
    return this.#windows.filter(({ page }) => !page.isClosed());
  }
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('VS Code is not open yet: use it inside a test.');
  return value;
}
