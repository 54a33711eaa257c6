import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { StoreError } from '../../src/core/model/errors.ts';
import { isActive, type Loop } from '../../src/core/model/loop.ts';
import type { Store, StoreChanges, StoreTransaction } from '../../src/core/ports/store.ts';
import { LiveState } from '../../src/core/state/liveState.ts';
import { parseAddress } from '../../src/store/postgres/address.ts';
import type { Cluster } from '../support/postgres/cluster.ts';
import { openPatiently } from '../support/postgres/openPatiently.ts';
import { Seeded } from '../support/seeded.ts';
import { ENDED, loopFacts, newAttempt, newLoop, systemClock } from './support.ts';

export interface FaultOptions {
  readonly cluster: Cluster;
  readonly seed: number;
  readonly faults: number;
  readonly say?: (line: string) => void;
}

/** What came of it: no violations is what is wanted. */
export interface FaultResult {
  readonly violations: readonly string[];
  readonly writes: number;
  readonly loops: number;
  readonly faults: Readonly<Record<FaultKind, number>>;
}

type FaultKind = 'terminate' | 'terminateAll' | 'restart' | 'crash' | 'pause' | 'full' | 'fullDisk' | 'readOnly';

const HOSTS = 3;
const CAP = 2;
/** Short, so that a server that hangs is noticed within a test's patience. */
const TIMEOUTS = { connect: 1_000, answer: 1_000, statement: 800, lock: 800, idle: 2_000 };

/**
 * Several hosts take loops through their lives, each step a transaction that decides by what it sees, while connections
 * break, the server is restarted, crashes, hangs, takes no more connections, has no more disk, or is locked against
 * writes. At the end every write that was
 * acknowledged is there once, no other is, the ledger is the sum of what was charged, there were never more active
 * loops than the cap, and every host has heard of each step of the others once (R10.2).
 */
export async function runFaults(options: FaultOptions): Promise<FaultResult> {
  return new Faults(options).run();
}

/** A host: what it knows, and what it was told has been written. */
class Host {
  readonly name: string;
  readonly store: Store;
  readonly live = new LiveState();
  readonly acknowledged: string[] = [];
  /** Marks of other hosts' steps that it has heard of. */
  readonly heard: string[] = [];
  readonly problems: string[] = [];
  charged = 0;
  loops = 0;
  #steps = 0;

  constructor(name: string, store: Store) {
    this.name = name;
    this.store = store;
  }

  /** One step, which leaves its mark in the history of a loop. */
  async step(random: Seeded): Promise<void> {
    const mark = `${this.name}-${++this.#steps}`;
    const kind = random.pick(['submit', 'start', 'start', 'charge', 'finish'] as const) ?? 'submit';
    const cost = random.between(1, 1_000);
    let undo: (() => void)[] = [];
    const putBack = () => {
      for (const step of undo.reverse()) step();
      undo = [];
    };
    try {
      let heard: string[] = [];
      const charged = await this.store.write(
        (tx) => {
          putBack();
          const changes = tx.changes();
          if (changes) this.live.apply(changes);
          heard = this.#marksIn(changes);
          const put = (loop: Loop) => {
            const before = this.live.put(loop);
            undo.push(() => (before ? this.live.put(before) : this.live.remove(loop.seq)));
          };
          return this.#act(tx, kind, mark, cost, put);
        },
        [],
        putBack,
      );
      this.heard.push(...heard);
      if (charged === undefined) return;
      this.acknowledged.push(mark);
      this.charged += charged;
    } catch (error) {
      putBack();
      // What the server has no room for is refused at once; whoever wrote it tries again.
      if (error instanceof StoreError && error.kind === 'disk') await sleep(20);
      else this.problems.push(`${mark} was refused: ${error}`);
    }
  }

