import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
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
 * What the activation costs in the extension host of a real VS Code, loading of the bundle included, by VS Code's own watch: what *Developer: Show
 * Running Extensions* says. Held against an extension that does nothing. Each window has an extension host of its own, and nothing in its caches.
 */
const WINDOWS = 9;
const OURS = 'Loop Supervisor';
const EMPTY = 'Does Nothing';

/** Packs an extension that is activated as ours is, and does nothing; answers the path of its VSIX. */
async function packEmptyExtension(folder: string): Promise<string> {
  const manifest = {
    ...{ name: 'does-nothing', displayName: EMPTY, publisher: 'bench', version: '1.0.0', engines: { vscode: '^1.101.0' } },
    ...{ main: './main.cjs', activationEvents: ['onStartupFinished'], extensionKind: ['workspace'] },
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'README.md'), `# ${EMPTY}\n`);
  writeFileSync(join(folder, 'main.cjs'), 'exports.activate = () => {};\n');
  const vsix = join(folder, 'empty.vsix');
  const args = ['package', '--no-dependencies', '--allow-missing-repository', '--skip-license', '--out', vsix];
  await promisify(execFile)(join(ROOT, 'node_modules/.bin/vsce'), args, { cwd: folder });
  return vsix;
}

/** Ms by the name of the extension, in a window that was just opened. */
async function activations(browser: Browser, server: Server, workspace: string): Promise<Map<string, number>> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  try {
    const window = await Workbench.open(context, server.url(workspace));
    await window.input.anyCommand('Developer: Show Running Extensions');
    const rows = window.page.locator('.runtime-extensions-editor .extension');
    return await until('both extensions in the list', async () => {
      const texts = await rows.evaluateAll((elements) =>
        elements.map((element) => [element.querySelector('.name')?.textContent ?? '', element.querySelector('.activation-time')?.textContent ?? '']),
      );
      const times = new Map(texts.flatMap(([name = '', time = '']) => (/\d+ ?ms/.test(time) ? [[name, Number(/(\d+) ?ms/.exec(time)?.[1])]] : [])));
      return times.has(OURS) && times.has(EMPTY) ? times : undefined;
    });
  } finally {
    await context.close();
  }
}

const workspace = freshFolder('workspace');
const extensionsDir = await installExtension(await pack());
const emptyFolder = freshFolder('empty');
await installExtension(await packEmptyExtension(emptyFolder), extensionsDir);
const server = await Server.start({ extensionsDir });
const browser = await launchBrowser();
const figures: Figure[] = [];
try {
  const samples: Map<string, number>[] = [];
  for (let window = 0; window < WINDOWS; window++) samples.push(await activations(browser, server, workspace));
  const of = (name: string) => samples.map((sample) => sample.get(name) as number);
  figures.push({
    ...{
      what: 'activation in the extension host, bundle load included',
      value: median(of(OURS)),
      unit: 'ms',
      p99: percentile(of(OURS), 99),
      goal: 30,
    },
    baseline: { what: 'an extension that does nothing', value: median(of(EMPTY)) },
  });
} finally {
  await browser.close();
  await server.stop();
  for (const folder of [workspace, extensionsDir, emptyFolder]) rmSync(folder, { recursive: true, force: true });
}
hand({ bench: 'Editor', figures });
process.exit(0);
