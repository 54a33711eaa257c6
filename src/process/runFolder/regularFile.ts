import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** Only regular files are read: a named pipe, for one, would block us until somebody writes to it. */
export class NotRegularError extends Error {}

/**
 * Opens a regular file, for reading unless `flags` say otherwise, without ever blocking. The agent can replace what
 * lies in its run folder.
 *
 * @throws NotRegularError when there is something else, and the error of the file system.
 */
export function openRegular(path: string, flags = constants.O_RDONLY): number {
  const fd = openSync(path, flags | (constants.O_NONBLOCK ?? 0));
  try {
    if (fstatSync(fd).isFile()) return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  closeSync(fd);
  throw new NotRegularError(`${path} is not a regular file.`);
}

/** The first `bytes` of a regular file. @throws as `openRegular` does. */
export function readHead(path: string, bytes: number): Buffer {
  return readPart(path, (size) => ({ from: 0, bytes: Math.min(size, bytes) }));
}

/** The last `bytes` of a regular file. @throws as `openRegular` does. */
export function readEnd(path: string, bytes: number): Buffer {
  return readPart(path, (size) => ({ from: Math.max(0, size - bytes), bytes: Math.min(size, bytes) }));
}

/** All of a regular file as text. @throws as `openRegular` does. */
export function readText(path: string): string {
  return readPart(path, (size) => ({ from: 0, bytes: size })).toString('utf8');
}

function readPart(path: string, part: (size: number) => { readonly from: number; readonly bytes: number }): Buffer {
  const fd = openRegular(path);
  try {
    const { from, bytes } = part(fstatSync(fd).size);
    const buffer = Buffer.allocUnsafe(bytes);
    return buffer.subarray(0, readSync(fd, buffer, 0, bytes, from));
  } finally {
    closeSync(fd);
  }
}
