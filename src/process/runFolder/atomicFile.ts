import { accessSync, constants, linkSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Look, lookOf, there } from '../../core/model/looks.ts';
import { NotRegularError, readEnd, readText } from './regularFile.ts';

/** Files of runs are for their owner alone. */
export const FILE_MODE = 0o600;
export const FOLDER_MODE = 0o700;

/**
 * Writes a JSON file so that a reader sees all of it or none. A missing folder is made again: somebody may have removed
 * it.
 *
 * @throws the error of the file system, such as ENOSPC.
 */
export function writeJson(path: string, value: unknown): void {
  const text = JSON.stringify(value);
  const draft = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, text, { mode: FILE_MODE });
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') {
      rmSync(draft, { force: true });
      throw error;
    }
    mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
    writeFileSync(draft, text, { mode: FILE_MODE });
  }
  renameSync(draft, path);
}

/** Looks at a JSON file. The value is undefined where it holds no JSON, or where something else is in its place. */
export function lookAtJson(path: string): Look {
  try {
    return there(parsed(readText(path)));
  } catch (error) {
    return error instanceof NotRegularError ? there(undefined) : lookOf(error);
  }
}

/** Reads a JSON file; undefined when it is not there, cannot be read or holds no JSON. */
export function readJson(path: string): unknown {
  const look = lookAtJson(path);
  return look.state === 'there' ? look.value : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Creates a file with its content unless there is one already; returns whether it did. Only one of all callers gets
 * true, and whoever sees the file sees all of it.
 */
export function createOnce(path: string, value: unknown): boolean {
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, JSON.stringify(value), { mode: FILE_MODE });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    return createPlainly(path, value);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** For file systems without hard links: exclusive too, but the content comes a moment after the file. */
function createPlainly(path: string, value: unknown): boolean {
  try {
    writeFileSync(path, JSON.stringify(value), { flag: 'wx', mode: FILE_MODE });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Size in bytes; undefined when there is no such file, or none that can be looked at. */
export function sizeOf(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size;
  } catch {
    return undefined;
  }
}

/** When a file was last written, wall time in ms; undefined when that cannot be seen. */
export function timeOf(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  } catch {
    return undefined;
  }
}

/** Whether files in a folder can be written, as far as permissions and the kind of the disk say. */
export function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The last `bytes` of a file as text; empty when there is none that can be read. */
export function readTail(path: string, bytes: number): string {
  try {
    return readEnd(path, bytes).toString('utf8');
  } catch {
    return '';
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
