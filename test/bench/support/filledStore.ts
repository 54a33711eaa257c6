import { there } from '../../../src/core/model/looks.ts';
import type { LoopFacts } from '../../../src/core/model/loop.ts';
import { DEFAULT_SETTINGS } from '../../../src/core/model/settings.ts';
import type { AgentLauncher } from '../../../src/core/ports/launcher.ts';
import type { Store } from '../../../src/core/ports/store.ts';
import { systemClock } from '../../../src/core/runtime/systemClock.ts';
import { Supervisor } from '../../../src/core/supervisor.ts';
import { openStore } from '../../../src/store/sqlite/store.ts';
import { fakeCatalog, fakeProfile } from '../../support/harness.ts';
import { instantLauncher } from './instantLauncher.ts';

const BATCH = 1_000;
const PROMPT = 'Fix the failing test, then run all tests, and say what was wrong.';

export interface Filled {
  readonly store: Store;
  readonly supervisor: Supervisor;
}

/** The time (ms) from one loop to the next. */
const APART_MS = 10_000;

/** A supervisor on a file that holds so many completed loops. It starts nothing: its queue is paused. */
export async function filledStore(
  path: string,
  finished: number,
  launcher: AgentLauncher = instantLauncher(),
): Promise<Filled> {
  const store = openStore({
    path,
    clock: systemClock,
    log: (message, error) => process.stderr.write(`${message} ${error ?? ''}\n`),
  });
  const now = Date.now();
  for (let done = 0; done < finished; done += BATCH) {
    await store.write((tx) => {
      for (let n = 0; n < Math.min(BATCH, finished - done); n++) {
        const at = now - (finished - done - n) * APART_MS;
        const facts: Omit<LoopFacts, 'seq' | 'place'> = {
          ...{
            loopId: `old-${done + n}`,
            title: `Fix number ${done + n}`,
            agent: 'sample',
            cwd: '/work',
            windowId: 'bench',
            priority: 0,
            estimate: 0,
          },
          ...{
            estimateAssumed: false,
            submittedAt: at,
            since: at,
            attempts: 1,
            restarts: [],
            quickCrashes: 0,
            cost: 1_000,
            costEstimated: 0,
            costUnknown: 0,
            costAtLeast: false,
            idleAllowances: 0,
          },
        };
        const { seq, place } = tx.insertLoop({ ...facts, state: 'queued', fresh: true }, PROMPT);
        const attempt = tx.insertAttempt(seq, {
          ...{
            number: 1,
            token: `${seq}-1-bench`,
            windowId: 'bench',
            startedAt: at,
            generation: 0,
            probe: false,
            reserved: 0,
            resumed: false,
          },
          ...{ readOffset: 0, cost: 1_000, costEstimated: 0, costUnknown: 0, costAtLeast: false, accrued: 0 },
        });
        tx.addLedger({
          key: 'once',
          seq,
          attemptId: attempt.id,
          agent: 'sample',
          day: systemClock.day(at),
          at,
          cost: 1_000,
          source: 'reported',
        });
        tx.saveAttempt(seq, {
          ...attempt,
          end: { exitCode: 0, outcome: 'ok', reason: 'exit code 0', at, swept: [], kept: [], remaining: [] },
        });
        const change = { at, from: 'running', to: 'completed', why: 'exit code 0' } as const;
        tx.saveLoop({ ...facts, seq, place, state: 'completed', finishedAt: at }, change);
      }
    });
  }
  let ids = 0;
  const supervisor = new Supervisor({
    ...{
      store,
      launcher,
      clock: systemClock,
      agents: fakeCatalog(fakeProfile('sample')),
      folders: { look: () => there(undefined) },
      random: () => 0.5,
    },
    inspector: { self: { pid: process.pid, startTime: '0', bootId: 'bench' }, look: () => there(undefined) },
    settings: {
      ...DEFAULT_SETTINGS,
      maxQueueDepth: 1_000_000,
      retention: { ...DEFAULT_SETTINGS.retention, maxLoops: 1_000_000 },
    },
    window: { id: 'bench', folders: [], home: '/work' },
    log: (message, error) => process.stderr.write(`${message} ${error ?? ''}\n`),
    newId: () => `${String(++ids).padStart(10, '0')}benchid`,
  });
  await supervisor.start();
  await supervisor.pause();
  return { store, supervisor };
}
