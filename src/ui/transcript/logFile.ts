import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Longer lines (bytes) are cut (R8.2). */
export const LONGEST_LINE = 1024 * 1024;

const CHUNK = 256 * 1024;
const NEWLINE = 0x0a;

/** A line of a log with its size in bytes, line end included. */
export interface LogLine {
  readonly from: number;
  readonly to: number;
  /** Without its line end. Invalid UTF-8 is replaced by U+FFFD. */
  readonly text: string;
  /** Only its first `LONGEST_LINE` bytes are in `text`. */
  readonly cut: boolean;
}

export interface ForwardWindow {
  readonly lines: readonly LogLine[];
  /** Where the next line begins. */
  readonly to: number;
  /** No line end up to here: where to continue searching when the line has grown. */
  readonly scanned: number;
  readonly size: number;
}

/**
 * Reads whole lines from `from` on, about `maxBytes` of them; never holds more than that and one line in memory. A last
 * line without line end counts only if the log has `ended`. `scanned`: from the previous result, if its last line was
 * incomplete.
 */
export async function readForward(
  path: string,
  from: number,
  maxBytes: number,
  ended: boolean,
  scanned = from,
): Promise<ForwardWindow> {
  return withFile(path, async (file, size) => {
    const limit = Math.min(size, from + maxBytes);
    if (limit <= from) return { lines: [], to: from, scanned: from, size };
    if (scanned < limit) {
      const bytes = await readBytes(file, from, limit);
      const last = bytes.lastIndexOf(NEWLINE) + 1;
      const whole = ended && limit === size ? bytes.length : last;
      if (whole > 0)
        return { lines: split(bytes.subarray(0, whole), from), to: from + whole, scanned: from + whole, size };
    }
    // The line is longer than the window.
    const end = await findNewline(file, Math.max(limit, scanned), size);
    if (end === undefined && !ended) return { lines: [], to: from, scanned: size, size };
    const to = end === undefined ? size : end + 1;
    return { lines: [await longLine(file, from, to)], to, scanned: to, size };
  });
}

export interface BackwardWindow {
  readonly lines: readonly LogLine[];
  /** Where the first of them begins. */
  readonly from: number;
  /** Where the last of them ends. */
  readonly to: number;
}

/**
 * Reads whole lines that end at or before `before`, about `maxBytes` of them. A last line without line end counts only
 * if the log has `ended`.
 */
export async function readBackward(
  path: string,
  before: number,
  maxBytes: number,
  ended: boolean,
): Promise<BackwardWindow> {
  return withFile(path, async (file, size) => {
    let end = Math.min(before, size);
    if (end <= 0) return { lines: [], from: 0, to: 0 };
    if (!ended || end < size) {
      // An incomplete last line is left to whoever follows the log.
      end = await lineStart(file, end);
      if (end === 0) return { lines: [], from: 0, to: 0 };
    }
    const start = Math.max(0, end - maxBytes);
    const bytes = await readBytes(file, start, end);
    if (start === 0) return { lines: split(bytes, 0), from: 0, to: end };
    // The byte before the end is a line end itself, or the last byte of the file.
    const first = bytes.subarray(0, -1).indexOf(NEWLINE) + 1;
    if (first > 0) return { lines: split(bytes.subarray(first), start + first), from: start + first, to: end };
    const from = await lineStart(file, end - 1);
    return { lines: [await longLine(file, from, end)], from, to: end };
  });
}

/** The line that begins at `from`; undefined if there is none. */
export async function readLine(path: string, from: number): Promise<LogLine | undefined> {
  const { lines } = await readForward(path, from, CHUNK, true);
  return lines[0];
}

/** The last bytes of a file as text, if possible from the start of a line, and the size of the file. */
export async function readTail(
  path: string,
  maxBytes: number,
): Promise<{ readonly text: string; readonly size: number }> {
  return withFile(path, async (file, size) => {
    const start = Math.max(0, size - maxBytes);
    const bytes = await readBytes(file, start, size);
    const skip = start === 0 ? 0 : bytes.indexOf(NEWLINE) + 1;
    return { text: bytes.subarray(skip).toString('utf8'), size };
  });
}

/** Size of a file in bytes; 0 when there is none (yet). */
export async function sizeOf(path: string): Promise<number> {
  return withFile(path, async (_file, size) => size);
}

/** A missing log (not yet written, or removed with its run) reads as empty. */
async function withFile<T>(path: string, work: (file: FileHandle | undefined, size: number) => Promise<T>): Promise<T> {
  let file: FileHandle;
  try {
    // An agent could replace its log by a named pipe: reading must not block on it.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return work(undefined, 0);
    throw error;
  }
  try {
    const stat = await file.stat();
    return stat.isFile() ? await work(file, stat.size) : await work(undefined, 0);
  } finally {
    await file.close();
  }
}

async function readBytes(file: FileHandle | undefined, from: number, to: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.max(0, to - from));
  let got = 0;
  while (file && got < buffer.length) {
    const { bytesRead } = await file.read(buffer, got, buffer.length - got, from + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return buffer.subarray(0, got);
}

function split(bytes: Buffer, at: number): LogLine[] {
  const lines: LogLine[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    lines.push({
      from: at + start,
      to: at + Math.min(end + 1, bytes.length),
      text: bytes.toString('utf8', start, end),
      cut: false,
    });
    start = end + 1;
  }
  return lines;
}

async function longLine(file: FileHandle | undefined, from: number, to: number): Promise<LogLine> {
  const bytes = await readBytes(file, from, Math.min(to, from + LONGEST_LINE + 1));
  // A final newline is the line end only if the whole line was read.
  const length = from + bytes.length === to && bytes.at(-1) === NEWLINE ? bytes.length - 1 : bytes.length;
  return { from, to, text: bytes.toString('utf8', 0, Math.min(length, LONGEST_LINE)), cut: length > LONGEST_LINE };
}

/** Where the next line end from `from` on is; undefined when there is none. */
async function findNewline(file: FileHandle | undefined, from: number, size: number): Promise<number | undefined> {
  for (let at = from; at < size; at += CHUNK) {
    const index = (await readBytes(file, at, Math.min(size, at + CHUNK))).indexOf(NEWLINE);
    if (index >= 0) return at + index;
  }
  return undefined;
}

/** Where the line begins of which the byte before `before` is a part: behind the last line end before it. */
async function lineStart(file: FileHandle | undefined, before: number): Promise<number> {
  for (let end = before; end > 0; end -= CHUNK) {
    const start = Math.max(0, end - CHUNK);
    const index = (await readBytes(file, start, end)).lastIndexOf(NEWLINE);
    if (index >= 0) return start + index + 1;
  }
  return 0;
}
