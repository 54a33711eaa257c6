import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CACHE, filledOnce } from './paths.ts';

/** The package that carries a VS Code server (MIT). */
const PACKAGE = 'code-server';
const INSIDE = join('node_modules', PACKAGE, 'lib', 'vscode');

/** A VS Code that tests run on. */
interface Edition {
  /** The version of the package. */
  readonly version: string;
  /** The Node that it runs on, where ours is too new for it. */
  readonly node?: string;
}

const EDITIONS = {
  /** VS Code 1.139.1. */
  current: { version: '4.139.1' },
  /** VS Code 1.103.2: the oldest that `engines.vscode` allows and the registry has. */
  oldest: { version: '4.103.2', node: '22.19.0' },
} as const satisfies { readonly [name: string]: Edition };
export type EditionName = keyof typeof EDITIONS;

/** How to start a VS Code server. */
export interface ServerProgram {
  readonly node: string;
  /** Path of its main program. */
  readonly main: string;
}

/**
 * Makes sure that there is a VS Code server, from the npm registry alone. It takes about 20 s and 600 MB the first
 * time. Nothing is compiled: install scripts are off, and the few native parts that are then missing only cost a
 * warning.
 */
export async function provisionServer(
  log: (line: string) => void = () => {},
  name: EditionName = 'current',
): Promise<ServerProgram> {
  const { version, node }: Edition = EDITIONS[name];
  const main = (folder: string) => join(folder, INSIDE, 'out', 'server-main.js');
  const ownNode = (folder: string) =>
    join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  // The dependencies of the server come last, and npm writes this file when it is done.
  const complete = (folder: string) =>
    existsSync(main(folder)) && existsSync(join(folder, INSIDE, 'node_modules', '.package-lock.json'));
  const home = await filledOnce(join(CACHE, `server-${version}`), complete, async (folder) => {
    log(`Installing ${PACKAGE}@${version} for the VS Code server, once …`);
    const packages = [`${PACKAGE}@${version}`, ...(node ? [`node-${process.platform}-${process.arch}@${node}`] : [])];
    await npm(folder, ['install', '--prefix', folder, '--no-package-lock', ...packages]);
    await npm(join(folder, INSIDE), ['install', '--omit=dev']);
  });
  return { node: node ? ownNode(home) : process.execPath, main: main(home) };
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
