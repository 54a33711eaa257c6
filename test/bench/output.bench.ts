import { spawn } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createCatalog } from '../../src/agents/catalog.ts';
import { idleTicks, ticksWhile } from './support/eventLoop.ts';
import { type Figure, hand } from './support/figures.ts';
import { RealRuns } from './support/realRuns.ts';

/**
 * What output costs the host when nobody looks: its CPU compared with a pipe that is split into lines, its memory with
 * what it was before, and its event loop with one that has nothing to do.
 */
const MEGABYTES = 500;
const AT_ONCE = 8;
const EACH_MEGABYTES = 60;
const writer = (megabytes: number, line: string) => `
  const line = ${JSON.stringify(`${line}\n`)};
  const block = Buffer.from(line.repeat(Math.ceil(2 ** 20 / line.length)));
  for (let n = 0; n < ${megabytes}; n++) require('node:fs').writeSync(1, block);`;
const TEXT = 'A line of output as a build or a test run writes it, neither short nor long: 0123456789.';
const JSON_LINE = JSON.stringify({
  type: 'assistant',
  session_id: '11111111-1111-4111-8111-111111111111',
  message: {
    id: 'm1',
    model: 'sonnet',
    content: [{ type: 'text', text: TEXT.repeat(4) }],
    usage: { input_tokens: 3, output_tokens: 12 },
  },
});
const catalog = createCatalog({
  agents: undefined,
  prices: undefined,
  sample: { command: 'node', args: [], env: {} },
  driver: { command: '/node', args: ['/driver.cjs'], env: { ELECTRON_RUN_AS_NODE: '1' } },
  platform: 'linux',
}).catalog;

interface Cost {
  readonly cpuMs: number;
  /** Memory at the begin, and at its most, MB. */
  readonly before: number;
  readonly most: number;
  /** Of the event loop, ms, 99th percentile. */
  readonly ticks: number;
}

async function measured(work: () => Promise<void>): Promise<Cost> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 100);
  const cpu = process.cpuUsage();
  const ticks = await ticksWhile(work);
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(watch);
  return { cpuMs: (user + system) / 1_000, before: before / 2 ** 20, most: most / 2 ** 20, ticks };
}

/** A raw pipe, split at newlines; with `parse` each line is read as JSON. */
async function piped(megabytes: number, line: string, parse: boolean): Promise<void> {
  const child = spawn(process.execPath, ['-e', writer(megabytes, line)], { stdio: ['ignore', 'pipe', 'ignore'] });
  let rest = '';
  let lines = 0;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() as string;
    for (const part of parts) if (parse) JSON.parse(part);
    lines += parts.length;
  });
  await new Promise((resolve) => child.on('close', resolve));
  if (lines === 0) throw new Error('Nothing was piped.');
}

const shm = '/dev/shm';
const room = (path: string) => {
  try {
    const { bavail, bsize } = statfsSync(path);
    return (bavail * bsize) / 2 ** 20;
  } catch {
    return 0;
  }
};
const runs = await RealRuns.create(room(shm) > 3 * MEGABYTES ? shm : tmpdir());
const figures: Figure[] = [];
try {
  const tokens: string[] = [];
  const ours = (megabytes: number, line: string, agent: 'claude' | undefined) => async () => {
    const reader = agent && catalog.find(agent)?.reader();
    const run = runs.launch(process.execPath, ['-e', writer(megabytes, line)], {
      needsReading: agent !== undefined,
      ...(reader && { reader }),
    });
    await run.ended;
    tokens.push(run.files.folder.split('/').at(-1) as string);
  };
  /**
   * What the logs take is given back: that is the kernel's work on their pages, and happens in life when their loops
   * are removed.
   */
  const removed = () => measured(() => runs.launcher.removeRuns(tokens.splice(0)));
  await ours(5, TEXT, undefined)();
  await ours(5, JSON_LINE, 'claude')();
  await removed();
  const idle = await idleTicks();
  const plainRaw = await measured(() => piped(MEGABYTES, TEXT, false));
  const plain = await measured(ours(MEGABYTES, TEXT, undefined));
  const plainRemoved = await removed();
  const jsonRaw = await measured(() => piped(MEGABYTES / 2, JSON_LINE, true));
  const json = await measured(ours(MEGABYTES / 2, JSON_LINE, 'claude'));
  await removed();
  const many = await measured(async () => {
    await Promise.all(Array.from({ length: AT_ONCE }, ours(EACH_MEGABYTES, JSON_LINE, 'claude')));
  });
  const memory = (what: string, { before, most }: Cost): Figure => ({
    what: `host memory with ${what}, at its most`,
    ...{ value: most, unit: 'MB', goalRatio: 1.25, baseline: { what: 'before', value: before } },
  });
  const ticks = (what: string, { ticks: value }: Cost): Figure => ({
    ...{ what: `ticks of the event loop, ${what}`, value, unit: 'ms p99', goalRatio: 4, baseline: idle },
  });
  figures.push(
    {
      what: `CPU of the host, ${MEGABYTES} MB of plain text`,
      ...{ value: plain.cpuMs, unit: 'ms', goalRatio: 0.15 },
      baseline: { what: 'a pipe split into lines', value: plainRaw.cpuMs },
    },
    {
      what: 'CPU of the host to remove that log later',
      ...{ value: plainRemoved.cpuMs, unit: 'ms' },
      baseline: { what: 'the same pipe', value: plainRaw.cpuMs },
    },
    {
      what: `CPU of the host, ${MEGABYTES / 2} MB of claude's NDJSON`,
      ...{ value: json.cpuMs, unit: 'ms', goalRatio: 1.3 },
      baseline: { what: 'a pipe split into lines, and JSON.parse', value: jsonRaw.cpuMs },
    },
    memory(`${MEGABYTES} MB of plain text`, plain),
    memory(`${MEGABYTES / 2} MB of NDJSON`, json),
    memory(`${AT_ONCE} agents of ${EACH_MEGABYTES} MB at once`, many),
    ticks('one agent (NDJSON)', json),
    ticks(`${AT_ONCE} agents at once`, many),
  );
} finally {
  runs.dispose();
}
hand({ bench: 'Output', figures });
process.exit(0);
