import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PQueue from 'p-queue';
import { there } from '../../src/core/model/looks.ts';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { Supervisor } from '../../src/core/supervisor.ts';
import { openStore } from '../../src/store/sqlite/store.ts';
import { fakeCatalog, fakeProfile } from '../support/harness.ts';
import { replay, writesOf } from './support/bareStatements.ts';
import { type Figure, hand, median, quickest } from './support/figures.ts';
import { instantLauncher } from './support/instantLauncher.ts';

/**
 * What the whole cycle of a loop costs: submit, wait in a queue of N, dispatch, complete. All of ours is durable; the
 * baselines are not, except for the one that repeats our writes: the goal is a ratio to it.
 */
const SIZES = [100, 1_000, 10_000, 100_000];
/** The naive array is quadratic: beyond this it takes minutes. */
const NAIVE_UP_TO = 10_000;
const CONCURRENCY = 4;

const folder = mkdtempSync(join(tmpdir(), 'loop-supervisor-bench-'));
let files = 0;

async function supervisorCycle(size: number, path: string): Promise<{ perLoop: number; status: number }> {
  const launcher = instantLauncher();
  const store = openStore({ path, clock: systemClock, log: () => undefined });
  let ids = 0;
  const supervisor = new Supervisor({
    store,
    launcher,
    agents: fakeCatalog(fakeProfile('sample')),
    clock: systemClock,
    inspector: { self: { pid: process.pid, startTime: '0', bootId: 'bench' }, look: () => there(undefined) },
    folders: { look: () => there(undefined) },
    settings: {
      ...DEFAULT_SETTINGS,
      maxConcurrent: CONCURRENCY,
      maxQueueDepth: size + 1,
      retention: { ...DEFAULT_SETTINGS.retention, maxLoops: size * 2 },
    },
    window: { id: 'bench', folders: [], home: folder },
    log: (message, error) => process.stderr.write(`${message} ${error ?? ''}\n`),
    random: () => 0.5,
    newId: () => `${String(++ids).padStart(10, '0')}benchid`,
  });
  await supervisor.start();
  let done = 0;
  const finished = new Promise<void>((resolve) => {
    supervisor.onEvent((event) => {
      if (event.type === 'loop:completed' && ++done === size) resolve();
    });
  });
  const begin = performance.now();
  launcher.hold = true;
  for (let index = 0; index < size; index++)
    await supervisor.submit({ prompt: 'work', agent: 'sample', estimatedCostUsd: 0 });
  const submitted = performance.now();
  const statusSamples = Array.from({ length: 5 }, () => {
    const from = performance.now();
    supervisor.status();
    return performance.now() - from;
  });
  const resumed = performance.now();
  launcher.release();
  await finished;
  const perLoop = ((performance.now() - resumed + submitted - begin) * 1_000) / size;
  await supervisor.release();
  store.close();
  return { perLoop, status: quickest(statusSamples) };
}

/**
 * A cycle on a file, and what SQLite takes for just its writes on a file of its own, by turns: a machine is not equally
 * fast all the time. µs a loop.
 */
async function beside(size: number): Promise<{ readonly ours: number; readonly bare: number }> {
  const writes = await writesOf(() => supervisorCycle(size, join(folder, `${files++}.db`)));
  const ours: number[] = [];
  const bare: number[] = [];
  for (let turn = 0; turn < (size >= 10_000 ? 9 : 41); turn++) {
    ours.push((await supervisorCycle(size, join(folder, `${files++}.db`))).perLoop);
    const path = join(folder, `bare-${files++}.db`);
    openStore({ path, clock: systemClock, log: () => undefined }).close();
    bare.push((replay(path, writes) * 1_000) / size);
  }
  return { ours: median(ours), bare: median(bare) };
}

async function pQueueCycle(size: number): Promise<number> {
  const queue = new PQueue({ concurrency: CONCURRENCY, autoStart: false });
  const begin = performance.now();
  for (let index = 0; index < size; index++) void queue.add(async () => undefined, { priority: index % 3 });
  queue.start();
  await queue.onIdle();
  return ((performance.now() - begin) * 1_000) / size;
}

/** What naive supervisors do: one array, sorted on every push, nothing durable. */
async function naiveCycle(size: number): Promise<number> {
  const queue: { priority: number; at: number; run: () => Promise<void> }[] = [];
  const begin = performance.now();
  for (let index = 0; index < size; index++) {
    queue.push({ priority: 0, at: index, run: async () => undefined });
    queue.sort((a, b) => b.priority - a.priority || a.at - b.at);
  }
  const lanes = Array.from({ length: CONCURRENCY }, async () => {
    for (let next = queue.shift(); next; next = queue.shift()) await next.run();
  });
  await Promise.all(lanes);
  return ((performance.now() - begin) * 1_000) / size;
}

/** Few loops are measured several times, many loops once. */
async function repeated<T>(size: number, once: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let time = 0; time < (size >= 100_000 ? 1 : size >= 10_000 ? 3 : 7); time++) results.push(await once());
  return results;
}

const figures: Figure[] = [];
try {
  // A host runs for days: what is measured is not its first second.
  for (let time = 0; time < 5; time++) {
    await supervisorCycle(2_000, ':memory:');
    await supervisorCycle(2_000, join(folder, `warm-${files++}.db`));
  }
  const perLoop = { memory: new Map<number, number>(), file: new Map<number, number>() };
  const status = { memory: new Map<number, number>(), file: new Map<number, number>() };
  for (const size of SIZES) {
    const pQueue = median(await repeated(size, () => pQueueCycle(size)));
    const naive = size <= NAIVE_UP_TO ? median(await repeated(size, () => naiveCycle(size))) : undefined;
    for (const kind of ['memory', 'file'] as const) {
      const path = () => (kind === 'memory' ? ':memory:' : join(folder, `${files++}.db`));
      const cycles = await repeated(size, () => supervisorCycle(size, path()));
      const cycle = median(cycles.map((one) => one.perLoop));
      perLoop[kind].set(size, cycle);
      figures.push({
        what: `${size.toLocaleString('en')} loops, durable cycle in ${kind === 'memory' ? ':memory:' : 'a file'}`,
        value: cycle,
        unit: 'µs/loop',
        baseline:
          naive === undefined
            ? { what: 'p-queue, nothing durable', value: pQueue }
            : { what: 'array sorted on every push', value: naive },
      });
      if (kind === 'file' && size <= NAIVE_UP_TO) {
        const { ours, bare } = await beside(size);
        figures.push({
          what: `${size.toLocaleString('en')} loops, durable cycle in a file, again`,
          ...{ value: ours, unit: 'µs/loop', goalRatio: 1.5 },
          baseline: { what: 'the same writes to SQLite without us', value: bare },
        });
      }
      status[kind].set(size, quickest(cycles.map((one) => one.status)) * 1_000);
    }
  }
  for (const kind of ['memory', 'file'] as const) {
    const few = { what: 'with 100', value: perLoop[kind].get(100) as number };
    for (const size of [10_000, 100_000])
      figures.push({
        what: `cycle of a loop with ${size.toLocaleString('en')} (${kind})`,
        ...{ value: perLoop[kind].get(size) as number, unit: 'µs/loop', goalRatio: 2, baseline: few },
      });
    figures.push({
      what: `status() with 10,000 queued (${kind})`,
      ...{ value: status[kind].get(10_000) as number, unit: 'µs', goalRatio: 10 },
      baseline: { what: 'with 1,000', value: status[kind].get(1_000) as number },
    });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
hand({ bench: 'Scheduling', figures });
process.exit(0);
