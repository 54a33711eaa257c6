import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { type Figure, hand, median, percentile } from './support/figures.ts';
import { type BenchRun, RealRuns } from './support/realRuns.ts';

/**
 * From the command to nothing left, for trees of 3 and of 200 processes, held against `kill(-pgid)` alone. Idle
 * processes stand around as on a busy machine.
 */
const IDLE = 400;
const GRACE_MS = 300;

/** A shell that has `count - 1` children; they ignore SIGTERM or not. */
const tree = (count: number, stubborn: boolean) => [
  '-c',
  `${stubborn ? "trap '' TERM; " : ''}i=1; while [ $i -lt ${count} ]; do sleep 600 & i=$((i+1)); done; echo ready; while :; do wait; done`,
];

function membersOf(group: number): number {
  let members = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields[0] !== 'Z' && Number(fields[2]) === group) members++;
    } catch {
      // Gone while we looked.
    }
  }
  return members;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function raw(count: number): Promise<number> {
  const child = spawn('/bin/sh', tree(count, false), { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  const pid = child.pid as number;
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const begun = performance.now();
  process.kill(-pid, 'SIGTERM');
  while (membersOf(pid) > 0) await pause(1);
  return performance.now() - begun;
}

async function ready(run: BenchRun): Promise<void> {
  await run.started;
  while (!readFileSync(run.files.stdout, 'utf8').includes('ready')) await pause(5);
}

async function stopped(runs: RealRuns, count: number, stubborn: boolean): Promise<number> {
  const run = runs.launch('/bin/sh', tree(count, stubborn), { graceMs: GRACE_MS });
  await ready(run);
  const { leader } = await run.started;
  const begun = performance.now();
  run.run.stop('user', GRACE_MS);
  await run.ended;
  const ms = performance.now() - begun;
  if (membersOf(leader.pid) > 0) throw new Error('Something of the run was left.');
  return ms;
}

/** An agent that says when a signal has reached it. */
const LISTENER = `process.on('SIGUSR1', () => { console.log(performance.timeOrigin + performance.now()); process.exit(); });
  console.log('ready'); setInterval(() => {}, 1000);`;

async function rawSignalled(): Promise<number> {
  const child = spawn(process.execPath, ['-e', LISTENER], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  while (!said.includes('ready')) await pause(5);
  const from = performance.timeOrigin + performance.now();
  process.kill(-(child.pid as number), 'SIGUSR1');
  await new Promise((resolve) => child.on('close', resolve));
  return Number(said.trim().split('\n').at(-1)) - from;
}

async function signalled(runs: RealRuns): Promise<number> {
  const run = runs.launch(process.execPath, ['-e', LISTENER]);
  await ready(run);
  const from = performance.timeOrigin + performance.now();
  await run.run.signal('SIGUSR1', undefined);
  await run.ended;
  return Number(readFileSync(run.files.stdout, 'utf8').trim().split('\n').at(-1)) - from;
}

const several = async (times: number, once: () => Promise<number>) => {
  const samples: number[] = [];
  for (let time = 0; time < times; time++) samples.push(await once());
  return samples;
};

const idle = Array.from({ length: IDLE }, () => spawn('/bin/sleep', ['600'], { stdio: 'ignore' }));
const runs = await RealRuns.create();
const figures: Figure[] = [];
try {
  const rawSignal = await several(9, rawSignalled);
  const signal = await several(9, () => signalled(runs));
  figures.push({
    ...{
      what: 'from the command to the signal in the agent',
      value: median(signal),
      unit: 'ms',
      p99: percentile(signal, 99),
      goalRatio: 10,
    },
    baseline: { what: 'raw kill(-pgid)', value: median(rawSignal) },
  });
  for (const [count, times] of [
    [3, 9],
    [200, 7],
  ] as const) {
    // By turns, since a machine is not equally fast all the time.
    const bares: number[] = [];
    const ours = await several(times, async () => {
      bares.push(await raw(count));
      return stopped(runs, count, false);
    });
    const bare = median(bares);
    figures.push({
      ...{
        what: `stop of a tree of ${count} to all verified gone`,
        value: median(ours),
        unit: 'ms',
        p99: percentile(ours, 99),
        // Where it is found by search, several looks, spread over 50 ms, tell that nothing is left (R7.4).
        goalRatio: count > 100 ? 1.4 : (bare + 120) / bare,
      },
      baseline: { what: 'raw kill(-pgid)', value: bare },
    });
  }
  const stubborn = await several(3, () => stopped(runs, 3, true));
  figures.push({
    what: `a tree of 3 that ignores SIGTERM, grace ${GRACE_MS} ms`,
    value: median(stubborn),
    unit: 'ms',
    goalRatio: (GRACE_MS + 100) / GRACE_MS,
    baseline: { what: 'the grace period', value: GRACE_MS },
  });
} finally {
  for (const child of idle) child.kill('SIGKILL');
  runs.dispose();
}
hand({ bench: `Stopping, with ${IDLE} idle processes around`, figures });
process.exit(0);
