import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import type { Browser } from 'playwright-core';
import { createCatalog } from '../../src/agents/catalog.ts';
import type { Loop } from '../../src/core/model/loop.ts';
import type { LoopDetail } from '../../src/core/model/loopDetail.ts';
import type { AgentProfile } from '../../src/core/ports/agents.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { DashboardSession } from '../../src/ui/dashboard/dashboardSession.ts';
import type { ToDashboard } from '../../src/ui/dashboard/protocol.ts';
import type { LogPaths } from '../../src/ui/transcript/attemptLog.ts';
import type { ToView } from '../../src/ui/transcript/protocol.ts';
import { TranscriptSession } from '../../src/ui/transcript/transcriptSession.ts';
import { launchBrowser } from '../support/host/browser.ts';
import { until } from '../support/until.ts';
import { manyLoops } from '../webviews/support/manyLoops.ts';
import { WebviewPage } from '../webviews/support/webviewPage.ts';
import { readsOf, replay } from './support/bareStatements.ts';
import { idleTicks, ticksWhile } from './support/eventLoop.ts';
import { type Figure, hand, median, percentile, quickest } from './support/figures.ts';
import { filledStore } from './support/filledStore.ts';
import { RealRuns } from './support/realRuns.ts';

/**
 * What panels cost that are open: the dashboard on a long history compared with a short one, a transcript on a long log
 * and on an agent that writes without a pause.
 */
const LOOPS = 10_000;
const FEW_LOOPS = 100;
const DAY_MS = 24 * 3_600_000;
const TIMES = 7;
const LOG_MB = 100;
const FLOOD_MB = process.env['LOOP_SUPERVISOR_BENCH_ALONE'] === '1' ? 500 : 150;
const LINE = JSON.stringify({
  type: 'assistant',
  session_id: '11111111-1111-4111-8111-111111111111',
  message: {
    id: 'm1',
    model: 'sonnet',
    content: [{ type: 'text', text: 'A line of what an agent says. '.repeat(12) }],
  },
});
const FLOOD = `
  const block = Buffer.from((process.argv[1] + '\\n').repeat(Math.ceil(2 ** 20 / process.argv[1].length)));
  for (let n = 0; n < Number(process.argv[2]); n++) require('node:fs').writeSync(1, block);`;

const figures: Figure[] = [];
const folder = mkdtempSync(join(tmpdir(), 'loop-supervisor-bench-'));
/** Timers of ours do not keep a process alive. */
const awake = setInterval(() => {}, 1_000);
const claude = profileOf('claude');

function profileOf(agent: string): AgentProfile {
  const sample = { command: 'node', args: [], env: {} };
  const profile = createCatalog({
    agents: undefined,
    prices: undefined,
    sample,
    driver: sample,
    platform: 'linux',
  }).catalog.find(agent);
  if (!profile) throw new Error(`There is no profile of ${agent}.`);
  return profile;
}

/** A session on the log of one attempt, with what it has posted. */
class OpenTranscript {
  readonly session: TranscriptSession;
  readonly posted: ToView[] = [];
  isRunning = true;

  constructor(paths: LogPaths) {
    this.session = new TranscriptSession({
      detail: async () => this.#detail(),
      paths: () => paths,
      profile: () => claude,
      clock: systemClock,
      post: (message) => void this.posted.push(message),
      onError: (error) => {
        throw error;
      },
    });
  }

  async answer(type: ToView['type'], done: (message: ToView) => boolean = () => true): Promise<void> {
    while (!this.posted.some((message) => message.type === type && done(message)))
      await new Promise((resolve) => setTimeout(resolve, 1));
  }

  #detail(): LoopDetail {
    const attempt = {
      number: 1,
      startedAt: 0,
      resumed: false,
      token: 't',
      cost: { usd: 0, unknownUsd: 0, atLeast: false, source: 'none' as const },
      swept: [],
      kept: [],
      remaining: [],
    };
    const ended = { ...attempt, endedAt: 1, outcome: 'ok' as const, reason: 'done' };
    const facts = { seq: 1, loopId: 'a', title: 'A loop', agent: 'claude', cwd: folder, since: 0, attempts: 1 };
    const loop = {
      ...facts,
      ...(this.isRunning ? { state: 'running', attempt } : { state: 'completed', finishedAt: 1 }),
    } as unknown as Loop;
    return {
      ...{ loopId: 'a', state: loop.state, loop, prompt: 'Do it', attempts: [this.isRunning ? attempt : ended] },
      ...{
        costUsd: 0,
        costEstimated: false,
        unknownUsd: 0,
        costAtLeast: false,
        reservedUsd: 0,
        history: [],
        ledger: [],
        checks: [],
      },
    };
  }
}

