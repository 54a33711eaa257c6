import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

let built: Promise<string> | undefined;

/**
 * The programs as they ship, bundled anew for this test run, in a folder like that of an installed extension: the path
 * of that folder. Removed when the process ends.
 */
export function installed(): Promise<string> {
  built ??= build();
  return built;
}

async function build(): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'loop-supervisor-installed-'));
  process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  copyFileSync('package.json', join(root, 'package.json'));
  await promisify(execFile)(process.execPath, [
    resolve('esbuild.mjs'),
    '--production',
    `--outdir=${join(root, 'dist')}`,
  ]);
  return root;
}
