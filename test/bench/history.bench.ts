import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { HistoryFilter } from '../../src/ui/history/historyFilter.ts';
import { LoopTreeModel } from '../../src/ui/tree/loopTreeModel.ts';
import type { TreeRow } from '../../src/ui/tree/treeRow.ts';
import { Coalescer } from '../../src/ui/window/coalescer.ts';
import { readsOf, replay } from './support/bareStatements.ts';
import { idleTicks, ticksWhile } from './support/eventLoop.ts';
import { type Figure, hand, median, percentile, quickest } from './support/figures.ts';
import { type Filled, filledStore } from './support/filledStore.ts';

/**
 * What a long history costs: submits and the tree with 100,000 finished loops compared with 1,000, lists compared with
 * the same reads from SQLite without us, and the event loop of a busy window with one that has nothing to do.
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

/** A list of finished loops: how long (ms) the tree takes for it, and SQLite for the same reads without us. */
interface Listed {
  readonly what: string;
  readonly samples: readonly number[];
  readonly bare: number;
}

/** The tree with all its groups open, and with those finished loops only that match a filter. */
async function finishedLists({ supervisor }: Filled, path: string, times: number): Promise<Listed[]> {
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
  const lists = [
    { what: 'opened', search: '' },
    { what: 'filtered', search: 'state:completed agent:sample number' },
  ];
  const listed: Listed[] = [];
  for (const { what, search } of lists) {
    await timed(search);
    const samples: number[] = [];
    for (let n = 0; n < times; n++) samples.push(await timed(search));
    const reads = await readsOf(() => timed(search));
    listed.push({ what, samples, bare: replay(path, reads, times) });
  }
  return listed;
}

const size = (path: string) => statSync(path).size / 2 ** 20;

const fewWords = FEW.toLocaleString('en');
const manyWords = MANY.toLocaleString('en');
try {
  const [fewPath, manyPath] = [join(folder, 'few', 'supervisor.db'), join(folder, 'many', 'supervisor.db')];
  const warm = await filledStore(join(folder, 'warm', 'supervisor.db'), FEW);
  const few = await filledStore(fewPath, FEW);
  const many = await filledStore(manyPath, MANY);
  for (const filled of [warm, few, many]) await submits(filled, 50);
  await trees(warm, 31);
  const [fewFirst = 0] = await trees(few, 1);
  const [manyFirst = 0] = await trees(many, 1);
  const [fewSubmit, manySubmit] = [median(await submits(few, 500)), median(await submits(many, 500))];
  for (const { what, samples, bare } of await finishedLists(few, fewPath, 31))
    figures.push({
      ...{
        what: `tree with ${fewWords} finished loops ${what}, at its quickest`,
        value: quickest(samples),
        unit: 'ms',
      },
      ...{ p99: percentile(samples, 99), goalRatio: 8 },
      baseline: { what: 'the same reads from SQLite without us', value: bare },
    });
  const [fewTree, manyTree] = [median(await trees(few, 31)), median(await trees(many, 31))];
  const withFew = (value: number) => ({ what: `with ${fewWords}`, value });
  figures.push(
    {
      ...{ what: `submit with ${manyWords} finished loops`, value: manySubmit, unit: 'µs', goalRatio: 1.5 },
      baseline: withFew(fewSubmit),
    },
    {
      ...{ what: `first tree with ${manyWords} finished loops`, value: manyFirst, unit: 'ms', goalRatio: 2 },
      baseline: withFew(fewFirst),
    },
    {
      ...{ what: `tree again with ${manyWords} finished loops`, value: manyTree, unit: 'ms', goalRatio: 1.5 },
      baseline: withFew(fewTree),
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
    goalRatio: 2,
    baseline: { what: 'with 550 queued', value: fewTree },
  });
  const idle = await idleTicks();
  const model = new LoopTreeModel(() => few.supervisor, Date.now);
  const coalescer = new Coalescer(() => void shown(model), 250, systemClock);
  const listening = few.supervisor.onDidChange(coalescer.ask);
  const busy = await ticksWhile(async () => {
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
    what: 'ticks of the event loop at 1,000 changes a second, tree open, for 8 s',
    ...{ value: busy, unit: 'ms p99', goalRatio: 4, baseline: idle },
  });
  await many.supervisor.stopAll();
  const before = size(manyPath);
  const begun = performance.now();
  const removing = await ticksWhile(async () => void (await many.supervisor.clearFinished()));
  const seconds = (performance.now() - begun) / 1_000;
  await many.supervisor.release();
  many.store.close();
  figures.push(
    {
      what: `ticks of the event loop while ${manyWords} loops are removed (${seconds.toFixed(1)} s)`,
      ...{ value: removing, unit: 'ms p99', goalRatio: 4, baseline: idle },
    },
    {
      what: 'size of the file after their removal',
      value: size(manyPath),
      unit: 'MB',
      baseline: { what: 'before', value: before },
      goalRatio: 0.1,
    },
  );
  for (const { supervisor, store } of [warm, few]) {
    await supervisor.release();
    store.close();
  }
} finally {
  clearInterval(awake);
  rmSync(folder, { recursive: true, force: true });
}
hand({ bench: 'History and tree', figures });
process.exit(0);
