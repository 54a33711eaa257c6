import { styleText } from 'node:util';
import type * as z from 'zod/mini';
import { UNSEEN } from '../core/policy/unseen.ts';
import { oneLine } from '../ui/text/safeText.ts';
import { EXIT, type ExitCode } from './exitCodes.ts';

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';

/** Between the columns of a table. */
const GAP = '  ';
/** Of a terminal that does not say how wide it is, characters. */
const USUAL_EDGE = 120;
/** The last column of a table has this much room (characters) at least, and so many columns stay before it. */
const LEAST_ROOM = 20;
const LEAST_COLUMNS = 2;

/** A stream that may be a terminal. */
export interface Terminal {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** The output of a call: for people, or with `--json` one value on standard output. */
export class Output {
  readonly isJson: boolean;
  readonly #out: Terminal;
  readonly #error: Terminal;
  readonly #hasColour: boolean;

  constructor(isJson: boolean, out: Terminal, error: Terminal, environment: NodeJS.ProcessEnv) {
    this.isJson = isJson;
    this.#out = out;
    this.#error = error;
    // https://no-color.org
    const isPlain = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
    this.#hasColour = out.isTTY === true && !isPlain;
  }

  /** Writes a value as JSON that fits its schema: other fields are left out. Returns the exit code. */
  json<T extends z.ZodMiniType>(schema: T, value: z.input<T>): ExitCode {
    this.#out.write(`${jsonText(schema.parse(value))}\n`);
    return EXIT.ok;
  }

  line(text = ''): void {
    this.#out.write(`${text}\n`);
  }

  raw(text: string): void {
    this.#out.write(text);
  }

  /** A line about progress, besides the result. */
  progress(text: string): void {
    if (!this.isJson) this.#error.write(`${text}\n`);
  }

  /** What a person should know, whatever the form of the result. */
  notice(text: string): void {
    this.#error.write(`${text}\n`);
  }

  style(style: Style, text: string): string {
    return this.#hasColour ? styleText(style, text, { validateStream: false }) : text;
  }

  /**
   * A table: columns are as wide as they need, and the last one is cut at the terminal's edge. Where that leaves little
   * of it, the columns before it make room, from the right; the first two stay.
   */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    const clean = rows.map((row) => row.map((cell) => oneLine(cell, 200)));
    const widths = head.map((title, at) => Math.max(title.length, ...clean.map((row) => row[at]?.length ?? 0)));
    const last = head.length - 1;
    const edge = this.#out.isTTY ? (this.#out.columns ?? USUAL_EDGE) : Number.POSITIVE_INFINITY;
    const roomAfter = (columns: number) =>
      edge - widths.slice(0, columns).reduce((sum, width) => sum + width + GAP.length, 0);
    let kept = last;
    while (kept > LEAST_COLUMNS && roomAfter(kept) < LEAST_ROOM) kept--;
    const room = Math.min(500, Math.max(LEAST_ROOM, roomAfter(kept)));
    const text = (row: readonly string[]) => {
      const before = row.slice(0, kept).map((cell, at) => cell.padEnd(widths[at] ?? 0));
      return [...before, oneLine(row[last] ?? '', room)].join(GAP);
    };
    const lines = [this.style('bold', text(head)), ...clean.map(text)].map((line) => `${line.trimEnd()}\n`);
    this.raw(lines.join(''));
  }
}

/** A value as JSON in which nothing can control a terminal or turn text around: such signs are escaped. */
function jsonText(value: unknown): string {
  const escaped = (sign: string) =>
    Array.from({ length: sign.length }, (_, at) => `\\u${sign.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');
  return JSON.stringify(value).replace(new RegExp(UNSEEN, 'gu'), escaped);
}