  /** Takes what is still to be heard. */
  async listen(): Promise<void> {
    this.heard.push(...(await this.store.write((tx) => this.#marksIn(tx.changes()))));
  }

  #marksIn(changes: StoreChanges | undefined): string[] {
    const events = changes?.events ?? [];
    return events.flatMap((event) =>
      event.host !== this.name && 'loopId' in event && event.loopId !== undefined ? [event.loopId] : [],
    );
  }

  /** Returns what was charged; undefined if there was nothing to do. */
  #act(
    tx: StoreTransaction,
    kind: 'submit' | 'start' | 'charge' | 'finish',
    mark: string,
    cost: number,
    put: (loop: Loop) => void,
  ): number | undefined {
    const note = (loop: Loop, from: Loop['state']) => {
      tx.addEvents([{ type: 'loop:cancelled', at: 1, host: this.name, loopId: mark }]);
      return { at: 1, from, to: loop.state, why: mark };
    };
    if (kind === 'submit') {
      const loop = tx.insertLoop(newLoop(`loop-${mark}`), `prompt of ${mark}`);
      tx.addHistory(loop.seq, note(loop, 'queued'));
      put(loop);
      this.loops++;
      return 0;
    }
    if (kind === 'start') {
      const [queued] = this.live.queue;
      if (!queued || this.live.active.size >= CAP) return undefined;
      if (tx.prompt(queued.seq) !== `prompt of ${queued.loopId.replace('loop-', '')}`)
        throw new Error('a foreign prompt');
      const attempt = tx.insertAttempt(queued.seq, newAttempt(`token-${mark}`));
      const loop = { ...loopFacts(queued), state: 'running' as const, attempt };
      tx.saveLoop(loop, note(loop, 'queued'));
      put(loop);
      return 0;
    }
    const active = [...this.live.active.values()][0];
    if (!active || !isActive(active)) return undefined;
    const row = { seq: active.seq, attemptId: active.attempt.id, agent: 'sample', day: '2026-01-15', at: 1 };
    if (kind === 'charge') {
      if (!tx.addLedger({ ...row, key: mark, cost, source: 'reported' })) throw new Error('it was counted before');
      tx.addHistory(active.seq, note(active, active.state));
      return cost;
    }
    if (!tx.saveAttempt(active.seq, { ...active.attempt, end: ENDED })) throw new Error('it was settled before');
    const loop = { ...loopFacts(active), state: 'completed' as const, finishedAt: 5 };
    tx.saveLoop(loop, note(loop, active.state));
    put(loop);
    return 0;
  }
}

class Faults {
  readonly #options: FaultOptions;
  readonly #random: Seeded;
  readonly #address: string;
  readonly #counts: Record<FaultKind, number> = {
    terminate: 0,
    terminateAll: 0,
    restart: 0,
    crash: 0,
    pause: 0,
    full: 0,
    fullDisk: 0,
    readOnly: 0,
  };
  readonly #hosts: Host[] = [];
  #isOver = false;

  constructor(options: FaultOptions) {
    this.#options = options;
    this.#random = new Seeded(options.seed);
    this.#address = options.cluster.address();
  }