async function dashboardPage(browser: Browser): Promise<void> {
  const view = await WebviewPage.open(browser, 'dashboard', { width: 1200, height: 1250 });
  await until('the page', () => view.posted('ready').length > 0);
  const load = (count: number) => {
    const attempts = manyLoops(count, Date.now(), 30 * DAY_MS);
    const message: ToDashboard = { type: 'timeline', range: { ms: 0, from: 0 }, attempts, circuit: [], complete: true };
    return view.page.evaluate(`new Promise((resolve) => {
      const text = ${JSON.stringify(JSON.stringify(message))};
      for (const row of document.querySelectorAll('.rows .row')) row.remove();
      document.querySelector('#loops-title').textContent = '';
      const begin = performance.now();
      window.dispatchEvent(new MessageEvent('message', { data: JSON.parse(text) }));
      const look = () => document.querySelector('#loops-title').textContent.includes('${count.toLocaleString('en')} loops') && document.querySelectorAll('.rows .row').length > 5
        ? requestAnimationFrame(() => resolve(performance.now() - begin)) : requestAnimationFrame(look);
      look();
    })`) as Promise<number>;
  };
  const [loads, fewLoads]: [number[], number[]] = [[], []];
  for (let time = 0; time < TIMES; time++) {
    fewLoads.push(await load(FEW_LOOPS));
    loads.push(await load(LOOPS));
  }
  const frames = (scrolled: boolean) =>
    view.page.evaluate(`new Promise((resolve) => {
    const grid = document.querySelector('.grid');
    const times = [];
    const step = () => {
      const begin = performance.now();
      if (${scrolled}) {
        grid.scrollTop = (times.length / 120) * grid.scrollHeight;
        grid.dispatchEvent(new Event('scroll'));
      }
      requestAnimationFrame(() => {
        grid.offsetHeight;
        times.push(performance.now() - begin);
        if (times.length < 120) step(); else resolve(times);
      });
    };
    step();
  })`) as Promise<number[]>;
  const still = await frames(false);
  const moving = await frames(true);
  await view.close();
  const many = LOOPS.toLocaleString('en');
  figures.push(
    {
      what: `dashboard page: ${many} finished loops drawn`,
      value: median(loads),
      unit: 'ms',
      p99: percentile(loads, 99),
      goalRatio: 5,
      baseline: { what: `${FEW_LOOPS} loops`, value: median(fewLoads) },
    },
    {
      what: `dashboard page: a frame while its list of ${many} is scrolled`,
      value: median(moving),
      unit: 'ms',
      p99: percentile(moving, 99),
      goalRatio: 1.5,
      baseline: { what: 'a frame in which nothing moves', value: median(still) },
    },
  );
}

async function dashboardSession(): Promise<void> {
  const path = join(folder, 'supervisor.db');
  const { supervisor, store } = await filledStore(path, LOOPS);
  const read = async () => {
    const all = Promise.withResolvers<void>();
    const session = new DashboardSession({
      source: () => supervisor,
      status: () => supervisor.status(),
      clock: systemClock,
      post: (message) =>
        void ((message.type === 'timeline' || message.type === 'older') && message.complete
          ? all.resolve()
          : undefined),
      onError: all.reject,
    });
    session.show(0);
    await all.promise;
    session.dispose();
  };
  const times: number[] = [];
  const ticks = await ticksWhile(async () => {
    for (let time = 0; time < TIMES; time++) times.push(await timed(read));
  });
  const bare = replay(path, await readsOf(read), TIMES);
  await supervisor.release();
  store.close();
  figures.push(
    {
      what: `${LOOPS.toLocaleString('en')} finished loops read for the dashboard, at its quickest`,
      ...{ value: quickest(times), unit: 'ms', p99: percentile(times, 99), goalRatio: 8 },
      baseline: { what: 'the same reads from SQLite without us', value: bare },
    },
    { what: 'ticks of the event loop meanwhile', value: ticks, unit: 'ms p99', goalRatio: 4, baseline: idle },
  );
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** Writes a log of so many MB. */
async function writeLog(path: string, megabytes: number): Promise<void> {
  const log = createWriteStream(path);
  const block = `${LINE}\n`.repeat(Math.ceil(2 ** 20 / LINE.length));
  for (let megabyte = 0; megabyte < megabytes; megabyte++) if (!log.write(block)) await once(log, 'drain');
  log.end();
  await finished(log);
}

/** Opens the transcript of an ended attempt at its end, several times: ms. */
async function openings(paths: LogPaths): Promise<number[]> {
  const samples: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    const transcript = new OpenTranscript(paths);
    transcript.isRunning = false;
    samples.push(
      await timed(async () => {
        transcript.session.handle({ type: 'ready' });
        await transcript.answer('reset');
      }),
    );
    transcript.session.dispose();
  }
  return samples;
}

