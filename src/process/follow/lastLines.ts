import { readTail, sizeOf } from '../runFolder/atomicFile.ts';
import { lastLineOf } from './lastLine.ts';

/** How long (ms) nothing must follow a line before it counts as the last one. */
const STANDS_MS = 1_000;
/** How often (ms) to look at the logs. */
const LOOK_MS = 500;
/** How much (bytes) of the end of a log is read for its last line. */
const TAIL_BYTES = 4_096;

/** The last line of a log, as people see it. */
export interface LastLine {
  readonly text: string;
  /** It has no end yet. */
  readonly unfinished: boolean;
}

class Log {
  readonly #path: string;
  #size = 0;
  changedAt = Number.NEGATIVE_INFINITY;
  #isRead = true;
  line: LastLine | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  look(now: number): void {
    const size = sizeOf(this.#path) ?? this.#size;
    if (size !== this.#size) {
      this.#size = size;
      this.changedAt = now;
      this.#isRead = false;
      return;
    }
    if (this.#isRead || now - this.changedAt < STANDS_MS) return;
    this.#isRead = true;
    const tail = readTail(this.#path, TAIL_BYTES);
    const text = lastLineOf(tail);
    this.line = text === '' ? undefined : { text, unfinished: !tail.endsWith('\n') };
  }
}

/**
 * The last lines of a run's logs, live (R8.2): they are there a second after they were written, with or without an end.
 * It looks at sizes, and reads only where something has come.
 */
export class LastLines {
  readonly #stdout: Log;
  readonly #stderr: Log;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(stdout: string, stderr: string) {
    this.#stdout = new Log(stdout);
    this.#stderr = new Log(stderr);
  }

  get stdout(): LastLine | undefined {
    return this.#stdout.line;
  }

  get stderr(): LastLine | undefined {
    return this.#stderr.line;
  }

  /** The line that was written last of all. */
  get last(): LastLine | undefined {
    return this.#stderr.changedAt > this.#stdout.changedAt ? this.#stderr.line : this.#stdout.line;
  }

  /** When something was written last, as far as was seen. */
  get changedAt(): number {
    return Math.max(this.#stdout.changedAt, this.#stderr.changedAt);
  }

  /** `now`: time of a clock that only runs forward, ms. */
  look(now: number): void {
    if (now - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = now;
    this.#stdout.look(now);
    this.#stderr.look(now);
  }
}
