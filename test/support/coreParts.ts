import type { Attempt } from '../../src/core/model/attempt.ts';
import { GONE, there } from '../../src/core/model/looks.ts';
import type { ActiveLoop, LoopFacts } from '../../src/core/model/loop.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../src/core/model/settings.ts';
import type { WindowLease } from '../../src/core/ports/store.ts';
import type { SupervisorContext } from '../../src/core/state/context.ts';
import { LiveState, type QueuedLoop, type TimedLoop } from '../../src/core/state/liveState.ts';
import { FakeClock } from './fakeClock.ts';
import { FakeLauncher } from './fakeLauncher.ts';
import { fakeCatalog, fakeProfile } from './harness.ts';

/** What decisions of the core look at beside loops, without a store: for tests of one decision alone. */
export function contextWith(
  facts: Partial<Omit<SupervisorContext, 'settings'>> & { readonly settings?: Partial<Settings> } = {},
): SupervisorContext {
  const clock = new FakeClock();
  const { settings, ...rest } = facts;
  const none = () => {
    throw new Error('This decision is made without a store.');
  };
  return {
    store: new Proxy({}, { get: none }) as SupervisorContext['store'],
    launcher: new FakeLauncher(clock),
    agents: fakeCatalog(fakeProfile('sample')),
    clock,
    inspector: { self: { pid: 1, startTime: '1', bootId: 'boot' }, look: () => there(undefined) },
    folders: { look: (path) => (path.startsWith('/') ? there(path) : GONE) },
    window: { id: 'w1', folders: ['/project'], home: '/home' },
    log: () => undefined,
    random: () => 0.5,
    newId: () => 'abcdefghijklmnop',
    settings: { ...DEFAULT_SETTINGS, ...settings },
    read: { settings: DEFAULT_SETTINGS, doubts: {} },
    storedSettings: undefined,
    unstoredSettings: {},
    unknownSettings: [],
    keptSettings: [],
    differingSettings: [],
    memoryHeld: 0,
    clones: undefined,
    hasNewClones: false,
    ...rest,
  };
}

const FACTS: Omit<LoopFacts, 'seq' | 'loopId' | 'place'> = {
  title: 'work',
  agent: 'sample',
  cwd: '/project',
  folder: '/project',
  windowId: 'w1',
  priority: 0,
  estimate: 0,
  estimateAssumed: false,
  submittedAt: 0,
  since: 0,
  attempts: 0,
  restarts: [],
  quickCrashes: 0,
  cost: 0,
  costEstimated: 0,
  costUnknown: 0,
  costAtLeast: false,
  idleAllowances: 0,
};

function baseFacts(seq: number, facts: Partial<LoopFacts>): LoopFacts {
  return { ...FACTS, seq, loopId: `loop${seq}`, place: seq, ...facts };
}

export function queuedLoop(seq: number, facts: Partial<LoopFacts> & { readonly fresh?: boolean } = {}): QueuedLoop {
  const { fresh = true, ...rest } = facts;
  return { ...baseFacts(seq, rest), state: 'queued', fresh };
}

export function backingOffLoop(seq: number, facts: Partial<LoopFacts> & { readonly until?: number } = {}): TimedLoop {
  const { until = 0, ...rest } = facts;
  return { ...baseFacts(seq, rest), state: 'backingOff', until };
}

export function activeLoop(
  seq: number,
  facts: Partial<LoopFacts> = {},
  attempt: Partial<Attempt> = {},
  state: ActiveLoop['state'] = 'running',
): ActiveLoop {
  const loop = baseFacts(seq, { attempts: 1, ...facts });
  return {
    ...loop,
    state,
    attempt: {
      id: seq * 100,
      number: 1,
      token: `${seq}-1-token`,
      windowId: loop.windowId,
      startedAt: 0,
      generation: 0,
      probe: false,
      reserved: loop.estimate,
      resumed: false,
      readOffset: 0,
      cost: 0,
      costEstimated: 0,
      costUnknown: 0,
      costAtLeast: false,
      accrued: 0,
      ...attempt,
    },
  };
}

export function liveStateWith(...loops: (QueuedLoop | TimedLoop | ActiveLoop)[]): LiveState {
  const liveState = new LiveState();
  for (const loop of loops) liveState.put(loop);
  return liveState;
}

export function lease(id: string, folders: readonly string[] = ['/project']): WindowLease {
  const pid = Number(id.replace(/\D/g, '')) || 1;
  return { id, folders, process: { pid, startTime: id, bootId: 'boot' }, openedAt: 0 };
}
