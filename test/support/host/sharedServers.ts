import { rmSync } from 'node:fs';
import type { Browser, BrowserContext } from 'playwright-core';
import { HANGS_MS } from '../until.ts';
import { launchBrowser } from './browser.ts';
import { installExtension } from './installExtension.ts';
import { VSIX } from './paths.ts';
import { Server, type ServerOptions } from './server.ts';

/** What is opened once in a program and used by all of its test files, one after the other. */
let extensions: Promise<string> | undefined;
let browsing: Promise<{ readonly browser: Browser; readonly context: BrowserContext }> | undefined;
let serving: Promise<Server> | undefined;

/** A server with our VSIX installed, and a browser for its windows. */
export interface Lease {
  readonly server: Server;
  readonly context: BrowserContext;
  /** Gives them back, with all windows closed and nothing left that they have started. */
  release(): Promise<void>;
}

/**
 * Takes the server that all test files share, as if it were new: no state of an earlier file, no process, no window. A
 * server with options that can only be given at its start is started for its user alone.
 */
export async function leaseServer({ settings, ...options }: ServerOptions): Promise<Lease> {
  const { context } = await browser();
  extensions ??= installExtension(VSIX);
  const extensionsDir = await extensions;
  const isShared = Object.values(options).every((value) => value === undefined);
  // A host whose window is gone goes too: nobody comes back to it.
  const start = () => Server.start({ reconnectionGraceSeconds: 1, ...options, extensionsDir });
  if (isShared) serving ??= start();
  const server = isShared && serving ? await serving : await start();
  server.writeSettings(settings ?? {});
  const release = async (): Promise<void> => {
    for (const page of context.pages()) await page.close();
    if (!isShared) return server.stop();
    try {
      await server.forget();
      await forgetInBrowser(context, server.origin);
    } catch (error) {
      // It is not to be shared any more.
      serving = undefined;
      await server.stop();
      throw error;
    }
  };
  return { server, context, release };
}

/** Ends all that is shared. */
export async function closeShared(): Promise<void> {
  const [open, server, folder] = [await browsing, await serving, await extensions];
  browsing = serving = extensions = undefined;
  await open?.browser.close();
  await server?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
}

async function browser(): Promise<{ readonly browser: Browser; readonly context: BrowserContext }> {
  if (browsing && !(await browsing).browser.isConnected()) browsing = undefined;
  browsing ??= launchBrowser().then(async (launched) => {
    const context = await launched.newContext();
    context.setDefaultTimeout(HANGS_MS);
    return { browser: launched, context };
  });
  return browsing;
}

/** VS Code in a browser keeps in it what a desktop keeps in files. */
async function forgetInBrowser(context: BrowserContext, origin: string): Promise<void> {
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'cookies,local_storage,indexeddb' });
  await page.close();
}
