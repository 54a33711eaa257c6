import { closeSync, fstatSync, openSync, read } from 'node:fs';
import type { AgentEvent, AgentReader, ProcessExit } from '../../core/model/agentEvent.ts';
import type { RunOutput } from '../../core/ports/launcher.ts';
import { LineSplitter } from './lineSplitter.ts';

/** Reading gives way to other work after so long (ms). */
const GIVE_WAY_MS = 6;

export interface TailOptions {
  readonly path: string;
  readonly reader: AgentReader;
  /** Where to begin, bytes: the end of a line. */
  readonly from: number;
  readonly onOutput: (output: RunOutput) => void;
  readonly onError: (message: string, error: unknown) => void;
}

/** Follows a growing log: reads what is new, gives its lines to the agent's reader and hands on what that says. */
export class Tail {
  readonly #options: TailOptions;
  readonly #splitter = new LineSplitter();
  #fd: number | undefined;
  /** Up to where the file was read. */
  #readTo: number;
  /** Up to where lines are complete. */
  #lineEnd: number;
  /** Up to where output was handed on. */
  #told: number;
  #events: AgentEvent[] = [];
  #closed = false;
  /** When the file was last written, as of the last piece: wall time, ms. */
  #writtenAt: number | undefined;
  /** Nothing beyond is read: a process that lives on may write for ever. */
  #limit = Number.POSITIVE_INFINITY;

  constructor(options: TailOptions) {
    this.#options = options;
    this.#readTo = options.from;
    this.#lineEnd = options.from;
    this.#told = options.from;
  }

  /** Up to where it was read, bytes. */
  get position(): number {
    return this.#readTo;
  }

  /** Whether there is something to read. */
  hasNews(): boolean {
    return Math.min(this.#limit, this.#size()) > this.#readTo;
  }

  /** Ends at what is in the file now. */
  limitToNow(): void {
    this.#limit = this.#size();
  }

  /** Reads one piece into `buffer`; answers whether there is more. The buffer is the tail's own until then. */
  async readPiece(buffer: Buffer): Promise<boolean> {
    const length = Math.min(buffer.length, this.#limit - this.#readTo);
    const fd = this.#open();
    if (fd === undefined || length <= 0) return false;
    const bytes = await readAt(fd, buffer, length, this.#readTo);
    if (this.#closed || bytes === 0) return false;
    this.#readTo += bytes;
    this.#writtenAt = Math.floor(fstatSync(fd).mtimeMs);
    let since = performance.now();
    for (const { lines, bytes: taken } of this.#splitter.take(buffer.subarray(0, bytes))) {
      for (const line of lines) this.#line(line);
      this.#lineEnd += taken;
      if (performance.now() - since < GIVE_WAY_MS) continue;
      this.#tell();
      await new Promise(setImmediate);
      if (this.#closed) return false;
      since = performance.now();
    }
    this.#tell();
    return bytes === length && this.#readTo < this.#limit;
  }

  /** After all was read: the last line, though it has no end, and what the reader says to the end of the run. */
  finish(exit: ProcessExit, stderrTail: string, report?: string, endedAt?: number): RunOutput {
    const rest = this.#splitter.rest();
    for (const line of rest?.lines ?? []) this.#line(line);
    this.#lineEnd += rest?.bytes ?? 0;
    try {
      this.#events.push(...this.#options.reader.end(exit, stderrTail, report, endedAt));
    } catch (error) {
      this.#options.onError('The agent reader failed at the end of the output.', error);
    }
    const last = this.#output();
    this.close();
    return last;
  }

  close(): void {
    this.#closed = true;
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #line(line: string): void {
    try {
      this.#events.push(...this.#options.reader.line(line, this.#writtenAt));
    } catch (error) {
      this.#options.onError('The agent reader failed at a line; the line was skipped.', error);
    }
  }

  #tell(): void {
    if (this.#lineEnd > this.#told) this.#options.onOutput(this.#output());
  }

  #output(): RunOutput {
    const output = {
      from: this.#told,
      to: this.#lineEnd,
      events: this.#events,
      readerState: this.#options.reader.state(),
    };
    this.#told = this.#lineEnd;
    this.#events = [];
    return output;
  }

  #size(): number {
    const fd = this.#open();
    return fd === undefined ? 0 : fstatSync(fd).size;
  }

  /** The file is opened when it is there, and stays open, so that its end can be read even if somebody removes it. */
  #open(): number | undefined {
    if (this.#closed) return undefined;
    try {
      this.#fd ??= openSync(this.#options.path, 'r');
    } catch {
      // Not there yet, or removed.
      return undefined;
    }
    return this.#fd;
  }
}

function readAt(fd: number, buffer: Buffer, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, length, position, (error, bytes) => (error ? reject(error) : resolve(bytes)));
  });
}
