import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { parseAddress } from '../../src/store/postgres/address.ts';
import type { PostgresStore } from '../../src/store/postgres/store.ts';
import { newLoop } from '../store/support.ts';
import { Cluster } from '../support/postgres/cluster.ts';
import { type Figure, hand, median, percentile } from './support/figures.ts';
import { cycle, hostOn, openBenchStore, SentStatements } from './support/postgresHost.ts';
import type { AskedOfHost } from './support/postgresHostMain.ts';

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

/** Puts loops into the queue that no host here may start. */
async function fill(store: PostgresStore, count: number): Promise<void> {
  for (let done = 0; done < count; done += FILL) {
    await store.write((tx) => {
      for (let n = done; n < Math.min(done + FILL, count); n++)
        tx.insertLoop(newLoop(`old-${n}`, { windowId: 'gone', folder: '/gone', wasParked: true }), 'work');
    });
  }
}

/** Ours and the bare driver's cost of a loop with so many queued. */
async function measure(queued: number): Promise<{ readonly ours: number; readonly bare: number }> {
  const address = cluster.address();
  const { schema } = parseAddress(address);
  const sent = new SentStatements();
  const store = await sent.of(() => openBenchStore(address));
  await fill(store, queued);
  const supervisor = await hostOn(store, ++hosts);
  await cycle(supervisor, 20);
  const copy = `${schema}_copy`;
  await cluster.sql(copyOf(schema, copy));
  sent.isRecording = true;
  const ours = await cycle(supervisor, CYCLES);
  sent.isRecording = false;
  await supervisor.release();
  store.close();
  return { ours, bare: ((await sent.sendAgain(cluster.folder, copy)) * 1_000) / CYCLES };
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
  const stores = [await openBenchStore(address), await openBenchStore(address)] as const;
  const [mine, theirs] = [await hostOn(stores[0], ++hosts, ['/a']), await hostOn(stores[1], ++hosts, ['/b'])];
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

/** A host in a process of its own. */
class HostProcess {
  readonly #child;

  constructor(address: string) {
    const program = fileURLToPath(new URL('support/postgresHostMain.ts', import.meta.url));
    this.#child = fork(program, [address, String(++hosts)], { execArgv: ['--disable-warning=ExperimentalWarning'] });
  }

  /** It is ready, or has done what it was asked for. */
  async done(): Promise<void> {
    const exits = once(this.#child, 'exit').then(() => Promise.reject(new Error('A host of the bench has ended.')));
    await Promise.race([once(this.#child, 'message'), exits]);
  }

  ask(asked: AskedOfHost): Promise<void> {
    this.#child.send(asked);
    return this.done();
  }

  async end(): Promise<void> {
    const exits = once(this.#child, 'exit');
    this.#child.send({ do: 'end' } satisfies AskedOfHost);
    await exits;
  }
}

/**
 * What a loop costs while so many hosts, each a process of its own, run loops at once on one store, µs of wall time;
 * and what the bare driver takes for the same statements over as many connections at once.
 */
async function together(count: number): Promise<{ readonly ours: number; readonly bare: number }> {
  const address = cluster.address();
  const { schema } = parseAddress(address);
  const processes: HostProcess[] = [];
  // One after another: each of them would make the schema.
  for (let n = 0; n < count; n++) {
    const host = new HostProcess(address);
    await host.done();
    processes.push(host);
  }
  const all = async (asked: AskedOfHost) => {
    const began = performance.now();
    await Promise.all(processes.map((host) => host.ask(asked)));
    return ((performance.now() - began) * 1_000) / (count * CYCLES);
  };
  await all({ do: 'cycle', count: 20, isRecorded: false });
  const copy = `${schema}_copy`;
  await cluster.sql(copyOf(schema, copy));
  const ours = await all({ do: 'cycle', count: CYCLES, isRecorded: true });
  const bare = await all({ do: 'sendAgain', folder: cluster.folder, schema: copy });
  for (const host of processes) await host.end();
  return { ours, bare };
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
  const [one, three] = [await together(1), await together(3)];
  figures.push(
    {
      what: 'durable cycle of a loop while three hosts run loops at once',
      ...{ value: three.ours, unit: 'µs/loop', goalRatio: 0.5 },
      baseline: { what: 'one host', value: one.ours },
    },
    {
      what: 'the same, against the limit of the server',
      ...{ value: three.ours, unit: 'µs/loop', goalRatio: 1.5 },
      baseline: { what: 'the same statements over three bare connections at once', value: three.bare },
    },
  );
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
