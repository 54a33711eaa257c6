import type { AgentEvent, AgentReader, Json, ProcessExit } from '../../core/model/agentEvent.ts';
import type { RunOutput } from '../../core/ports/launcher.ts';
import { EventKeys } from './eventKeys.ts';
import { LineSplitter } from './lineSplitter.ts';
import { LogFile, type LogMark } from './logFile.ts';
import { parsePosition, type ReadPosition } from './readPosition.ts';

/** How long (ms) reading may go on before it yields to other work. */
const GIVE_WAY_MS = 6;

export interface TailOptions {
  readonly path: string;
  readonly reader: AgentReader;
  /** A reader that knows nothing yet, for a log that is read again from its start. */
  readonly freshReader?: (() => AgentReader) | undefined;
  /** Where to begin, bytes: the end of a line. */
  readonly from: number;
  /** What was stored with that place. */
  readonly position?: Json | undefined;
  /** Whether we have cut the log off ourselves (R8.3): then it is not read anew. */
  readonly isOurCut?: () => boolean;
  readonly onOutput: (output: RunOutput) => void;
  readonly onError: (message: string, error: unknown) => void;
}

/**
 * Follows a growing log: reads what is new, gives its lines to the agent's reader and passes on what that says. A log
 * that shrinks or is replaced is read again from its start, with a notice (R8.1); all offsets count on
 * meanwhile.
 */
export class Tail {
  readonly #options: TailOptions;
  readonly #file: LogFile;
  #reader: AgentReader;
  #splitter = new LineSplitter();
  #keys: EventKeys;
  #mark: LogMark | undefined;
  /** Bytes that were read before the present file began: an offset less this is a place in the file. */
  #before: number;
  /** Offset up to which the file was read. */
  #readTo: number;
  /** Offset up to which lines are complete. */
  #lineEnd: number;
  /** Offset up to which output was passed on. */
  #told: number;
  #events: AgentEvent[] = [];
  #eventKeys: string[] = [];
  #anew: RunOutput['anew'];
  /** The file is known to be the one that was read before. */
  #isChecked = false;
  #isCut = false;
  #closed = false;
  /** When the file was last written, as of the last piece: wall time, ms. */
  #writtenAt: number | undefined;
  /** No byte of the file beyond this is read: a process that lives on may write forever. */
  #limit = Number.POSITIVE_INFINITY;

