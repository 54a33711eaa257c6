import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { Supervisor } from '../../src/core/supervisor.ts';
import { createWorkTrees } from '../../src/git/workTrees.ts';
import { folders } from '../../src/process/runFolder/folders.ts';
import { createInspector } from '../../src/process/tables/processInspector.ts';
import { createWorkers } from '../../src/process/tables/workers.ts';
import { openStore } from '../../src/store/sqlite/store.ts';
import { fakeCatalog, fakeProfile } from '../support/harness.ts';
import { hand, median, percentile } from './support/figures.ts';
import { RealRuns } from './support/realRuns.ts';

/**
 * What a round costs by itself (R11): agent and check are programs that do nothing, and what they take without us is
 * taken off. What is left is two guarded runs, reading, settling, deciding, and the next dispatch. The baseline is one
 * guarded run of the same program, of two in a row: the middle of many sums is more than the sum of two middles where
 * some runs take much longer than most. Both are measured by turns, since a machine is not equally fast all the time.
 */
const TURNS = 40;
const ROUNDS = 3;
const NOTHING = ['-c', 'date +%s%N'];

const runs = await RealRuns.create();

async function rawRun(): Promise<number> {
  const from = performance.now();
  await new Promise((resolve) => spawn('/bin/sh', NOTHING, { stdio: 'ignore' }).on('close', resolve));
  return performance.now() - from;
}

/** One of two in a row. */
async function bareRun(): Promise<number> {
  const from = performance.now();
  for (let run = 0; run < 2; run++) await runs.launch('/bin/sh', NOTHING).ended;
  return (performance.now() - from) / 2;
}

/** A supervisor whose agent does nothing. */
async function supervisorOfNothing() {
  const log = (message: string) => process.stderr.write(`${message}\n`);
  const store = openStore({ path: join(runs.folder, 'supervisor.db'), clock: systemClock, log });
  const plan = { command: '/bin/sh', args: NOTHING, env: {}, stopSteps: [{ signal: 'SIGTERM', share: 1 }] } as const;
  let ids = 0;
  const supervisor = new Supervisor({
    ...{ store, launcher: runs.launcher, clock: systemClock, log, folders },
    agents: fakeCatalog(fakeProfile('nothing', { plan: () => plan, needsReading: false })),
    inspector: createInspector(),
    workTrees: createWorkTrees({
      processes: createWorkers(),
      storage: runs.folder,
      environment: async () => ({ ...process.env }) as never,
    }),
    settings: { ...DEFAULT_SETTINGS, defaultAgent: 'nothing' },
    window: { id: 'bench', folders: [runs.folder], home: runs.folder },
    random: Math.random,
    newId: () => String(++ids).padStart(10, '0'),
  });
  await supervisor.start();
  const close = async () => {
    await supervisor.shutdown(1_000);
    store.close();
  };
  return { supervisor, close };
}

/** The times between the ends of a loop's checks, which never pass, ms. */
async function rounds(supervisor: Supervisor): Promise<number[]> {
  const ends: number[] = [];
  const over = Promise.withResolvers<void>();
  const listener = supervisor.onEvent(({ type }) => {
    if (type === 'loop:checked') ends.push(performance.now());
    if (type === 'loop:waiting' || type === 'loop:failed') over.resolve();
  });
  // It says something else each time.
  const command = 'date +%s%N; exit 1';
  await supervisor.submit({ prompt: 'nothing', check: { command, maxRounds: ROUNDS, checkFirst: false } });
  await over.promise;
  listener.dispose();
  return ends.slice(1).map((at, index) => at - (ends[index] as number));
}

try {
  const { supervisor, close } = await supervisorOfNothing();
  // The first ones are slower.
  await rawRun();
  await bareRun();
  await rounds(supervisor);
  const raw: number[] = [];
  const bare: number[] = [];
  const each: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    raw.push(await rawRun());
    for (let run = 1; run < ROUNDS; run++) bare.push(await bareRun());
    each.push(...(await rounds(supervisor)));
  }
  await close();
  const programs = 2 * median(raw);
  const own = each.map((ms) => ms - programs);
  const figures = [
    {
      ...{ what: 'a round, agent and check excluded', value: median(own), unit: 'ms' },
      ...{ p99: percentile(own, 99), goalRatio: 2 },
      baseline: { what: 'one guarded run of the same program', value: median(bare) },
    },
  ];
  hand({ bench: 'Rounds', figures });
} finally {
  runs.dispose();
}
process.exit(0);
