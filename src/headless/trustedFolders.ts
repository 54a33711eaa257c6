import { isAbsolute, relative, sep } from 'node:path';
import * as z from 'zod/mini';
import { lookAtJson, sizeOf, timeOf, writeJson } from '../process/runFolder/atomicFile.ts';
import { hostFiles } from './hostFiles.ts';

/** How many are remembered: those opened last. */
const MOST = 1_000;
/** How often (ms) it checks whether others have added some: it is consulted for each loop of a queue. */
const LOOK_EVERY_MS = 500;
const list = z.array(z.string());

/**
 * The workspace folders that were open in a trusted window, or that the user has named with `loops trust`: the headless
 * host starts nothing in others (R15.1).
 */
export class TrustedFolders {
  readonly #path: string;
  #folders: readonly string[] = [];
  #readAt = '';
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** Why the last read of the file failed; what was read before still holds. */
  #why: string | undefined;

  constructor(storage: string) {
    this.#path = hostFiles(storage).trusted;
  }

  /** Whether exactly that folder is trusted. */
  has(folder: string): boolean {
    return this.#read().includes(folder);
  }

  /** The trusted folder that is, or contains, a path; the innermost one. */
  containing(path: string): string | undefined {
    return this.#read()
      .filter((folder) => isWithin(folder, path))
      .toSorted((a, b) => b.length - a.length)[0];
  }

  /** Throws the error of the file system, also if the folders trusted so far cannot be read: none may be lost. */
  add(folders: readonly string[]): void {
    const known = this.#read();
    if (this.#why !== undefined) throw new Error(`The trusted folders (${this.#path}) cannot be read: ${this.#why}.`);
    if (folders.every((folder) => known.includes(folder))) return;
    writeJson(this.#path, [...known.filter((folder) => !folders.includes(folder)), ...folders].slice(-MOST));
    // Two writes may carry the same time.
    this.#readAt = '';
    this.#lookedAt = Number.NEGATIVE_INFINITY;
  }

  #read(): readonly string[] {
    const now = performance.now();
    if (now - this.#lookedAt < LOOK_EVERY_MS) return this.#folders;
    this.#lookedAt = now;
    const time = `${timeOf(this.#path)} ${sizeOf(this.#path)}`;
    if (time === this.#readAt) return this.#folders;
    const look = lookAtJson(this.#path);
    this.#why = look.state === 'unknown' ? look.why : undefined;
    if (look.state === 'unknown') {
      this.#lookedAt = Number.NEGATIVE_INFINITY;
      return this.#folders;
    }
    this.#readAt = time;
    const read = list.safeParse(look.state === 'there' ? look.value : undefined);
    this.#folders = read.success ? read.data : [];
    return this.#folders;
  }
}

function isWithin(folder: string, path: string): boolean {
  const between = relative(folder, path);
  return between === '' || !(isAbsolute(between) || between === '..' || between.startsWith(`..${sep}`));
}
