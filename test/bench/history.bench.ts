import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { HistoryFilter } from '../../src/ui/history/historyFilter.ts';
import { LoopTreeModel } from '../../src/ui/tree/loopTreeModel.ts';
import type { TreeRow } from '../../src/ui/tree/treeRow.ts';
import { Coalescer } from '../../src/ui/window/coalescer.ts';
import { type Figure, hand, median, percentile } from './support/figures.ts';
import { type Filled, filledStore } from './support/filledStore.ts';

/**
 * What a long history costs: submits and the tree with 1,000 and 100,000 finished loops, their removal, and a window
 * that is busy.
 */
const FEW = 1_000;
const MANY = 100_000;
const QUEUED = 10_000;
const folder = mkdtempSync(join(tmpdir(), 'loop-supervisor-bench-'));
const figures: Figure[] = [];
/** Timers of the supervisor do not keep a process alive. */
const awake = setInterval(() => {}, 1_000);

async function submits({ supervisor }: Filled, count: number): Promise<number[]> {
  const samples: number[] = [];
  for (let n = 0; n < count; n++) {
    const from = performance.now();
    await supervisor.submit({ prompt: 'work', agent: 'sample', estimatedCostUsd: 0 });
    samples.push((performance.now() - from) * 1_000);
  }
  return samples;
}

/** Reads all that a tree with its groups open shows. */
async function shown(model: LoopTreeModel): Promise<number> {
  model.refresh();
  const groups = await Promise.all((await model.children()).map((group) => model.children(group)));
  return groups.flat().length;
}

async function trees({ supervisor }: Filled, times: number): Promise<number[]> {
  const model = new LoopTreeModel(() => supervisor, Date.now);
  const samples: number[] = [];
  for (let n = 0; n < times; n++) {
    const from = performance.now();
    if ((await shown(model)) === 0) throw new Error('The tree is empty.');
    samples.push(performance.now() - from);
  }
  return samples;
}

/** How long (ms) the tree takes to show its groups with all their finished loops, and to list those that match. */
async function finishedList({ supervisor }: Filled, times: number): Promise<{ opened: number[]; filtered: number[] }> {
  const marks = { isUnread: () => false, onDidChange: () => ({ dispose: () => {} }) };
  const store = { get: () => undefined, update: async () => {} };
  const filter = new HistoryFilter({ now: Date.now, store, marks, folders: () => [], onError: console.error });
  const model = new LoopTreeModel(() => supervisor, Date.now, undefined, filter);
  const rows = async (parent?: TreeRow): Promise<number> => {
    const found = await model.children(parent);
    const inner = found.filter(({ subject: { kind } }) => kind === 'group' || kind === 'section');
    return found.length + (await Promise.all(inner.map(rows))).reduce((sum, count) => sum + count, 0);
  };
  const timed = async (search: string) => {
    const from = performance.now();
    filter.set(search);
    model.refresh();
    const shown = await rows();
    if (shown < 50) throw new Error(`The tree shows ${shown} rows.`);
    return performance.now() - from;
  };
  const [opened, filtered]: [number[], number[]] = [[], []];
  for (let n = 0; n < times; n++) {
    opened.push(await timed(''));
    filtered.push(await timed('state:completed agent:sample number'));
  }
  return { opened, filtered };
}

async function delayWhile(work: () => Promise<void>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  await work();
  delay.disable();
  return Math.max(0, delay.percentile(99) / 1e6 - 5);
}

const size = (path: string) => statSync(path).size / 2 ** 20;

try {
  const few = await filledStore(join(folder, 'few', 'supervisor.db'), FEW);
  const many = await filledStore(join(folder, 'many', 'supervisor.db'), MANY);
  await submits(few, 50);
  await submits(many, 50);
  const [fewSubmit, manySubmit] = [median(await submits(few, 500)), median(await submits(many, 500))];
  const { opened, filtered } = await finishedList(few, 31);
  for (const [what, samples] of [['opened', opened] as const, ['filtered', filtered] as const])
    figures.push({
      ...{ what: `tree with ${FEW.toLocaleString('en')} finished loops ${what}`, value: median(samples), unit: 'ms' },
      ...{ p99: percentile(samples, 99), goal: 100 },
    });
  const [firstTree = 0] = await trees(many, 1);
  const [fewTree, manyTree] = [median(await trees(few, 31)), median(await trees(many, 31))];
  figures.push(
    {
      ...{
        what: `submit with ${MANY.toLocaleString('en')} finished loops`,
        value: manySubmit,
        unit: 'µs',
        goal: Math.round(fewSubmit * 1.5),
      },
      baseline: { what: `with ${FEW.toLocaleString('en')}`, value: fewSubmit },
    },
    { what: `first tree with ${MANY.toLocaleString('en')} finished loops`, value: firstTree, unit: 'ms', goal: 100 },
    {
      ...{
        what: `tree again with ${MANY.toLocaleString('en')} finished loops`,
        value: manyTree,
        unit: 'ms',
        goal: Number((fewTree * 1.5).toFixed(2)),
      },
      baseline: { what: `with ${FEW.toLocaleString('en')}`, value: fewTree },
    },
  );
  // A window with a full queue and a tree that is open.
  await submits(few, QUEUED);
  const full = await trees(few, 31);
  figures.push({
    what: `tree open at ${QUEUED.toLocaleString('en')} queued: a refresh`,
    value: median(full),
    unit: 'ms',
    p99: percentile(full, 99),
    goal: 5,
  });
  const model = new LoopTreeModel(() => few.supervisor, Date.now);
  const coalescer = new Coalescer(() => void shown(model), 250, systemClock);
  const listening = few.supervisor.onDidChange(coalescer.ask);
  const busy = await delayWhile(async () => {
    const until = performance.now() + 8_000;
    while (performance.now() < until) {
      const next = performance.now() + 10;
      // Ten changes each 10 ms.
      for (let n = 0; n < 10; n++)
        await few.supervisor.setPriority(few.supervisor.live(1)[0]?.loop.loopId as string, n % 3);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
    }
  });
  listening.dispose();
  coalescer.dispose();
  figures.push({
    what: 'event-loop delay p99 at 1,000 changes a second, tree open, for 8 s',
    value: busy,
    unit: 'ms',
    goal: 20,
  });
  const path = join(folder, 'many', 'supervisor.db');
  await many.supervisor.stopAll();
  const before = size(path);
  const begun = performance.now();
  const removing = await delayWhile(async () => void (await many.supervisor.clearFinished()));
  const seconds = (performance.now() - begun) / 1_000;
  await many.supervisor.release();
  many.store.close();
  figures.push(
    {
      what: `event-loop delay p99 while ${MANY.toLocaleString('en')} loops are removed (${seconds.toFixed(1)} s)`,
      value: removing,
      unit: 'ms',
      goal: 20,
    },
    {
      what: 'size of the file after their removal',
      value: size(path),
      unit: 'MB',
      baseline: { what: 'before', value: before },
      goal: before / 10,
    },
  );
  await few.supervisor.release();
  few.store.close();
} finally {
  clearInterval(awake);
  rmSync(folder, { recursive: true, force: true });
}
hand({ bench: 'History and tree', figures });
process.exit(0);
