import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { Supervisor } from '../../src/core/supervisor.ts';
import { createWorkTrees } from '../../src/git/workTrees.ts';
import { folders } from '../../src/process/runFolder/folders.ts';
import { createInspector } from '../../src/process/tables/processInspector.ts';
import { openStore } from '../../src/store/sqlite/store.ts';
import { fakeCatalog, fakeProfile } from '../support/harness.ts';
import { hand, median, percentile } from './support/figures.ts';
import { RealRuns } from './support/realRuns.ts';

/**
 * What a round costs by itself (R11): agent and check are programs that do nothing, and what they take without us is
 * taken off. What is left is two guarded runs, reading, settling, deciding, and the next dispatch. The baseline is one
 * guarded run of the same program.
 */
const ROUNDS = 20;
const NOTHING = ['-c', 'date +%s%N'];

const runs = await RealRuns.create();

async function rawRun(): Promise<number> {
  const from = performance.now();
  await new Promise((resolve) => spawn('/bin/sh', NOTHING, { stdio: 'ignore' }).on('close', resolve));
  return performance.now() - from;
}

async function bareRun(): Promise<number> {
  const from = performance.now();
  await runs.launch('/bin/sh', NOTHING).ended;
  return performance.now() - from;
}

/** The time between two ends of checks, round by round, ms. */
async function rounds(): Promise<number[]> {
  const log = (message: string) => process.stderr.write(`${message}\n`);
  const store = openStore({ path: join(runs.folder, 'supervisor.db'), clock: systemClock, log });
  const plan = { command: '/bin/sh', args: NOTHING, env: {}, stopSteps: [{ signal: 'SIGTERM', share: 1 }] } as const;
  let ids = 0;
  const supervisor = new Supervisor({
    ...{ store, launcher: runs.launcher, clock: systemClock, log, folders },
    agents: fakeCatalog(fakeProfile('nothing', { plan: () => plan, needsReading: false })),
    inspector: createInspector(),
    workTrees: createWorkTrees({ storage: runs.folder, environment: async () => ({ ...process.env }) as never }),
    settings: { ...DEFAULT_SETTINGS, defaultAgent: 'nothing' },
    window: { id: 'bench', folders: [runs.folder], home: runs.folder },
    random: Math.random,
    newId: () => String(++ids).padStart(16, '0'),
  });
  await supervisor.start();
  const ends: number[] = [];
  const over = Promise.withResolvers<void>();
  supervisor.onEvent(({ type }) => {
    if (type === 'loop:checked') ends.push(performance.now());
    if (type === 'loop:waiting' || type === 'loop:failed') over.resolve();
  });
  // It says something else each time, and never passes.
  const command = 'date +%s%N; exit 1';
  await supervisor.submit({ prompt: 'nothing', check: { command, maxRounds: ROUNDS + 2, checkFirst: false } });
  await over.promise;
  await supervisor.shutdown(1_000);
  store.close();
  return ends.slice(1).map((at, index) => at - (ends[index] as number));
}

try {
  for (let time = 0; time < 2; time++) await bareRun();
  const raw: number[] = [];
  const before: number[] = [];
  for (let time = 0; time < ROUNDS / 2; time++) {
    raw.push(await rawRun());
    before.push(await bareRun());
  }
  const programs = 2 * median(raw);
  const each = (await rounds()).slice(1).map((ms) => ms - programs);
  // Before and after: the machine may have become faster or slower meanwhile.
  const after: number[] = [];
  for (let time = 0; time < ROUNDS / 2; time++) after.push(await bareRun());
  const bare = median([...before, ...after]);
  const figures = [
    {
      ...{ what: 'a round, agent and check excluded', value: median(each), unit: 'ms' },
      ...{ p99: percentile(each, 99), goal: Math.round(bare * 2) },
      baseline: { what: 'one guarded run of the same program', value: bare },
    },
  ];
  hand({ bench: 'Rounds', figures });
} finally {
  runs.dispose();
}
process.exit(0);
