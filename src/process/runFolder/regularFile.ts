import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** What is no regular file is never read: a named pipe, for one, would hold us until somebody writes to it. */
export class NotRegularError extends Error {}

/**
 * Opens a regular file, for reading unless `flags` say otherwise, without ever blocking. The agent can replace what lies in
 * its run folder.
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
  throw new NotRegularError(`${path} is no regular file.`);
}

/**
 * The first `bytes` of a regular file.
 *
 * @throws as `openRegular` does.
 */
export function readHead(path: string, bytes: number): Buffer {
  const fd = openRegular(path);
  try {
    const buffer = Buffer.alloc(Math.min(bytes, fstatSync(fd).size));
    return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, 0));
  } finally {
    closeSync(fd);
  }
}
