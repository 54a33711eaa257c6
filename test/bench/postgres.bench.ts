import { once } from 'node:events';
import pg from 'pg';
import { there } from '../../src/core/model/looks.ts';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { Supervisor } from '../../src/core/supervisor.ts';
import { parseAddress } from '../../src/store/postgres/address.ts';
import { openPostgresStore, type PostgresStore } from '../../src/store/postgres/store.ts';
import { newLoop } from '../store/support.ts';
import { fakeCatalog, fakeProfile } from '../support/harness.ts';
import { Cluster } from '../support/postgres/cluster.ts';
import { type Figure, hand, median, percentile } from './support/figures.ts';
import { instantLauncher } from './support/instantLauncher.ts';

/**
 * What a loop costs on PostgreSQL over a local socket, against its own statements sent by the bare driver in the same
 * run.
 */
const CYCLES = 300;
const QUEUED = [100, 100_000];
const CHANGES = 200;
const FILL = 1_000;

const started = await Cluster.start({ durable: true });
if (!started) {
  process.stderr.write('PostgreSQL is not installed: there is nothing to measure.\n');
  hand({ bench: 'PostgreSQL', figures: [] });
  process.exit(0);
}
const cluster = started;
let hosts = 0;

function open(address: string): Promise<PostgresStore> {
  return openPostgresStore({ address, clock: systemClock, log: () => {}, password: async () => undefined });
}

async function supervisorOn(store: PostgresStore, folders: readonly string[] = []): Promise<Supervisor> {
  let ids = 0;
  const host = ++hosts;
  const supervisor = new Supervisor({
    store,
    launcher: instantLauncher(),
    agents: fakeCatalog(fakeProfile('sample')),
    clock: store.clock,
    inspector: { self: { pid: process.pid, startTime: String(host), bootId: 'bench' }, look: () => there(undefined) },
    folders: { look: () => there(undefined) },
    settings: { ...DEFAULT_SETTINGS, maxConcurrent: 4, maxQueueDepth: 1_000_000 },
    window: { id: `bench-${host}`, folders, home: '/' },
    log: (message, error) => process.stderr.write(`${message} ${error ?? ''}\n`),
    random: () => 0.5,
    // Ids of loops are made of the first ten characters.
    newId: () => `${String(++ids).padStart(8, '0')}${String(host).padStart(2, '0')}benchid`,
  });
  await supervisor.start();
  return supervisor;
}

/** Puts loops into the queue that no host here may start. */
async function fill(store: PostgresStore, count: number): Promise<void> {
  for (let done = 0; done < count; done += FILL) {
    await store.write((tx) => {
      for (let n = done; n < Math.min(done + FILL, count); n++)
        tx.insertLoop(newLoop(`old-${n}`, { windowId: 'gone', folder: '/gone', wasParked: true }), 'work');
    });
  }
}

/** Submits loops one after another, each to its end. Returns µs for each. */
async function cycle(supervisor: Supervisor, count: number): Promise<number> {
  let done = 0;
  let wake: (() => void) | undefined;
  const listening = supervisor.onEvent(({ type }) => {
    if (type !== 'loop:completed') return;
    done++;
    wake?.();
  });
  const began = performance.now();
  for (let n = 0; n < count; n++) {
    const ended = new Promise<void>((resolve) => {
      wake = resolve;
    });
    await supervisor.submit({ prompt: 'work', agent: 'sample', estimatedCostUsd: 0, priority: 1 });
    if (done <= n) await ended;
  }
  listening.dispose();
  return ((performance.now() - began) * 1_000) / count;
}

/** What the store sends on its connection for writes, so that it can be sent again without it. */
const sent: string[] = [];
let isRecording = false;
const query = pg.Client.prototype.query as (this: pg.Client, ...values: unknown[]) => unknown;
function record(client: pg.Client): void {
  (client as { query: unknown }).query = (...values: unknown[]) => {
    const [first] = values as [string | { readonly text?: string }];
    const text = typeof first === 'string' ? first : first.text;
    if (isRecording && text !== undefined) sent.push(text);
    return query.apply(client, values);
  };
}

/** The same statements by the bare driver, on a schema that is as it was. µs for each loop. */
async function bare(schema: string, count: number): Promise<number> {
  const client = new pg.Client({ host: cluster.folder, user: 'tester', database: 'postgres' });
  await client.connect();
  await client.query(`SET search_path = ${schema}`);
  const began = performance.now();
  for (const batch of sent) await client.query(batch);
  const took = performance.now() - began;
  await client.end();
  return (took * 1_000) / count;
}

