import pg from 'pg';
import { there } from '../../../src/core/model/looks.ts';
import { DEFAULT_SETTINGS } from '../../../src/core/model/settings.ts';
import { systemClock } from '../../../src/core/runtime/systemClock.ts';
import { Supervisor } from '../../../src/core/supervisor.ts';
import { openPostgresStore, type PostgresStore } from '../../../src/store/postgres/store.ts';
import { fakeCatalog, fakeProfile } from '../../support/harness.ts';
import { instantLauncher } from './instantLauncher.ts';

/** A window whose runs end at once. `id`: a small number that no other host of the bench has. */
export async function hostOn(store: PostgresStore, id: number, folders: readonly string[] = []): Promise<Supervisor> {
  let ids = 0;
  const supervisor = new Supervisor({
    store,
    launcher: instantLauncher(),
    agents: fakeCatalog(fakeProfile('sample')),
    clock: store.clock,
    inspector: { self: { pid: process.pid, startTime: String(id), bootId: 'bench' }, look: () => there(undefined) },
    folders: { look: () => there(undefined) },
    settings: { ...DEFAULT_SETTINGS, maxConcurrent: 4, maxQueueDepth: 1_000_000 },
    window: { id: `bench-${id}`, folders, home: '/' },
    log: (message, error) => process.stderr.write(`${message} ${error ?? ''}\n`),
    random: () => 0.5,
    // Ids of loops are made of the first ten characters.
    newId: () => `${String(++ids).padStart(8, '0')}${String(id).padStart(2, '0')}benchid`,
  });
  await supervisor.start();
  return supervisor;
}

export function openBenchStore(address: string): Promise<PostgresStore> {
  return openPostgresStore({ address, clock: systemClock, log: () => {}, password: async () => undefined });
}

/** Submits loops one after another, each to its end. Returns µs for each. */
export async function cycle(supervisor: Supervisor, count: number): Promise<number> {
  const waits = new Map<string, () => void>();
  const early = new Set<string>();
  const listening = supervisor.onEvent((event) => {
    if (event.type !== 'loop:completed' || event.host !== supervisor.hostId) return;
    early.add(event.loopId);
    waits.get(event.loopId)?.();
  });
  const began = performance.now();
  for (let n = 0; n < count; n++) {
    const { loopId } = await supervisor.submit({
      ...{ prompt: 'work', agent: 'sample', estimatedCostUsd: 0, priority: 1 },
    });
    if (!early.has(loopId)) await new Promise<void>((resolve) => waits.set(loopId, resolve));
  }
  listening.dispose();
  return ((performance.now() - began) * 1_000) / count;
}

/** What stores send on their connections for writes, so that it can be sent again without them. */
export class SentStatements {
  readonly batches: string[] = [];
  isRecording = false;

  /** Records what the store that `open` opens will write. */
  async of(open: () => Promise<PostgresStore>): Promise<PostgresStore> {
    const connect = pg.Client.prototype.connect;
    const record = (client: pg.Client) => this.#record(client);
    let isWriter = true;
    pg.Client.prototype.connect = function (this: pg.Client, ...values: unknown[]) {
      if (isWriter) record(this);
      isWriter = false;
      return (connect as (...all: unknown[]) => unknown).apply(this, values);
    } as typeof connect;
    try {
      return await open();
    } finally {
      pg.Client.prototype.connect = connect;
    }
  }

  /** Sends them again by the bare driver, in a schema that is as theirs was. Returns how long that took, ms. */
  async sendAgain(folder: string, schema: string): Promise<number> {
    const client = new pg.Client({ host: folder, user: 'tester', database: 'postgres' });
    await client.connect();
    await client.query(`SET search_path = ${schema}`);
    const began = performance.now();
    for (const batch of this.batches) await client.query(batch);
    const took = performance.now() - began;
    await client.end();
    return took;
  }

  #record(client: pg.Client): void {
    const query = pg.Client.prototype.query as (this: pg.Client, ...values: unknown[]) => unknown;
    (client as { query: unknown }).query = (...values: unknown[]) => {
      const [first] = values as [string | { readonly text?: string }];
      const text = typeof first === 'string' ? first : first.text;
      if (this.isRecording && text !== undefined) this.batches.push(text);
      return query.apply(client, values);
    };
  }
}
