import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Attempt, AttemptEnd } from '../../src/core/model/attempt.ts';
import { type GateRecord, type Gates, gateKey } from '../../src/core/model/gate.ts';
import type { FinishedLoop, Loop, LoopFacts } from '../../src/core/model/loop.ts';
import type { Clock } from '../../src/core/ports/clock.ts';
import type { Store } from '../../src/core/ports/store.ts';
import type { MovingStore } from '../../src/store/move/movingStore.ts';
import { openStore } from '../../src/store/sqlite/store.ts';

/** The system's time. Timers keep the process alive: a test waits for them. */
export const systemClock: Clock = {
  now: () => Date.now(),
  day: (at) => new Date(at).toISOString().slice(0, 10),
  nextDay: (at) => (Math.floor(at / 86_400_000) + 1) * 86_400_000,
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return { dispose: () => clearTimeout(timer) };
  },
};

export type TestStore = Store;

/** A folder with a database path in it, and stores on that path; all gone after the test. */
export class StoreFolder {
  readonly folder = mkdtempSync(join(tmpdir(), 'loop-store-'));
  readonly path = join(this.folder, 'data', 'supervisor.db');
  /** What stores have logged. */
  readonly logged: string[] = [];
  /** All that were opened. */
  readonly stores: TestStore[] = [];

  open(clock: Clock = systemClock): MovingStore {
    const store = openStore({ path: this.path, clock, log: (message) => this.logged.push(message) });
    this.stores.push(store);
    return store;
  }

  /** Runs SQL on the file behind the stores' backs. */
  sql(text: string): void {
    const database = new DatabaseSync(this.path);
    try {
      database.exec(`PRAGMA busy_timeout = 2000; ${text}`);
    } finally {
      database.close();
    }
  }

  rows(text: string): Record<string, unknown>[] {
    const database = new DatabaseSync(this.path);
    try {
      return database
        .prepare(text)
        .all()
        .map((row) => ({ ...row }));
    } finally {
      database.close();
    }
  }

  /** Runs SQL, and returns rows if it is a query. */
  rowsOrRun(text: string): Record<string, unknown>[] {
    if (/^\s*SELECT/.test(text)) return this.rows(text);
    this.sql(text);
    return [];
  }

  dispose(): void {
    for (const store of this.stores) store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A store in memory. */
export function memoryStore(clock: Clock = systemClock, log: (message: string) => void = () => {}): TestStore {
  return openStore({ path: ':memory:', clock, log });
}

export type QueuedLoop = Extract<Loop, { state: 'queued' }>;
export type NewLoop = Omit<QueuedLoop, 'seq' | 'place'>;

/** Gates as they are stored, by their keys. */
export function gatesOf(...gates: GateRecord[]): Gates {
  return Object.fromEntries(gates.map((gate) => [gateKey(gate.of), gate]));
}

/** A queued loop that has all it needs. */
export function newLoop(loopId: string, facts: Partial<NewLoop> = {}): NewLoop {
  return {
    ...{ loopId, title: `Loop ${loopId}`, agent: 'sample', cwd: '/home', windowId: 'window-1', priority: 0 },
    ...{
      estimate: 0,
      estimateAssumed: false,
      submittedAt: 1_000,
      since: 1_000,
      attempts: 0,
      restarts: [],
      quickCrashes: 0,
    },
    ...{
      cost: 0,
      costEstimated: 0,
      costUnknown: 0,
      costAtLeast: false,
      idleAllowances: 0,
      state: 'queued',
      fresh: true,
    },
    ...facts,
  };
}

/** An attempt that has just begun. */
export function newAttempt(token: string, facts: Partial<Attempt> = {}): Omit<Attempt, 'id'> {
  return {
    ...{
      number: 1,
      token,
      windowId: 'window-1',
      startedAt: 2_000,
      generation: 0,
      probe: false,
      reserved: 0,
      resumed: false,
    },
    ...{ readOffset: 0, cost: 0, costEstimated: 0, costUnknown: 0, costAtLeast: false, accrued: 0 },
    ...facts,
  };
}

/** How an attempt ended well. */
export const ENDED: AttemptEnd = {
  outcome: 'ok',
  reason: 'it is done',
  at: 3_000,
  exitCode: 0,
  swept: [],
  kept: [],
  remaining: [],
};

/** The loop's facts without what it has only in its state. */
export function loopFacts(loop: Loop): LoopFacts {
  const {
    state: _,
    fresh: _1,
    attempt: _2,
    until: _3,
    why: _4,
    for: _8,
    need: _9,
    finishedAt: _5,
    failure: _6,
    cleared: _7,
    ...facts
  } = loop as Loop & Record<string, unknown>;
  return facts as LoopFacts;
}

/** Submits a loop. */
export function submit(
  store: TestStore,
  loopId: string,
  facts: Partial<NewLoop> = {},
  prompt = `Prompt of ${loopId}`,
): Promise<QueuedLoop> {
  return store.write((tx) => tx.insertLoop(newLoop(loopId, facts), prompt));
}

/** Starts a queued loop. */
export function start(
  store: TestStore,
  loop: Loop,
  token: string,
  facts: Partial<Attempt> = {},
): Promise<Extract<Loop, { state: 'running' }>> {
  return store.write((tx) => {
    const attempt = tx.insertAttempt(loop.seq, newAttempt(token, facts));
    const running = { ...loopFacts(loop), state: 'running' as const, attempt };
    tx.saveLoop(running, { at: 2_000, from: loop.state, to: 'running', why: '' });
    return running;
  });
}

/** Ends a loop. */
export function finish(store: TestStore, loop: Loop, facts: Partial<FinishedLoop> = {}): Promise<FinishedLoop> {
  return store.write((tx) => {
    if ('attempt' in loop) tx.saveAttempt(loop.seq, { ...loop.attempt, end: ENDED });
    const finished = { ...loopFacts(loop), state: 'completed', finishedAt: 3_000, ...facts } as FinishedLoop;
    tx.saveLoop(finished, { at: finished.finishedAt, from: loop.state, to: finished.state, why: '' });
    return finished;
  });
}

/** A failed loop that counts as permanently failed. */
export const FAILED = {
  state: 'failed',
  failure: { class: 'exit', reason: 'exit code 1', at: 3_000 },
  cleared: false,
} as const;
