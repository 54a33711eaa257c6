import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CACHE, filledOnce } from './paths.ts';

/** The package that carries a VS Code server (MIT); this version brings VS Code 1.139.1. */
const PACKAGE = 'code-server';
const VERSION = '4.139.1';
const INSIDE = join('node_modules', PACKAGE, 'lib', 'vscode');

/**
 * Makes sure that there is a VS Code server, from the npm registry alone, and answers the path of its main program. It takes about 20 s and 600 MB the
 * first time. Nothing is compiled: install scripts are off, and the few native parts that are then missing only cost a warning.
 */
export async function provisionServer(log: (line: string) => void = () => {}): Promise<string> {
  const main = (folder: string) => join(folder, INSIDE, 'out', 'server-main.js');
  // The dependencies of the server come second, and npm writes this file when it is done.
  const complete = (folder: string) =>
    existsSync(main(folder)) && existsSync(join(folder, INSIDE, 'node_modules', '.package-lock.json'));
  const home = await filledOnce(join(CACHE, `server-${VERSION}`), complete, async (folder) => {
    log(`Installing ${PACKAGE}@${VERSION} for the VS Code server, once …`);
    await npm(folder, ['install', '--prefix', folder, '--no-package-lock', `${PACKAGE}@${VERSION}`]);
    await npm(join(folder, INSIDE), ['install', '--omit=dev']);
  });
  return main(home);
}

async function npm(cwd: string, args: string[]): Promise<void> {
  // Settings of the npm run that we are part of would lead this one to our own folder.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(config_local_prefix|package_|lifecycle_)/.test(name)),
  );
  await promisify(execFile)('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd,
    env,
    maxBuffer: 64 * 1024 * 1024,
  });
}
