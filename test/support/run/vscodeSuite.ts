import { globSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runTests } from '@vscode/test-electron';
import { build } from 'esbuild';
import { launchBrowser } from '../host/browser.ts';
import { reloadIfGivenUp } from '../host/givenUpHost.ts';
import { freshFolder, ROOT } from '../host/paths.ts';
import { Server } from '../host/server.ts';
import { until } from '../until.ts';
import { type Line, RECORD } from './record.ts';

// Runs test/vscode inside the extension host of a real VS Code: a server with a headless browser (with
// --oldest the oldest one that we say we run on), or a desktop with VSCODE_TEST_HOST=desktop.
const record = process.env[RECORD];
if (!record) throw new Error(`${RECORD} does not name the file to report in. Run this by: npm run test:vscode`);
const edition = process.argv.includes('--oldest') ? 'oldest' : 'current';
const entry = await bundle();
const workspace = freshFolder('workspace');
try {
  if (process.env.VSCODE_TEST_HOST === 'desktop') await inDesktop(record);
  else await inServer(record);
} finally {
  rmSync(workspace, { recursive: true, force: true });
}

/** One bundle for each file of tests, and the entry that runs them. */
async function bundle(): Promise<string> {
  const outdir = join(ROOT, 'test/vscode/out', edition);
  rmSync(outdir, { recursive: true, force: true });
  const tests = globSync('test/vscode/**/*.test.ts', { cwd: ROOT });
  await build({
    absWorkingDir: ROOT,
    entryPoints: [...tests, 'test/support/run/hostEntry.ts'].map((file) => ({
      in: file,
      out: file.split('/').at(-1)!.replace(/\.ts$/, ''),
    })),
    outdir,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    sourcemap: 'inline',
    external: ['vscode', 'mocha'],
  });
  return join(outdir, 'hostEntry.cjs');
}

async function inServer(record: string): Promise<void> {
  const server = await Server.start({
    develop: true,
    edition,
    env: { [RECORD]: record, NODE_OPTIONS: '--enable-source-maps' },
  });
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    reloadIfGivenUp(page);
    await page.goto(server.url(workspace, { develop: ROOT, tests: entry }));
    const failed = await until(
      'the tests in the extension host to end',
      () => verdict(record),
      Number.POSITIVE_INFINITY,
    );
    process.exitCode = failed === 'failed' ? 1 : 0;
  } finally {
    await browser.close();
    await server.stop();
  }
}

async function inDesktop(record: string): Promise<void> {
  await runTests({
    extensionDevelopmentPath: ROOT,
    extensionTestsPath: entry,
    extensionTestsEnv: { [RECORD]: record },
    launchArgs: [workspace, '--disable-extensions', '--disable-workspace-trust'],
  });
}

function verdict(file: string): 'passed' | 'failed' | undefined {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
  if (!lines.some(({ kind }) => kind === 'end')) return undefined;
  return lines.some(({ kind }) => kind === 'fail') ? 'failed' : 'passed';
}
