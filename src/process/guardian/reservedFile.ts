import { closeSync, ftruncateSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { FILE_MODE } from '../runFolder/atomicFile.ts';

/**
 * Space on the disk, and a descriptor, for a record that must be written even when there is neither (R8.3). It is taken
 * when the run begins; the record is written into it in place and then gets its own name, so readers see all of it or
 * none.
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
      writeAll(this.#fd, incompressible(bytes));
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

/**
 * Some file systems take no space for zeros, or for what can be compressed. To load Node's crypto would take longer.
 */
function incompressible(bytes: number): Buffer {
  const words = new Uint32Array(Math.ceil(bytes / 4));
  for (let at = 0; at < words.length; at++) words[at] = Math.random() * 2 ** 32;
  return Buffer.from(words.buffer, 0, bytes);
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at);
}
