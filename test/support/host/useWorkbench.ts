import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import { installExtension } from './installExtension.ts';
import { freshFolder, VSIX } from './paths.ts';
import { Server, type ServerOptions } from './server.ts';
import { Workbench } from './workbench.ts';

export interface WorkbenchOptions extends Omit<ServerOptions, 'extensionsDir' | 'develop'> {
  /** The files of the workspace, by their path in it. */
  readonly files?: Readonly<Record<string, string>>;
  /** Size of a window in pixels; 1280 × 800 if left out. */
  readonly size?: { readonly width: number; readonly height: number };
}

/** Where our VSIX is installed for all tests of this run, one after the other: nothing is written there. */
let installed: Promise<string> | undefined;
after('remove what was installed', async () => {
  if (installed) rmSync(await installed, { recursive: true, force: true });
});

/**
 * Gives the tests of this `describe` a VS Code server with our VSIX installed as a user would, and a window on a fresh folder. When a test fails,
 * what is on the screen is saved under its title.
 */
export function useWorkbench(options: WorkbenchOptions = {}): Host {
  const host = new Host(options);
  before('open VS Code', async function () {
    this.timeout(180_000);
    await host.start();
  });
  afterEach('save what a failed test left on the screen', async function () {
    const test = this.currentTest;
    if (test?.state === 'failed')
      await host.window.screenshot(
        `failed ${test
          .fullTitle()
          .replaceAll(/[^\w.-]+/g, ' ')
          .slice(0, 120)}`,
      );
  });
  after('close VS Code', () => host.stop());
  return host;
}

/** A server, a browser and the windows in it. */
export class Host {
  readonly #options: WorkbenchOptions;
  #server: Server | undefined;
  #browser: Browser | undefined;
  #context: BrowserContext | undefined;
  #window: Workbench | undefined;
  readonly #folders: string[] = [];

  constructor(options: WorkbenchOptions) {
    this.#options = options;
  }

  get server(): Server {
    return there(this.#server);
  }

  /** The first window. */
  get window(): Workbench {
    return there(this.#window);
  }

  /** The folder of the first window. */
  get workspace(): string {
    return there(this.#folders[0]);
  }

  async start(): Promise<void> {
    installed ??= installExtension(VSIX);
    const extensionsDir = await installed;
    const workspace = this.folder(this.#options.files);
    this.#server = await Server.start({ ...this.#options, extensionsDir });
    this.#browser = await launchBrowser();
    this.#context = await this.#browser.newContext({ viewport: this.#options.size ?? { width: 1280, height: 800 } });
    this.#window = await this.open(workspace);
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
    return Workbench.open(there(this.#context), this.server.url(folder));
  }

  async stop(): Promise<void> {
    await this.#browser?.close();
    await this.#server?.stop();
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('VS Code is not open yet: use it inside a test.');
  return value;
}
