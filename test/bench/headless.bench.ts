import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installed } from '../support/installed.ts';
import { until } from '../support/until.ts';
import { BareNode, LOOK_AT_DATABASE } from './support/bareNode.ts';
import { type Figure, hand, median } from './support/figures.ts';
import { filledStore } from './support/filledStore.ts';
import { cpuMsOf } from './support/processCpu.ts';

/** What the host without a window costs while it waits, and how quick `loops list` is, each against a bare Node. */
const SECONDS = 30;
const CALLS = 15;
const LOOPS = 10_000;
const storage = mkdtempSync(join(tmpdir(), 'loop-supervisor-headless-bench-'));
const dist = join(await installed(), 'dist');
const started: ChildProcess[] = [];
const bareNodes: BareNode[] = [];

function start(...words: string[]): number {
  const child = spawn(process.execPath, words, { stdio: 'ignore' });
  started.push(child);
  return child.pid as number;
}

/** Memory that only this process has, MB. */
function privateMegabytes(pid: number): number {
  const lines = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB/gm);
  return [...lines].reduce((sum, [, kilobytes]) => sum + Number(kilobytes) / 1_024, 0);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The median time (ms) of a call, and of a bare Node that takes turns with it. */
function times(...words: string[]): readonly [call: number, bare: number] {
  const took: [number[], number[]] = [[], []];
  const once = (args: readonly string[]) => {
    const begun = performance.now();
    spawnSync(process.execPath, args, { stdio: 'ignore' });
    return performance.now() - begun;
  };
  for (let n = 0; n <= CALLS; n++) {
    const sample = [once([join(dist, 'loops.cjs'), '--storage', storage, ...words]), once(['-e', '0'])] as const;
    // The first one makes the others quick.
    if (n > 0) for (const at of [0, 1] as const) took[at].push(sample[at]);
  }
  return [median(took[0]), median(took[1])];
}

try {
  writeFileSync(join(storage, 'settings.json'), '{"background": "always", "maxQueueDepth": 100000}');
  const { store, supervisor } = await filledStore(join(storage, 'supervisor.db'), LOOPS);
  const [finished, bare] = times('list', '--all');
  for (let n = 0; n < LOOPS; n++) await supervisor.submit({ prompt: 'work', loopId: `queued-${n}`, cwd: '/' });
  supervisor.dispose();
  store.close();
  const [queued, bareToo] = times('list');
  const alone = join(storage, 'alone');
  mkdirSync(alone);
  writeFileSync(join(alone, 'settings.json'), '{"background": "always"}');
  const host = start('--max-semi-space-size=1', join(dist, 'host.cjs'), alone);
  const node = new BareNode('setInterval(() => undefined, 1e6)');
  const looking = new BareNode(LOOK_AT_DATABASE);
  bareNodes.push(node, looking);
  const status = () =>
    spawnSync(process.execPath, [join(dist, 'loops.cjs'), '--storage', alone, 'host', 'status', '--json']);
  await until('the host', () => JSON.parse(String(status().stdout)).running);
  await pause(5_000);
  const before = [cpuMsOf(host), looking.cpuMs] as const;
  await pause(SECONDS * 1_000);
  const [hostMs, bareMs] = [cpuMsOf(host) - before[0], looking.cpuMs - before[1]];
  const bareMegabytes = privateMegabytes(node.pid);
  const figures: Figure[] = [
    {
      what: 'CPU of the headless host that waits',
      value: hostMs / SECONDS / 10,
      unit: '% of a core',
      goalRatio: 4,
      baseline: { what: 'a Node that looks at a database as often', value: bareMs / SECONDS / 10 },
    },
    {
      what: 'private memory of the headless host that waits',
      value: privateMegabytes(host),
      unit: 'MB',
      baseline: { what: 'a bare Node', value: bareMegabytes },
      goalRatio: (bareMegabytes + 20) / bareMegabytes,
    },
    {
      what: '`loops list --all` with 10,000 finished loops',
      value: finished,
      unit: 'ms',
      baseline: { what: 'node -e 0', value: bare },
      goalRatio: 2.5,
    },
    {
      what: '`loops list` with 10,000 queued loops besides',
      value: queued,
      unit: 'ms',
      baseline: { what: 'node -e 0', value: bareToo },
      goalRatio: 2.5,
    },
  ];
  hand({ bench: 'Without a window', figures });
} finally {
  for (const child of started) child.kill('SIGKILL');
  for (const node of bareNodes) node.dispose();
  rmSync(storage, { recursive: true, force: true, maxRetries: 5 });
}
process.exit(0);
