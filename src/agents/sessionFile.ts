import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';

// Files in which agents of others keep their sessions: a help for prices, on which nothing depends.

/** How much of the end of a file is read, bytes: longer files are known only in part. */
const TAIL_BYTES = 4 * 1024 * 1024;

/** The names in a folder; none where it is not there or cannot be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/**
 * The end of a text file.
 *
 * @throws the error of the file system.
 */
export function tailOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
    return bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, size - bytes.length));
  } finally {
    closeSync(file);
  }
}