  constructor(options: TailOptions) {
    this.#options = options;
    this.#reader = options.reader;
    this.#file = new LogFile(options.path, options.onError);
    const { before, mark, keys } = parsePosition(options.position);
    this.#before = Math.min(before, options.from);
    this.#mark = mark;
    this.#keys = new EventKeys(keys);
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
    const size = this.#file.size();
    if (size < this.#place) this.#isCut = true;
    // How it goes on shows whether it is the same content again.
    if (size === 0) return false;
    return Math.min(this.#limit, size) > this.#place || this.#change(size) !== undefined;
  }

  /** Whether there is output that could not be read, for a reason that may pass. */
  get isBlind(): boolean {
    return this.#file.blind !== undefined || this.hasNews();
  }

  /** Ends at what is in the file now. */
  limitToNow(): void {
    this.#limit = this.#file.size();
  }

  /** Reads one piece into `buffer`; returns whether there is more. The buffer is the tail's own until then. */
  async readPiece(buffer: Buffer): Promise<boolean> {
    this.#followChange();
    const length = Math.min(buffer.length, this.#limit - this.#place);
    if (length <= 0) return false;
    const bytes = await this.#file.read(buffer, length, this.#place);
    if (this.#closed || bytes === 0) return false;
    // What may fail comes first: a piece that counts as read is passed on.
    this.#writtenAt = this.#file.writtenAt();
    this.#mark ??= this.#file.mark();
    this.#readTo += bytes;
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
    return bytes === length && this.#place < this.#limit;
  }

  /** After all was read: the last line, though it has no end, and what the reader says at the end of the run. */
  finish(exit: ProcessExit, stderrTail: string, report?: string, endedAt?: number): RunOutput {
    const rest = this.#splitter.rest();
    for (const line of rest?.lines ?? []) this.#line(line);
    this.#lineEnd += rest?.bytes ?? 0;
    try {
      const events = this.#reader.end(exit, stderrTail, report, endedAt);
      this.#events.push(...events);
      this.#eventKeys.push(...events.filter(({ type }) => type === 'cost').map((_, index) => `end.${index}`));
    } catch (error) {
      this.#options.onError('The agent reader failed at the end of the output.', error);
    }
    const last = this.#output();
    this.close();
    return last;
  }

  close(): void {
    this.#closed = true;
    this.#file.close();
  }

  /** Where in the file the next byte is. */
  get #place(): number {
    return this.#readTo - this.#before;
  }

  /** What has become of the file, when it is not the one that was read, or has lost some of it. */
  #change(size: number): RunOutput['anew'] {
    if (size === 0) return undefined;
    if (!this.#isChecked && this.#mark && this.#file.mark()?.file !== this.#mark.file) return 'replaced';
    this.#isChecked = true;
    if (this.#isCut || size < this.#place) return 'cut';
    // It was cut off, and is longer than before already.
    if (size > this.#place && this.#mark && !this.#file.beginsAs(this.#mark)) return 'cut';
    // What the old one still holds comes first.
    return size === this.#place && this.#file.isReplaced() ? 'replaced' : undefined;
  }

  #followChange(): void {
    const change = this.#change(this.#file.size());
    if (change === undefined) return;
    this.#tell();
    if (change === 'replaced') this.#file.reopen();
    const size = this.#file.size();
    const isOurs = change === 'cut' && (this.#options.isOurCut?.() ?? false);
    this.#splitter = new LineSplitter();
    // The bytes of a line whose end is lost count as read.
    this.#lineEnd = this.#readTo;
    this.#before = this.#readTo - (isOurs ? size : 0);
    this.#isChecked = true;
    this.#isCut = false;
    if (Number.isFinite(this.#limit)) this.#limit = size;
    if (!isOurs) this.#beginAnew(change);
  }

  /**
   * The same content is read by a reader that knows nothing of it; other content goes on where the lost one stopped.
   */
  #beginAnew(change: RunOutput['anew']): void {
    const { freshReader } = this.#options;
    if (this.#mark && freshReader && this.#file.beginsAs(this.#mark)) {
      this.#reader = freshReader();
      this.#keys = new EventKeys();
    }
    this.#mark = this.#file.mark();
    this.#anew = change;
    const what = change === 'cut' ? 'cut off' : 'replaced';
    this.#events.push({
      type: 'warning',
      text: `Somebody has ${what} the log of this run; it is read again from the start.`,
    });
  }

  #line(line: string): void {
    try {
      const events = this.#reader.line(line, this.#writtenAt);
      const costs = events.filter(({ type }) => type === 'cost').length;
      this.#events.push(...events);
      if (costs > 0) this.#eventKeys.push(...this.#keys.of(line, costs));
    } catch (error) {
      this.#options.onError('The agent reader failed at a line; the line was skipped.', error);
    }
  }

  #tell(): void {
    if (this.#lineEnd > this.#told) this.#options.onOutput(this.#output());
  }

  #output(): RunOutput {
    const position: ReadPosition = {
      before: this.#before,
      ...(this.#mark && { mark: this.#mark }),
      keys: this.#keys.state(),
    };
    const output: RunOutput = {
      from: this.#told,
      to: this.#lineEnd,
      events: this.#events,
      costKeys: this.#eventKeys,
      readerState: this.#reader.state(),
      position: position as unknown as Json,
      ...(this.#anew && { anew: this.#anew }),
    };
    this.#told = this.#lineEnd;
    this.#events = [];
    this.#eventKeys = [];
    this.#anew = undefined;
    return output;
  }
}
