import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freshFolder, ROOT } from '../host/paths.ts';
import { alive, carrying, type Seen, signal } from '../host/processes.ts';
import { type Line, RECORD } from './record.ts';
import type { Result } from './result.ts';

/** Something that is run as a program of its own, and counts as one test by its exit code, or as many as it records. */
export interface Suite {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** Reports test by test in the file that the environment names. */
  readonly records?: boolean;
  /** It is ended and has failed when it takes longer. */
  readonly limitMinutes?: number;
}

/** How long something that a suite started may outlive it, in ms. */
const OUTLIVES_MS = 5_000;

/** Runs a suite, printing its tests as they end. */
export async function runSuite({
  name,
  command: [program, ...args],
  records = false,
  limitMinutes = 8,
}: Suite): Promise<Result> {
  console.log(`\n── ${name}`);
  const started = performance.now();
  const folder = freshFolder('record');
  const record = new RecordFile(join(folder, 'record.jsonl'));
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { ...process.env, [RECORD]: record.path },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  let verdict: string | undefined;
  const stop = (why: string): void => {
    verdict ??= why;
    child.kill('SIGKILL');
  };
  const limit = setTimeout(() => stop(`It took longer than ${limitMinutes} minutes.`), limitMinutes * 60_000);
  const watch = setInterval(() => record.read(), 200);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`It did not start: ${error.message}`));
    child.once('exit', (code, signal) => resolve(code === 0 ? '' : `It ended with ${code ?? signal}.`));
  });
  const closed = once(child, 'close').catch(() => undefined);
  const how = await ended;
  clearTimeout(limit);
  const left = await whatOutlives(record.path);
  if (left.length > 0)
    verdict ??= `What it started lives on: ${left.map(({ pid, command }) => `${command} (${pid})`).join(', ')}.`;
  for (const seen of left) signal(seen, 'SIGKILL');
  await Promise.race([closed, sleep(OUTLIVES_MS, undefined, { ref: false })]);
  clearInterval(watch);
  const lines = record.read();
  rmSync(folder, { recursive: true, force: true });
  const told = lines.some((line) => line.kind === 'fail');
  const text = Buffer.concat(output).toString('utf8').trim();
  if (verdict ?? how) {
    // A suite whose exit code only repeats what its tests said adds no failure of its own.
    if (verdict || !told) lines.push({ kind: 'fail', title: name, error: `${verdict ?? how}\n${text}` });
  } else if (records && !record.ended) {
    lines.push({ kind: 'fail', title: name, error: `It ended before its last test.\n${text}` });
  } else if (!records) {
    lines.push({ kind: 'pass', title: name, ms: performance.now() - started });
  }
  if (text && (verdict ?? how)) console.log(text.slice(-20_000));
  return { name, seconds: (performance.now() - started) / 1000, lines };
}

/** The processes of a suite that are still there a while after its end: its environment has gone down to them all. */
async function whatOutlives(mark: string): Promise<Seen[]> {
  const deadline = performance.now() + OUTLIVES_MS;
  let left = carrying(RECORD, mark);
  while (left.length > 0 && performance.now() < deadline) {
    await sleep(100);
    left = left.filter(alive);
  }
  return left;
}

class RecordFile {
  readonly path: string;
  readonly #lines: Line[] = [];
  ended = false;

  constructor(path: string) {
    this.path = path;
  }

  /** Prints what is new, and answers all that there is but the end. */
  read(): Line[] {
    if (!existsSync(this.path)) return this.#lines;
    const whole = readFileSync(this.path, 'utf8').split('\n').slice(0, -1);
    for (const text of whole.slice(this.#lines.length + (this.ended ? 1 : 0))) {
      const line = JSON.parse(text) as Line;
      if (line.kind === 'end') {
        this.ended = true;
        continue;
      }
      this.#lines.push(line);
      console.log(show(line));
    }
    return this.#lines;
  }
}

function show(line: Exclude<Line, { kind: 'end' }>): string {
  if (line.kind === 'pass') return `  ✓ ${line.title}${line.ms > 1000 ? ` (${(line.ms / 1000).toFixed(1)} s)` : ''}`;
  if (line.kind === 'skip') return `  - ${line.title}`;
  return `  ✗ ${line.title}\n${line.error.replaceAll(/^/gm, '      ')}`;
}
