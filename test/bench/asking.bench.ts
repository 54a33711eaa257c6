import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Figure, hand, median, percentile } from './support/figures.ts';
import { privateMegabytes } from './support/realRuns.ts';

/** What the driver costs between guardian and agent, and how long an answer takes to reach the agent. */
const TIMES = 11;
const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const DRIVER = file('../../dist/driver.cjs');
const AGENT = file('../fixtures/programs/acpAgent.ts');
const folder = mkdtempSync(join(tmpdir(), 'loop-supervisor-asking-'));

function wallNow(): number {
  return performance.timeOrigin + performance.now();
}

/** Until the program that Node starts has written the time: for `node -e`, until Node does. */
async function untilFirst(args: readonly string[]): Promise<number> {
  const from = wallNow();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  await new Promise((resolve) => child.on('close', resolve));
  return Number(/\d{13}(?:\.\d+)?/.exec(said)?.[0]) - from;
}

const bare: number[] = [];
const driven: number[] = [];
for (let time = 0; time < TIMES; time++) {
  bare.push(await untilFirst(['-e', 'console.log(performance.timeOrigin + performance.now())']));
  // The agent writes to standard error, which is the driver's own.
  const agent = ['--', '/bin/sh', '-c', 'date +%s%3N >&2'];
  driven.push(await untilFirst([DRIVER, ...agent]));
}

const answers: number[] = [];
let memory = 0;
let bareMemory = 0;
for (let time = 0; time < TIMES; time++) {
  const asks = join(folder, String(time));
  const child = spawn(process.execPath, [DRIVER, '--asks', asks, '--', process.execPath, AGENT], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let said = '';
  const waiting: (() => void)[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.includes('"result"')) waiting.pop()?.();
  });
  child.stdin.end('ask');
  let name: string | undefined;
  while (name === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    try {
      name = readdirSync(asks).find((one) => one.endsWith('.ask'));
    } catch {
      // It has not asked yet.
    }
  }
  if (time === 0) {
    memory = privateMegabytes(child.pid as number);
    const idle = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'ignore' });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    bareMemory = privateMegabytes(idle.pid as number);
    idle.kill();
  }
  const told = new Promise<void>((resolve) => waiting.push(resolve));
  const from = performance.now();
  writeFileSync(join(asks, name.replace('.ask', '.answer')), '{"allow":true,"choice":"yes"}');
  await told;
  answers.push(performance.now() - from);
  await new Promise((resolve) => child.on('close', resolve));
}

/** A Node that says when something comes into a folder. */
const WATCHER = `require('node:fs').watch(process.argv[1], () => console.log('seen')); console.log('ready');`;
const watched: number[] = [];
for (let time = 0; time < TIMES; time++) {
  const watchedFolder = mkdtempSync(join(folder, 'watched-'));
  const child = spawn(process.execPath, ['-e', WATCHER, watchedFolder], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  const seen = once(child.stdout, 'data');
  const from = performance.now();
  writeFileSync(join(watchedFolder, 'answer'), '{}');
  await seen;
  watched.push(performance.now() - from);
  child.kill();
}
rmSync(folder, { recursive: true, force: true });

const bareMs = median(bare);
const figures: Figure[] = [
  {
    what: 'driver: from its start to the first instruction of the agent',
    value: median(driven),
    ...{ p99: percentile(driven, 99), unit: 'ms', goalRatio: 1.6 },
    baseline: { what: 'a Node that does nothing', value: bareMs },
  },
  {
    what: 'private memory of a driver whose agent asks',
    ...{ value: memory, unit: 'MB', goalRatio: (bareMemory + 25) / bareMemory },
    baseline: { what: 'a Node that does nothing', value: bareMemory },
  },
  {
    what: 'from an answer in the run folder to the agent’s next line',
    ...{ value: median(answers), p99: percentile(answers, 99), unit: 'ms', goalRatio: 10 },
    baseline: { what: 'a Node that watches a folder', value: median(watched) },
  },
];
hand({ bench: 'Asking', figures });