  async run(): Promise<FaultResult> {
    for (let host = 0; host < HOSTS; host++) this.#hosts.push(new Host(`h${host}`, await this.#open()));
    // A host hears what happens after its first look: all of them look before anything happens.
    for (const host of this.#hosts) await host.listen();
    const working = this.#hosts.map((host, index) => this.#work(host, new Seeded(this.#options.seed + index)));
    for (let fault = 1; fault <= this.#options.faults; fault++) {
      await sleep(this.#random.between(10, 120));
      await this.#inject();
      if (fault % 50 === 0) this.#options.say?.(`${fault} faults, ${this.#writes} writes`);
    }
    this.#isOver = true;
    await Promise.all(working);
    const violations = [...this.#hosts.flatMap(({ problems }) => problems), ...(await this.#verify())];
    for (const { store } of this.#hosts) store.close();
    return {
      violations,
      writes: this.#writes,
      loops: this.#hosts.reduce((n, { loops }) => n + loops, 0),
      faults: this.#counts,
    };
  }

  get #writes(): number {
    return this.#hosts.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  }

  #open(): Promise<Store> {
    const options = { address: this.#address, clock: systemClock, log: () => {}, timeouts: TIMEOUTS };
    return openPatiently({ ...options, password: async () => undefined });
  }

  async #work(host: Host, random: Seeded): Promise<void> {
    while (!this.#isOver) await host.step(random);
  }

  async #inject(): Promise<void> {
    const { cluster } = this.#options;
    const kinds: readonly FaultKind[] = [
      ...(['terminate', 'terminate', 'terminateAll', 'restart', 'crash', 'pause', 'pause', 'full'] as const),
      ...(['fullDisk', 'readOnly'] as const),
    ];
    const kind = this.#random.pick(kinds) ?? 'terminate';
    this.#counts[kind]++;
    switch (kind) {
      case 'terminate':
      case 'terminateAll': {
        const limit = kind === 'terminate' ? 'ORDER BY random() LIMIT 1' : '';
        await cluster.sql(
          `SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'Loop Supervisor%' ${limit}) AS b`,
        );
        return;
      }
      case 'restart':
      case 'crash':
        await cluster.end(kind === 'crash' ? 'immediate' : 'fast');
        await sleep(this.#random.between(0, 200));
        await cluster.begin();
        return;
      case 'pause':
        cluster.signal('SIGSTOP');
        await sleep(this.#random.between(50, 1_500));
        cluster.signal('SIGCONT');
        return;
      case 'fullDisk':
        await cluster.fullDisk(true, parseAddress(this.#address).schema);
        await sleep(this.#random.between(50, 600));
        await cluster.fullDisk(false, parseAddress(this.#address).schema);
        return;
      case 'readOnly':
        await cluster.lock(true);
        await sleep(this.#random.between(50, 600));
        await cluster.lock(false);
        return;
      default:
        await this.#useUpConnections();
    }
  }

  /** Takes all connections, breaks those of the hosts, and gives them back after a while. */
  async #useUpConnections(): Promise<void> {
    const { cluster } = this.#options;
    const taken: pg.Client[] = [];
    const hosts =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'Loop Supervisor%'";
    const take = async () => {
      for (;;) {
        const client = new pg.Client({ host: cluster.folder, user: 'tester', database: 'postgres' });
        client.on('error', () => {});
        try {
          await client.connect();
        } catch {
          return;
        }
        taken.push(client);
      }
    };
    await take();
    await taken[0]?.query(hosts).catch(() => {});
    await take();
    await sleep(this.#random.between(50, 600));
    for (const client of taken) await client.end().catch(() => {});
  }

  async #verify(): Promise<string[]> {
    const { cluster } = this.#options;
    const { schema } = parseAddress(this.#address);
    const rows = (sql: string) => cluster.sql(`SET search_path = ${schema}; ${sql}`);
    const problems: string[] = [];
    const history = await rows("SELECT why, from_state, to_state FROM history WHERE why LIKE 'h%' ORDER BY n");
    const expected = new Set(this.#hosts.flatMap(({ acknowledged }) => acknowledged));
    const seen = new Set<string>();
    let active = 0;
    for (const { why, from_state, to_state } of history) {
      const mark = String(why);
      if (seen.has(mark)) problems.push(`${mark} was written twice`);
      if (!expected.has(mark)) problems.push(`${mark} was written and not acknowledged`);
      seen.add(mark);
      if (to_state === 'running' && from_state === 'queued') active++;
      if (to_state === 'completed') active--;
      if (active > CAP) problems.push(`${mark} passed the cap`);
    }
    for (const mark of expected) if (!seen.has(mark)) problems.push(`${mark} was acknowledged and is lost`);
    const [sums] = await rows(
      'SELECT (SELECT coalesce(sum(cost), 0) FROM ledger)::int AS ledger, (SELECT coalesce(sum(cost), 0) FROM spend)::int AS spend',
    );
    const charged = this.#hosts.reduce((sum, host) => sum + host.charged, 0);
    if (Number(sums?.ledger) !== charged || Number(sums?.spend) !== charged)
      problems.push(`charged ${charged}, and the books say ${JSON.stringify(sums)}`);
    for (const host of this.#hosts) {
      await host.listen();
      const others = this.#hosts.filter((other) => other !== host).flatMap(({ acknowledged }) => acknowledged);
      if (host.heard.length !== new Set(host.heard).size) problems.push(`${host.name} heard something twice`);
      const missed = others.filter((mark) => !host.heard.includes(mark));
      if (missed.length > 0) problems.push(`${host.name} never heard of ${missed.slice(0, 5).join(', ')}`);
    }
    for (const { name, store } of this.#hosts) {
      await store.write(() => undefined);
      const [counts] = await rows('SELECT count(*)::int AS finished FROM loops WHERE finished_at IS NOT NULL');
      if (store.finishedCount().total !== counts?.finished)
        problems.push(`${name} counts ${store.finishedCount().total}`);
    }
    return problems;
  }
}
