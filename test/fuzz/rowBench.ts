import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SupervisorError } from '../../src/core/model/errors.ts';
import { GONE, there } from '../../src/core/model/looks.ts';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { Supervisor } from '../../src/core/supervisor.ts';
import { openStore } from '../../src/store/sqlite/store.ts';
import { FakeClock } from '../support/fakeClock.ts';
import { FakeLauncher } from '../support/fakeLauncher.ts';
import { fakeCatalog, fakeProfile } from '../support/harness.ts';

const IDS = ['done', 'failed', 'waits', 'cancelled', 'backs-off', 'runs', 'stops', 'queued1', 'queued2'];
const SETTINGS = {
  ...DEFAULT_SETTINGS,
  maxConcurrent: 3,
  restart: { maxRestarts: 1, windowMs: 600_000, maxTotal: 1_000 },
};

interface Machine {
  readonly store: Store;
  readonly supervisor: Supervisor;
  readonly launcher: FakeLauncher;
  readonly clock: FakeClock;
  readonly logged: string[];
}

function open(path: string, pid: number, clock = new FakeClock()): Machine {
  const logged: string[] = [];
  const log = (message: string, error?: unknown) =>
    void logged.push(`${message} ${error === undefined ? '' : String(error)}`);
  const store = openStore({ path, clock, log });
  const launcher = new FakeLauncher(clock);
  let ids = 0;
  const supervisor = new Supervisor({
    store,
    launcher,
    agents: fakeCatalog(fakeProfile('sample'), fakeProfile('claude')),
    clock,
    inspector: {
      self: { pid, startTime: '0', bootId: 'fuzz' },
      look: (other) => (other.pid === pid ? there(other) : GONE),
    },
    folders: { look: () => there(undefined) },
    settings: SETTINGS,
    window: { id: `window-${pid}`, folders: ['/project'], home: '/project' },
    log,
    random: () => 0.5,
    newId: () => `${String(++ids).padStart(10, '0')}${clock.now()}`,
  });
  return { store, supervisor, launcher, clock, logged };
}

/** A database with loops in every state, made by the product itself, as one file. */
export async function makeDatabase(path: string): Promise<void> {
  const working = `${path}.making`;
  const { store, supervisor, launcher, clock } = open(working, 1);
  await supervisor.start();
  for (const loopId of IDS) {
    const agent = loopId === 'waits' ? 'claude' : 'sample';
    await supervisor.submit({
      loopId,
      agent,
      prompt: `the prompt of ${loopId}`,
      estimatedCostUsd: 0.5,
      metadata: { of: loopId },
    });
    await clock.advance(10);
    const run = launcher.alive.find((alive) => alive.loopId === loopId);
    run?.start();
    run?.say(
      { type: 'session', sessionId: `session-${loopId}` },
      { type: 'cost', cost: 1_000_000, source: 'reported' },
    );
    await clock.advance(10);
    if (loopId === 'done') run?.ok();
    if (loopId === 'failed') run?.end({ says: [{ type: 'end', ok: false, reason: 'too many turns', cause: 'turns' }] });
    if (loopId === 'waits') run?.end({ says: [{ type: 'limit', reason: 'used up', until: clock.now() + 7_200_000 }] });
    if (loopId === 'cancelled') await supervisor.cancel(loopId);
    if (loopId === 'backs-off') run?.fail();
    await clock.advance(10);
  }
  launcher.onStop = () => {};
  await supervisor.cancel('stops');
  await clock.advance(10);
  const loops = await Promise.all(IDS.map((loopId) => supervisor.find(loopId)));
  const states = loops.map((loop) => loop?.state).join();
  supervisor.dispose();
  store.close();
  const file = new DatabaseSync(working);
  file.prepare('VACUUM INTO ?').run(path);
  file.close();
  if (states !== 'completed,failed,waiting,cancelled,backingOff,running,stopping,running,queued')
    throw new Error(`The loops are ${states}.`);
}

/** One spoilt copy of the database, and a window that opens it. */
export class RowBench {
  readonly #path: string;
  #machine: Machine | undefined;

  constructor(path: string, original: string) {
    this.#path = path;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    copyFileSync(original, path);
  }

  /** Works with what is there; answers what went wrong, or undefined. */
  async wrong(): Promise<string | undefined> {
    try {
      const clock = new FakeClock();
      clock.jump(60_000);
      this.#machine = open(this.#path, 2, clock);
      await this.#machine.supervisor.start();
    } catch (error) {
      return retryLog('opening', error);
    }
    const { supervisor, clock, launcher, logged } = this.#machine;
    await clock.advance(2_000);
    let told =
      (await this.#looks(supervisor)) ??
      (await said('a submit', () => supervisor.submit({ loopId: 'queued1', prompt: 'again' })));
    told ??= await said('a submit', () => supervisor.submit({ prompt: 'new', agent: 'sample' }));
    await clock.advance(120_000);
    for (const run of launcher.alive) run.ok();
    await clock.advance(2_000);
    told ??= await said('a cost', () => supervisor.recordCost('done', 0.1));
    told ??= await said('a retry', () => supervisor.retry('failed'));
    told ??= await said('a stop', () => supervisor.stopAll());
    await clock.advance(10_000);
    told ??= await this.#looks(supervisor);
    if (told !== undefined) return told;
    const trouble = supervisor.status().notReady;
    const left = supervisor.live();
    if (trouble === undefined && left.length > 0) {
      return `${left.length} loops could not be stopped: ${JSON.stringify(left[0]).slice(0, 400)}; it was logged: ${logged.slice(-3).join(' | ')}`;
    }
    return undefined;
  }

  dispose(): void {
    this.#machine?.supervisor.dispose();
    this.#machine?.store.close();
    rmSync(dirname(this.#path), { recursive: true, force: true });
  }

  async #looks(supervisor: Supervisor): Promise<string | undefined> {
    const { store } = this.#machine as Machine;
    const looks: (() => unknown)[] = [
      ...[
        () => supervisor.status(),
        () => supervisor.live(10),
        () => supervisor.finished({ limit: 100 }),
        () => supervisor.finishedCount(),
      ],
      ...[
        () => supervisor.spend('0000-00-00'),
        () => supervisor.spendToday(10),
        () => store.permanentlyFailed(10),
        () => store.settledTokens(10),
      ],
      ...[
        () => supervisor.historyQueries.timeline({ from: 0, limit: 100 }),
        () => supervisor.historyQueries.circuitChanges(0),
      ],
      ...IDS.map((loopId) => async () => JSON.stringify(await supervisor.get(loopId))),
    ];
    for (const look of looks) {
      try {
        await look();
      } catch (error) {
        const wrong = retryLog('a look', error);
        if (wrong !== undefined) return wrong;
      }
    }
    return undefined;
  }
}

async function said(what: string, work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return retryLog(what, error);
  }
}

/** An error of ours with a sentence is an answer; any other is none. */
function retryLog(what: string, error: unknown): string | undefined {
  if (error instanceof SupervisorError && error.message.length > 10) return undefined;
  return `${what} threw ${error instanceof Error ? error.stack : String(error)}`;
}
