import { LONGEST_LINE_BYTES, LongLine } from './longLine.ts';

/** Whole lines, and how many bytes they took with their line ends. */
export interface Lines {
  readonly lines: readonly string[];
  readonly bytes: number;
}

const NEWLINE = 10;
/**
 * Lines are decoded together in blocks of about this size (bytes): one by one costs more, and a block is quickly done.
 */
const BLOCK_BYTES = 32 * 1024;

/**
 * Cuts a stream of bytes into lines of text (R8.2). It splits at newlines before it decodes, so no character is broken;
 * what is no UTF-8 becomes U+FFFD, NUL stays. It holds at most one line, and of a long one what `LongLine` keeps.
 */
export class LineSplitter {
  #begun: Buffer[] = [];
  #begunBytes = 0;
  #long: LongLine | undefined;

  /** Lines that `chunk` completes, in blocks. The chunk must stay as it is until all were taken. */
  *take(chunk: Buffer): Generator<Lines> {
    let from = 0;
    if (this.#begunBytes > 0) {
      const end = chunk.indexOf(NEWLINE);
      this.#begin(end < 0 ? chunk : chunk.subarray(0, end));
      if (end < 0) return;
      const bytes = this.#begunBytes + 1;
      yield { lines: [this.#finish()], bytes };
      from = end + 1;
    }
    while (from < chunk.length) {
      let end = chunk.lastIndexOf(NEWLINE, Math.min(from + BLOCK_BYTES, chunk.length) - 1);
      if (end < from) end = chunk.indexOf(NEWLINE, from);
      if (end < from) break;
      yield { lines: linesOf(chunk.toString('utf8', from, end)), bytes: end + 1 - from };
      from = end + 1;
    }
    if (from < chunk.length) this.#begin(chunk.subarray(from));
  }

  /** The last line, where the stream ended without a newline; undefined when it ended with one. */
  rest(): Lines | undefined {
    if (this.#begunBytes === 0) return undefined;
    const bytes = this.#begunBytes;
    return { lines: [this.#finish()], bytes };
  }

  #begin(piece: Buffer): void {
    this.#begunBytes += piece.length;
    if (!this.#long && this.#begunBytes <= LONGEST_LINE_BYTES) {
      this.#begun.push(Buffer.from(piece));
      return;
    }
    if (!this.#long) {
      this.#long = new LongLine();
      for (const before of this.#begun) this.#long.add(before);
      this.#begun = [];
    }
    this.#long.add(piece);
  }

  #finish(): string {
    const text = this.#long?.text() ?? Buffer.concat(this.#begun).toString('utf8');
    this.#begun = [];
    this.#begunBytes = 0;
    this.#long = undefined;
    return withoutReturn(text);
  }
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  return text.includes('\r') ? lines.map(withoutReturn) : lines;
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
