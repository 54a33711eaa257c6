import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { FOLDER_MODE, isWritable } from '../process/runFolder/atomicFile.ts';

export interface ShimOptions {
  readonly storage: string;
  /** The Node, or Electron, that runs the command line. */
  readonly nodePath: string;
  /** The bundle `loops`. */
  readonly program: string;
  readonly platform: NodeJS.Platform;
}

/** Executable, and private to its owner. */
const SHIM_MODE = 0o700;
const HEAD = '#!/bin/sh\n# The command line of Loop Supervisor.\nELECTRON_RUN_AS_NODE=1';

/**
 * Writes the command `loops` of this store into a folder of its own, for the owner alone. Returns that folder, for a
 * PATH. Throws the error of the file system.
 */
export function writeShim({ storage, nodePath, program, platform }: ShimOptions): string {
  const folder = join(storage, 'bin');
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  if (platform === 'win32') {
    const lines = [
      '@echo off',
      'setlocal',
      'set ELECTRON_RUN_AS_NODE=1',
      `"${nodePath}" "${program}" --storage "${storage}" %*`,
    ];
    write(join(folder, 'loops.cmd'), lines.join('\r\n'));
  } else {
    const call = [nodePath, program, '--storage', storage].map(quoted).join(' ');
    write(join(folder, 'loops'), `${HEAD} exec ${call} "$@"\n`);
  }
  return folder;
}

/** Where `loops` was installed, and whether a terminal finds it there. */
export interface Installed {
  readonly path: string;
  readonly isOnPath: boolean;
}

/**
 * Puts a link to the shim into the first of these folders that is on the PATH and can be written, or else into the
 * first of all. Throws an `Error` that says what to do if something else is in its place.
 */
export function installShim(shimFolder: string, folders: readonly string[], path: string): Installed {
  const onPath = path.split(delimiter);
  const [first] = folders;
  const folder = folders.find((name) => onPath.includes(name) && isWritable(name)) ?? first;
  if (folder === undefined) throw new Error('There is no folder to install loops into.');
  const target = join(shimFolder, 'loops');
  const link = join(folder, 'loops');
  mkdirSync(folder, { recursive: true });
  const found = lstatSync(link, { throwIfNoEntry: false });
  if (found && !(found.isSymbolicLink() && isShim(readlinkSync(link))))
    throw new Error(`${link} exists, and is not ours. Move it away, or call ${target}.`);
  const draft = `${link}.${process.pid}.tmp`;
  rmSync(draft, { force: true });
  symlinkSync(target, draft);
  renameSync(draft, link);
  return { path: link, isOnPath: onPath.includes(folder) };
}

/** Whether a link leads to a shim of ours, of this store or of another one, or nowhere. */
function isShim(target: string): boolean {
  return !existsSync(target) || readFileSync(target, 'utf8').startsWith(HEAD);
}

function write(path: string, text: string): void {
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, text, { mode: SHIM_MODE });
  chmodSync(draft, SHIM_MODE);
  renameSync(draft, path);
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
