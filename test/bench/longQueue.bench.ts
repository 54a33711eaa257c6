import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import type { Store } from '../../src/core/ports/store.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { parseAddress } from '../../src/store/postgres/address.ts';
import { openPostgresStore } from '../../src/store/postgres/store.ts';
import { openStore } from '../../src/store/sqlite/store.ts';
import { newLoop } from '../store/support.ts';
import { Cluster } from '../support/postgres/cluster.ts';
import { supervisorOn } from '../support/supervisorOn.ts';
import { type Figure, hand, quickest } from './support/figures.ts';

/**
 * How long a supervisor takes to start on a store with 100,000 live loops that are parked, against a bare read of the
 * same rows in the same run.
 */
const LIVE = 100_000;
const FILL = 1_000;
const TIMES = 3;
const QUERY = 'SELECT * FROM loops WHERE finished_at IS NULL';

async function fill(store: Store): Promise<void> {
  for (let from = 0; from < LIVE; from += FILL)
    await store.write((tx) => {
      for (let n = from; n < from + FILL; n++)
        tx.insertLoop(newLoop(`l${n}`, { windowId: 'gone', folder: '/gone', wasParked: true }), 'work');
    });
}

/** How long (ms) it takes to open the store and to start on it; the quickest of several times. */
async function starts(open: () => Promise<Store>): Promise<number> {
  const samples: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    const began = performance.now();
    const store = await open();
    const supervisor = supervisorOn(store, `host${time}`);
    await supervisor.start();
    samples.push(performance.now() - began);
    if (supervisor.queueLength !== LIVE) throw new Error(`It knows ${supervisor.queueLength} loops.`);
    await supervisor.release();
    store.close();
  }
  return quickest(samples);
}

async function timed(read: () => unknown): Promise<number> {
  const samples: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    const began = performance.now();
    await read();
    samples.push(performance.now() - began);
  }
  return quickest(samples);
}

/** Timers of the supervisor do not keep a process alive. */
const awake = setInterval(() => {}, 1_000);
const folder = mkdtempSync(join(tmpdir(), 'loop-supervisor-bench-'));
const figures: Figure[] = [];
const figure = (where: string, ours: number, bare: number): Figure => ({
  what: `a supervisor starts on 100,000 parked loops, ${where}`,
  ...{ value: ours, unit: 'ms', goalRatio: 6 },
  baseline: { what: 'a bare read of the same rows', value: bare },
});

const cluster = await Cluster.start();
try {
  const path = join(folder, 'supervisor.db');
  const openFile = async () => openStore({ path, clock: systemClock, log: () => {} });
  const file = await openFile();
  await fill(file);
  file.close();
  const ours = await starts(openFile);
  const database = new DatabaseSync(path);
  const bare = await timed(() => database.prepare(QUERY).all());
  database.close();
  figures.push(figure('in a file', ours, bare));
  if (cluster) {
    const address = cluster.address();
    const open = () =>
      openPostgresStore({ address, clock: systemClock, log: () => {}, password: async () => undefined });
    const store = await open();
    await fill(store);
    store.close();
    const ours = await starts(open);
    const client = new pg.Client({ host: cluster.folder, user: 'tester', database: 'postgres' });
    await client.connect();
    await client.query(`SET search_path = ${parseAddress(address).schema}`);
    const bare = await timed(() => client.query(QUERY));
    await client.end();
    figures.push(figure('on PostgreSQL', ours, bare));
  } else process.stderr.write('PostgreSQL is not installed: its start is not measured.\n');
} finally {
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
}
clearInterval(awake);
hand({ bench: 'Start on a long queue', figures });
process.exit(0);
