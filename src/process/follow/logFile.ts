import { closeSync, fstatSync, read, readSync, statSync } from 'node:fs';
import { lookOf, type Unknown } from '../../core/model/looks.ts';
import { NotRegularError, openRegular } from '../runFolder/regularFile.ts';

/** The first bytes of a log by which its content is known again. */
const HEAD_BYTES = 256;
/** How often (ms) it is checked whether the file behind a path is still the same one. */
const CHECK_MS = 1_000;

/** What a log looked like when it was last read: which file it is, and how it begins. */
export interface LogMark {
  /** Names the file on this machine. */
  readonly file: string;
  /** Its first bytes, as base64. */
  readonly head: string;
}

/**
 * A log that is followed. Only a regular file is opened, and never waited for (R8.1). The file stays open, so that its
 * end can be read even if somebody removes it.
 */
export class LogFile {
  readonly #path: string;
  readonly #onError: (message: string, error: unknown) => void;
  #fd: number | undefined;
  #closed = false;
  #complained = false;
  #checkedAt = 0;
  #isReplaced = false;
  /** Why it could not be opened the last time, if that may pass. */
  #blind: Unknown | undefined;

  constructor(path: string, onError: (message: string, error: unknown) => void) {
    this.#path = path;
    this.#onError = onError;
  }

  /** Why its content cannot be seen, where that may pass: no free descriptor, for example. */
  get blind(): Unknown | undefined {
    this.#open();
    return this.#blind;
  }

  /** Bytes in the file that is open; 0 where there is none. */
  size(): number {
    const fd = this.#open();
    return fd === undefined ? 0 : fstatSync(fd).size;
  }

  /** When it was last written: wall time, ms. */
  writtenAt(): number | undefined {
    return this.#fd === undefined ? undefined : Math.floor(fstatSync(this.#fd).mtimeMs);
  }

  /** What it looks like now; undefined where there is no file, or nothing in it. */
  mark(): LogMark | undefined {
    const fd = this.#open();
    if (fd === undefined) return undefined;
    const { dev, ino } = fstatSync(fd);
    const head = this.#head(fd);
    return head.length === 0 ? undefined : { file: `${dev}:${ino}`, head: head.toString('base64') };
  }

  /** Whether it still begins as it did, over the length that both have. */
  beginsAs(mark: LogMark): boolean {
    const fd = this.#open();
    if (fd === undefined) return false;
    const [head, before] = [this.#head(fd), Buffer.from(mark.head, 'base64')];
    const bytes = Math.min(head.length, before.length);
    return head.subarray(0, bytes).equals(before.subarray(0, bytes));
  }

  /** Whether another regular file has taken its place. Looks at most once a second. */
  isReplaced(): boolean {
    if (this.#fd === undefined || performance.now() - this.#checkedAt < CHECK_MS) return this.#isReplaced;
    this.#checkedAt = performance.now();
    try {
      const there = statSync(this.#path, { throwIfNoEntry: false });
      const open = fstatSync(this.#fd);
      this.#isReplaced = there?.isFile() === true && (there.ino !== open.ino || there.dev !== open.dev);
    } catch {
      // It could not be seen: the next look will show.
    }
    return this.#isReplaced;
  }

  /** Continues with the file that is there now. */
  reopen(): void {
    this.#closeFile();
  }

  /** Reads up to `length` bytes at `position`; returns how many came. */
  read(buffer: Buffer, length: number, position: number): Promise<number> {
    const fd = this.#open();
    if (fd === undefined) return Promise.resolve(0);
    return new Promise((resolve, reject) => {
      read(fd, buffer, 0, length, position, (error, bytes) => (error ? reject(error) : resolve(bytes)));
    });
  }

  close(): void {
    this.#closed = true;
    this.#closeFile();
  }

  #open(): number | undefined {
    if (this.#closed) return undefined;
    this.#blind = undefined;
    try {
      this.#fd ??= openRegular(this.#path);
    } catch (error) {
      if (!(error instanceof NotRegularError)) {
        const look = lookOf(error);
        this.#blind = look.state === 'unknown' ? look : undefined;
      } else if (!this.#complained) {
        this.#complained = true;
        this.#onError('The output of a run is not read.', error);
      }
    }
    return this.#fd;
  }

  #closeFile(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#isReplaced = false;
  }

  #head(fd: number): Buffer {
    const buffer = Buffer.alloc(HEAD_BYTES);
    return buffer.subarray(0, readSync(fd, buffer, 0, HEAD_BYTES, 0));
  }
}
