import { execFile } from 'node:child_process';
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/host/browser.ts';
import { installExtension } from '../support/host/installExtension.ts';
import { pack } from '../support/host/pack.ts';
import { freshFolder, ROOT } from '../support/host/paths.ts';
import { Server } from '../support/host/server.ts';
import { Workbench } from '../support/host/workbench.ts';
import { until } from '../support/until.ts';
import { type Figure, hand, median, percentile } from './support/figures.ts';

/**
 * What the activation costs in the extension host of a real VS Code, loading of the bundle included, by VS Code's own
 * watch: what *Developer: Show Running Extensions* says. Compared with an extension that does nothing. Each window has
 * an extension host of its own, and nothing in its caches. While a window starts, that watch also counts what VS Code
 * itself does meanwhile, so the goal is for an activation that has the thread to itself.
 */
const WINDOWS = 7;
const OURS = 'Loop Supervisor';
const EMPTY = 'Does Nothing';

interface Activation {
  readonly ours: number;
  readonly empty: number;
}

/** Packs an extension that does nothing; answers the path of its VSIX. */
async function packEmptyExtension(folder: string): Promise<string> {
  const manifest = {
    ...{
      name: 'does-nothing',
      displayName: EMPTY,
      publisher: 'bench',
      version: '1.0.0',
      engines: { vscode: '^1.103.0' },
    },
    ...{ main: './main.cjs', activationEvents: ['onStartupFinished'], extensionKind: ['workspace'] },
    contributes: { commands: [{ command: 'bench.nothing', title: 'Do Nothing', category: 'Bench' }] },
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'README.md'), `# ${EMPTY}\n`);
  const main = "exports.activate = () => require('vscode').commands.registerCommand('bench.nothing', () => {});\n";
  writeFileSync(join(folder, 'main.cjs'), main);
  const vsix = join(folder, 'empty.vsix');
  const args = ['package', '--no-dependencies', '--allow-missing-repository', '--skip-license', '--out', vsix];
  await promisify(execFile)(join(ROOT, 'node_modules/.bin/vsce'), args, { cwd: folder });
  return vsix;
}

/** Takes away what activates the installed extensions by themselves: then the first of their commands does. */
function activateOnDemand(extensionsDir: string): void {
  for (const path of globSync('*/package.json', { cwd: extensionsDir })) {
    const file = join(extensionsDir, path);
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), activationEvents: [] }));
  }
}

/** The activations of a window of its own; `prepare` sees to it that both extensions are active. */
async function activation(
  browser: Browser,
  url: string,
  prepare: (window: Workbench) => Promise<void>,
): Promise<Activation> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1600 } });
  try {
    const window = new Workbench(await context.newPage());
    await window.page.goto(url);
    await prepare(window);
    await window.input.anyCommand('Developer: Show Running Extensions');
    const rows = window.page.locator('.runtime-extensions-editor .extension');
    await rows.first().hover();
    const times = new Map<string, number>();
    return await until('both extensions in the list', async () => {
      const texts = await rows.evaluateAll((elements) =>
        elements.map((element) => [
          element.querySelector('.name')?.textContent ?? '',
          element.querySelector('.activation-time')?.textContent ?? '',
        ]),
      );
      for (const [name = '', time = ''] of texts)
        if (/\d+ ?ms/.test(time)) times.set(name, Number(/(\d+) ?ms/.exec(time)?.[1]));
      // What is out of sight is not in the page.
      await window.page.mouse.wheel(0, 300);
      const [ours, empty] = [times.get(OURS), times.get(EMPTY)];
      return ours === undefined || empty === undefined ? undefined : { ours, empty };
    });
  } finally {
    await context.close();
  }
}

/** Waits until VS Code has started its own extensions, then runs a command of each of ours: that activates them. */
async function activateByCommand(window: Workbench): Promise<void> {
  await window.page
    .locator('.activitybar .action-item')
    .filter({ has: window.page.locator('[aria-label^="Loop Supervisor"]') })
    .waitFor();
  await window.input.anyCommand('Developer: Show Running Extensions');
  await window.page.locator('.runtime-extensions-editor .extension').filter({ hasText: 'Merge Conflict' }).waitFor();
  await window.page.keyboard.press('Escape');
  await window.page.locator('.runtime-extensions-editor').waitFor({ state: 'detached' });
  await window.input.anyCommand('Bench: Do Nothing');
  await window.input.command('Show Log');
  await window.ready();
}

async function measure(
  what: string,
  url: string,
  prepare: (window: Workbench) => Promise<void>,
  goalRatio: number,
): Promise<Figure> {
  const samples: Activation[] = [];
  for (let window = 0; window < WINDOWS; window++) samples.push(await activation(browser, url, prepare));
  const ours = samples.map((sample) => sample.ours);
  return {
    ...{ what, value: median(ours), unit: 'ms', p99: percentile(ours, 99) },
    baseline: { what: 'an extension that does nothing', value: median(samples.map((sample) => sample.empty)) },
    goalRatio,
  };
}

const [workspace, emptyFolder] = [freshFolder('workspace'), freshFolder('empty')];
const extensionsDir = await installExtension(await pack());
await installExtension(await packEmptyExtension(emptyFolder), extensionsDir);
let server = await Server.start({ extensionsDir });
const browser = await launchBrowser();
const figures: Figure[] = [];
try {
  figures.push(await measure('activation while a window starts', server.url(workspace), (window) => window.ready(), 4));
  await server.stop();
  activateOnDemand(extensionsDir);
  server = await Server.start({ extensionsDir });
  figures.unshift(
    await measure(
      'activation in the extension host, bundle load included',
      server.url(workspace),
      activateByCommand,
      15,
    ),
  );
} finally {
  await browser.close();
  await server.stop();
  for (const folder of [workspace, extensionsDir, emptyFolder]) rmSync(folder, { recursive: true, force: true });
}
hand({ bench: 'Editor', figures });
process.exit(0);
