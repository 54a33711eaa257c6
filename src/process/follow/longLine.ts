/** Lines up to this many bytes are given to a reader as they are (R8.2). */
export const LONGEST_LINE_BYTES = 1024 * 1024;
/** A string inside of a longer line is cut to this many bytes. */
const LONGEST_STRING_BYTES = 32 * 1024;
const QUOTE = 34;
const BACKSLASH = 92;
const OPENING = ['{', '['].map((character) => character.charCodeAt(0));
const LETTER_U = 117;
const CUT = Buffer.from('…');

/** Where in an escape of a JSON string we are: after its backslash, or so many digits of `\u` to come. */
type Escape = 'none' | 'begun' | 4 | 3 | 2 | 1;

/**
 * Takes a line that is too long, piece by piece, and keeps what matters of it in at most 1 MiB. In a line of JSON each
 * long string is cut to its first 32 KiB and an ellipsis, so that what is left is still JSON with all its fields: a
 * result that holds a whole file does not lose its cost. Whatever is still too long, and any other line, is cut after 1
 * MiB, which no JSON reader will take for whole.
 */
export class LongLine {
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  #isJson: boolean | undefined;
  #inString = false;
  #escape: Escape = 'none';
  #stringBytes = 0;
  #cutting = false;

  add(piece: Buffer): void {
    this.#isJson ??= OPENING.includes(piece[0] ?? 0);
    if (this.#isJson) this.#addJson(piece);
    else this.#keep(piece);
  }

  text(): string {
    return Buffer.concat(this.#kept).toString('utf8');
  }

  #addJson(piece: Buffer): void {
    let from = this.#cutting ? piece.length : 0;
    for (let at = 0; at < piece.length; at += 1) {
      const byte = piece[at] as number;
      if (!this.#inString) {
        this.#inString = byte === QUOTE;
        this.#stringBytes = 0;
        continue;
      }
      this.#stringBytes += 1;
      // Cut only between two characters: neither in an escape nor in a sequence of UTF-8.
      if (
        !this.#cutting &&
        this.#stringBytes > LONGEST_STRING_BYTES &&
        this.#escape === 'none' &&
        (byte & 0xc0) !== 0x80
      ) {
        this.#keep(piece.subarray(from, at));
        this.#keep(CUT);
        this.#cutting = true;
        from = piece.length;
      }
      if (this.#escape !== 'none') this.#escape = afterEscaped(this.#escape, byte);
      else if (byte === BACKSLASH) this.#escape = 'begun';
      else if (byte === QUOTE) {
        this.#inString = false;
        if (this.#cutting) from = at;
        this.#cutting = false;
      }
    }
    if (from < piece.length) this.#keep(piece.subarray(from));
  }

  #keep(piece: Buffer): void {
    const room = LONGEST_LINE_BYTES - this.#keptBytes;
    if (room <= 0 || piece.length === 0) return;
    // A copy: the piece is a part of a buffer that is used again.
    this.#kept.push(Buffer.from(piece.subarray(0, room)));
    this.#keptBytes += Math.min(room, piece.length);
  }
}

function afterEscaped(within: Exclude<Escape, 'none'>, byte: number): Escape {
  if (within === 'begun') return byte === LETTER_U ? 4 : 'none';
  return within === 1 ? 'none' : ((within - 1) as Escape);
}
