import { spawn } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createCatalog } from '../../src/agents/catalog.ts';
import { type Figure, hand } from './support/figures.ts';
import { RealRuns } from './support/realRuns.ts';

/**
 * What output costs the host when nobody looks: CPU, memory and delay of its event loop, held against a pipe that is
 * split into lines.
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
  readonly grownMB: number;
  readonly delayP99: number;
}

async function measured(work: () => Promise<void>): Promise<Cost> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 100);
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const cpu = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  delay.disable();
  clearInterval(watch);
  // The monitor counts from one tick to the next: what is above its own resolution is delay.
  return {
    cpuMs: (user + system) / 1_000,
    grownMB: (most - before) / 2 ** 20,
    delayP99: Math.max(0, delay.percentile(99) / 1e6 - 10),
  };
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
  const plainRaw = await measured(() => piped(MEGABYTES, TEXT, false));
  const plain = await measured(ours(MEGABYTES, TEXT, undefined));
  const plainRemoved = await removed();
  const jsonRaw = await measured(() => piped(MEGABYTES / 2, JSON_LINE, true));
  const json = await measured(ours(MEGABYTES / 2, JSON_LINE, 'claude'));
  await removed();
  const many = await measured(async () => {
    await Promise.all(Array.from({ length: AT_ONCE }, ours(EACH_MEGABYTES, JSON_LINE, 'claude')));
  });
  const percent = (part: number, whole: number) => (100 * part) / whole;
  figures.push(
    {
      what: `CPU of the host, ${MEGABYTES} MB of plain text, over a pipe split into lines`,
      value: percent(plain.cpuMs, plainRaw.cpuMs),
      unit: '%',
      goal: 15,
    },
    {
      what: 'CPU of the host to remove that log later, over the same pipe',
      value: percent(plainRemoved.cpuMs, plainRaw.cpuMs),
      unit: '%',
    },
    {
      what: `host memory grown by ${MEGABYTES} MB of plain text`,
      value: plain.grownMB,
      unit: 'MB',
      baseline: { what: 'pipe', value: plainRaw.grownMB },
      goal: 30,
    },
    {
      ...{
        what: `CPU of the host, ${MEGABYTES / 2} MB of claude's NDJSON, over split and JSON.parse`,
        value: json.cpuMs / jsonRaw.cpuMs,
        unit: '×',
        goal: 1.3,
      },
    },
    {
      what: `host memory grown by ${MEGABYTES / 2} MB of NDJSON`,
      value: json.grownMB,
      unit: 'MB',
      baseline: { what: 'pipe', value: jsonRaw.grownMB },
      goal: 30,
    },
    {
      what: `host memory grown by ${AT_ONCE} agents of ${EACH_MEGABYTES} MB at once`,
      value: many.grownMB,
      unit: 'MB',
      goal: 30,
    },
    { what: 'event-loop delay p99, one agent (NDJSON)', value: json.delayP99, unit: 'ms', goal: 20 },
    { what: `event-loop delay p99, ${AT_ONCE} agents at once`, value: many.delayP99, unit: 'ms', goal: 20 },
  );
} finally {
  runs.dispose();
}
hand({ bench: 'Output', figures });
process.exit(0);
