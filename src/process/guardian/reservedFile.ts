import { randomFillSync } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { FILE_MODE } from '../runFolder/atomicFile.ts';

/**
 * Space on the disk, and a descriptor, for a record that must be written even when there is neither (R8.3). It is taken
 * when the run begins; the record is written into it in place and then gets its own name, so readers see all of it or none.
 */
export class ReservedFile {
  readonly #path: string;
  readonly #reserve: string;
  #fd: number | undefined;

  /** @throws the error of the file system when there is no space. */
  constructor(path: string, bytes: number) {
    this.#path = path;
    this.#reserve = `${path}.reserve`;
    this.#fd = openSync(this.#reserve, 'w', FILE_MODE);
    try {
      // Random, since some file systems store no zeros.
      writeAll(this.#fd, randomFillSync(Buffer.allocUnsafe(bytes)));
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** Writes the record. @throws the error of the file system; it can be tried again. */
  write(record: unknown): void {
    if (this.#fd === undefined) throw new Error(`${this.#path} has been written already.`);
    const text = Buffer.from(JSON.stringify(record));
    writeAll(this.#fd, text);
    ftruncateSync(this.#fd, text.length);
    renameSync(this.#reserve, this.#path);
    closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Gives the space back, if nothing was written. */
  release(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
    rmSync(this.#reserve, { force: true });
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at);
}
