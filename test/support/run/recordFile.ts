import { existsSync, readFileSync } from 'node:fs';
import type { Line } from './record.ts';

/** What is of interest after the end. */
export type Outcome = Exclude<Line, { kind: 'end' | 'begin' }>;

/** The file in which the programs of a suite report, read as it grows. */
export class RecordFile {
  readonly path: string;
  readonly #suite: string;
  /** How many of its programs have said that they are done. */
  ends = 0;
  /** When it last grew: time of `performance.now`. */
  changedAt = performance.now();
  readonly #lines: Outcome[] = [];
  /** What was begun and has not ended, by title. */
  readonly #begun = new Set<string>();
  #read = 0;

  constructor(path: string, suite: string) {
    this.path = path;
    this.#suite = suite;
  }

  /** The titles of what was begun last: with a hook, the test that it is for. */
  get begun(): readonly string[] {
    return [...this.#begun].slice(-4);
  }

  /** Prints what is new, and returns all outcomes so far. */
  read(): Outcome[] {
    if (!existsSync(this.path)) return this.#lines;
    const whole = readFileSync(this.path, 'utf8').split('\n').slice(0, -1);
    if (whole.length > this.#read) this.changedAt = performance.now();
    for (const text of whole.slice(this.#read)) this.#take(JSON.parse(text) as Line);
    this.#read = whole.length;
    return this.#lines;
  }

  #take(line: Line): void {
    if (line.kind === 'end') this.ends += 1;
    else if (line.kind === 'begin') this.#begun.add(line.title);
    else {
      this.#begun.delete(line.title);
      this.#lines.push(line);
      console.log(`${this.#suite}  ${show(line)}`);
    }
  }
}

function show(line: Outcome): string {
  if (line.kind === 'pass') return `✓ ${line.title}${line.ms > 1000 ? ` (${(line.ms / 1000).toFixed(1)} s)` : ''}`;
  if (line.kind === 'skip') return `- ${line.title}`;
  if (line.kind === 'evidence') return `what it left: ${line.folder}`;
  return `✗ ${line.title}\n${line.error.replaceAll(/^/gm, '      ')}`;
}