/** Ours and the bare driver's cost of a loop with so many queued. */
async function measure(queued: number): Promise<{ readonly ours: number; readonly bare: number }> {
  const address = cluster.address();
  const { schema } = parseAddress(address);
  const connect = pg.Client.prototype.connect;
  let isWriter = true;
  pg.Client.prototype.connect = function (this: pg.Client, ...values: unknown[]) {
    if (isWriter) record(this);
    isWriter = false;
    return (connect as (...all: unknown[]) => unknown).apply(this, values);
  } as typeof connect;
  const store = await open(address);
  pg.Client.prototype.connect = connect;
  await fill(store, queued);
  const supervisor = await supervisorOn(store);
  await cycle(supervisor, 20);
  const copy = `${schema}_copy`;
  await cluster.sql(copyOf(schema, copy));
  sent.length = 0;
  isRecording = true;
  const ours = await cycle(supervisor, CYCLES);
  isRecording = false;
  await supervisor.release();
  store.close();
  return { ours, bare: await bare(copy, CYCLES) };
}

/** A schema with the same tables, indexes and rows. */
function copyOf(schema: string, copy: string): string {
  return `CREATE SCHEMA ${copy}; DO $$ DECLARE t text; BEGIN
    FOR t IN SELECT relname FROM pg_class WHERE relnamespace = '${schema}'::regnamespace AND relkind = 'r' LOOP
      EXECUTE format('CREATE TABLE ${copy}.%I (LIKE ${schema}.%I INCLUDING ALL)', t, t);
      EXECUTE format('INSERT INTO ${copy}.%I OVERRIDING SYSTEM VALUE SELECT * FROM ${schema}.%I', t, t);
    END LOOP; END $$; ANALYZE`;
}

/** How long (ms) until a change of one host is seen by another, whose supervisor says so. */
async function latency(): Promise<number[]> {
  const address = cluster.address();
  const stores = [await open(address), await open(address)] as const;
  const [mine, theirs] = [await supervisorOn(stores[0], ['/a']), await supervisorOn(stores[1], ['/b'])];
  await mine.pause();
  const samples: number[] = [];
  for (let n = 0; n < CHANGES; n++) {
    const seen = new Promise<void>((resolve) => {
      const listening = theirs.onDidChange(() => {
        if (theirs.queueLength <= n) return;
        listening.dispose();
        resolve();
      });
    });
    const began = performance.now();
    await mine.submit({ prompt: 'work', agent: 'sample', estimatedCostUsd: 0 });
    await seen;
    samples.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, (n * 37) % 100));
  }
  for (const supervisor of [mine, theirs]) await supervisor.release();
  for (const store of stores) store.close();
  return samples;
}

/** How long (ms) it takes until a row that one connection commits with a NOTIFY is read by another one. */
async function notices(): Promise<number[]> {
  const connect = async () => {
    const client = new pg.Client({ host: cluster.folder, user: 'tester', database: 'postgres' });
    await client.connect();
    return client;
  };
  const [speaker, listener] = [await connect(), await connect()];
  await listener.query('LISTEN bench');
  await speaker.query('CREATE TABLE bench (n int)');
  const samples: number[] = [];
  for (let n = 0; n < CHANGES; n++) {
    const heard = once(listener, 'notification');
    const began = performance.now();
    await speaker.query(`INSERT INTO bench VALUES (${n}); NOTIFY bench`);
    await heard;
    await listener.query(`SELECT n FROM bench WHERE n = ${n}`);
    samples.push(performance.now() - began);
  }
  for (const client of [speaker, listener]) await client.end();
  return samples;
}

const figures: Figure[] = [];
try {
  await measure(10);
  const costs = new Map<number, { readonly ours: number; readonly bare: number }>();
  for (const queued of QUEUED) {
    const cost = await measure(queued);
    costs.set(queued, cost);
    figures.push({
      what: `durable cycle of a loop, ${queued.toLocaleString('en')} queued`,
      ...{ value: cost.ours, unit: 'µs/loop', goalRatio: 1.5 },
      baseline: { what: 'the same statements by the bare driver', value: cost.bare },
    });
  }
  const [few, many] = QUEUED.map((queued) => costs.get(queued)?.ours ?? 0);
  figures.push({
    what: 'durable cycle of a loop, 100,000 queued',
    ...{ value: many ?? 0, unit: 'µs/loop', goalRatio: 2 },
    baseline: { what: 'with 100 queued', value: few ?? 1 },
  });
  const seen = await latency();
  const p99 = percentile(seen, 99);
  figures.push({
    what: 'a change of one host is seen by the other',
    value: median(seen),
    p99,
    unit: 'ms',
    goalRatio: 5,
    baseline: { what: 'one row, committed, heard of and read by the bare driver', value: median(await notices()) },
  });
} finally {
  await cluster.stop();
}
hand({ bench: 'PostgreSQL', figures });
process.exit(0);