async function longLog(): Promise<void> {
  const long = { out: join(folder, 'long.log'), err: join(folder, 'long.err') };
  const short = { out: join(folder, 'short.log'), err: join(folder, 'short.err') };
  await writeLog(long.out, LOG_MB);
  await writeLog(short.out, 1);
  const [shortOpened, opened] = [await openings(short), await openings(long)];
  const transcript = new OpenTranscript(long);
  transcript.isRunning = false;
  let searched = 0;
  const ticks = await ticksWhile(async () => {
    searched = await timed(async () => {
      transcript.session.handle({ type: 'search', id: 1, text: 'is nowhere in it' });
      await transcript.answer('hits', (message) => message.type === 'hits' && message.done);
    });
  });
  transcript.session.dispose();
  const parsed = await timed(async () => {
    for await (const line of createInterface({ input: createReadStream(long.out) })) JSON.parse(line);
  });
  figures.push(
    {
      what: `transcript of ${LOG_MB} MB: opened at its end`,
      ...{ value: median(opened), unit: 'ms', p99: percentile(opened, 99), goalRatio: 2 },
      baseline: { what: 'one of 1 MB', value: median(shortOpened) },
    },
    {
      what: `transcript of ${LOG_MB} MB: searched through`,
      ...{ value: searched, unit: 'ms', goalRatio: 2 },
      baseline: { what: 'its lines read and parsed', value: parsed },
    },
    { what: 'ticks of the event loop meanwhile', value: ticks, unit: 'ms p99', goalRatio: 4, baseline: idle },
  );
}

/** Follows an agent that writes so much without a pause in an open transcript. */
async function followed(runs: RealRuns, megabytes: number): Promise<void> {
  const run = runs.launch(process.execPath, ['-e', FLOOD, LINE, String(megabytes)], {
    needsReading: true,
    reader: claude.reader(),
  });
  await run.started;
  const transcript = new OpenTranscript({ out: run.files.stdout, err: run.files.stderr });
  transcript.session.handle({ type: 'ready' });
  // What was posted is the page's: it does not stay here.
  const forget = setInterval(() => transcript.posted.splice(0), 50);
  await run.ended;
  clearInterval(forget);
  transcript.session.dispose();
}

async function flood(): Promise<void> {
  const runs = await RealRuns.create();
  try {
    // For caches, and for the room that the engine takes once however much comes.
    await followed(runs, 100);
    const before = process.memoryUsage.rss();
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss());
    }, 100);
    const ticks = await ticksWhile(() => followed(runs, FLOOD_MB));
    clearInterval(watch);
    const what = `${FLOOD_MB} MB of NDJSON, its transcript open`;
    figures.push(
      { what: `ticks of the event loop, ${what}`, value: ticks, unit: 'ms p99', goalRatio: 4, baseline: idle },
      {
        what: `host memory with ${what}, at its most`,
        ...{ value: most / 2 ** 20, unit: 'MB', goalRatio: 1.2 },
        baseline: { what: 'before', value: before / 2 ** 20 },
      },
    );
  } finally {
    runs.dispose();
  }
}

const idle = await idleTicks();
const browser = await launchBrowser();
try {
  await dashboardPage(browser);
  await dashboardSession();
  await longLog();
  await flood();
} finally {
  await browser.close();
  clearInterval(awake);
  rmSync(folder, { recursive: true, force: true });
}
hand({ bench: 'Panels', figures });
process.exit(0);
