import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CACHE, freshFolder, ROOT } from '../host/paths.ts';
import { alive, carrying, type Seen, signal } from '../host/processes.ts';
import { CLAIMS, RECORD } from './record.ts';
import { RecordFile } from './recordFile.ts';
import type { Result } from './result.ts';

/** Something that is run as a program of its own, and counts as one test by its exit code, or as many as it records. */
export interface Suite {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** Reports test by test in the file that the environment names. */
  readonly records?: boolean;
  /** That many of its programs run side by side and share its tests among them; one if left out. */
  readonly workers?: number;
  /** No other suite runs beside it: it makes what they need. */
  readonly alone?: boolean;
}

/**
 * A suite has no limit in all, which a busy machine would reach; it hangs when nothing comes of it for so long (ms).
 */
const HANGS_MS = 900_000;
const LOOK_MS = 200;
/** How long (ms) something that a suite started may outlive it. */
const OUTLIVES_MS = 60_000;
const SHOWN_CHARACTERS = 20_000;
/** Tests start hundreds of small Node programs: what one has compiled, the next need not compile again. */
const COMPILED = { NODE_COMPILE_CACHE: join(CACHE, 'compiled') };

/** Runs a suite, printing its tests as they end. */
export async function runSuite(suite: Suite): Promise<Result> {
  const { name, records = false, workers = 1 } = suite;
  console.log(`\n── ${name}`);
  const started = performance.now();
  const folder = freshFolder('record');
  const record = new RecordFile(join(folder, 'record.jsonl'), name);
  mkdirSync(join(folder, 'claims'));
  const env = { ...COMPILED, ...process.env, [RECORD]: record.path, [CLAIMS]: join(folder, 'claims') };
  const programs = Array.from({ length: workers }, () => new Program(suite.command, env));
  let verdict: string | undefined;
  const watch = setInterval(() => {
    record.read();
    const since = Math.max(record.changedAt, ...programs.map(({ heardAt }) => heardAt));
    if (performance.now() - since < HANGS_MS) return;
    verdict ??= `Nothing came of it for ${HANGS_MS / 60_000} minutes, in: ${record.begun.join('; ')}.`;
    for (const { child } of programs) child.kill('SIGKILL');
  }, LOOK_MS);
  const ends = await Promise.all(programs.map(({ ended }) => ended));
  const left = await whatOutlives(record.path);
  if (left.length > 0)
    verdict ??= `What it started lives on: ${left.map(({ pid, command }) => `${command} (${pid})`).join(', ')}.`;
  for (const seen of left) signal(seen, 'SIGKILL');
  await Promise.race([
    Promise.all(programs.map(({ closed }) => closed)),
    sleep(OUTLIVES_MS, undefined, { ref: false }),
  ]);
  clearInterval(watch);
  const lines = record.read();
  rmSync(folder, { recursive: true, force: true });
  const how = ends.filter(Boolean).join(' ');
  const text = programs
    .map(({ text }) => text)
    .join('\n')
    .trim();
  // A suite whose exit code only repeats what its tests said adds no failure of its own.
  const isSaid = !verdict && lines.some(({ kind }) => kind === 'fail');
  if (verdict ?? how) {
    if (!isSaid) lines.push({ kind: 'fail', title: name, error: `${verdict ?? how}\n${text}` });
  } else if (records && record.ends < workers) {
    lines.push({ kind: 'fail', title: name, error: `It ended before its last test.\n${text}` });
  } else if (!records) {
    lines.push({ kind: 'pass', title: name, ms: performance.now() - started });
  }
  if (text && (verdict ?? how)) console.log(text.slice(-SHOWN_CHARACTERS));
  return { name, seconds: (performance.now() - started) / 1000, lines };
}

/** One program of a suite. */
class Program {
  readonly child: ChildProcess;
  /** How it ended, if that is not as it should. */
  readonly ended: Promise<string>;
  readonly closed: Promise<unknown>;
  /** When it last wrote something: time of `performance.now`. */
  heardAt = performance.now();
  readonly #output: Buffer[] = [];

  constructor([program, ...args]: Suite['command'], env: NodeJS.ProcessEnv) {
    this.child = spawn(program, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.heardAt = performance.now();
        this.#output.push(chunk);
      });
    }
    this.ended = new Promise<string>((resolve) => {
      this.child.once('error', (error) => resolve(`It did not start: ${error.message}`));
      this.child.once('exit', (code, signal) => resolve(code === 0 ? '' : `It ended with ${code ?? signal}.`));
    });
    this.closed = once(this.child, 'close').catch(() => undefined);
  }

  get text(): string {
    return Buffer.concat(this.#output).toString('utf8');
  }
}

/** The processes of a suite that are still there a while after its end: its environment has gone down to them all. */
async function whatOutlives(mark: string): Promise<Seen[]> {
  const deadline = performance.now() + OUTLIVES_MS;
  let left = carrying(RECORD, mark);
  while (left.length > 0 && performance.now() < deadline) {
    await sleep(LOOK_MS);
    left = left.filter(alive);
  }
  return left;
}
