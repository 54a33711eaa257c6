import { Transform, type TransformCallback } from 'node:stream';

const LINE_END = 0x0a;

/**
 * Passes on whole lines, each in one piece, and leaves out those that are too long, so that no input can fill the
 * memory. What follows the last line end is not a line, and is left out, too.
 */
export class BoundedLines extends Transform {
  readonly #longest: number;
  readonly #onTooLong: () => void;
  #parts: Buffer[] = [];
  #length = 0;

  /** `longest`: of a line, bytes. `onTooLong`: called once for each line that is too long, as soon as that is known. */
  constructor(longest: number, onTooLong: () => void) {
    super();
    this.#longest = longest;
    this.#onTooLong = onTooLong;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    for (let from = 0; from < chunk.length; ) {
      const end = chunk.indexOf(LINE_END, from);
      const part = chunk.subarray(from, end === -1 ? chunk.length : end + 1);
      from += part.length;
      this.#add(part);
      if (end !== -1) this.#endLine();
    }
    done();
  }

  #add(part: Buffer): void {
    const wasTooLong = this.#length > this.#longest;
    this.#length += part.length;
    if (this.#length <= this.#longest) this.#parts.push(part);
    else {
      this.#parts = [];
      if (!wasTooLong) this.#onTooLong();
    }
  }

  #endLine(): void {
    if (this.#length <= this.#longest) this.push(Buffer.concat(this.#parts));
    this.#parts = [];
    this.#length = 0;
  }
}
