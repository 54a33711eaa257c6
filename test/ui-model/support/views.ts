import type { Attempt } from '../../../src/core/model/attempt.ts';
import type { ActiveLoop, FinishedLoop, LiveLoop, LoopFacts } from '../../../src/core/model/loop.ts';
import type { LiveView, Status } from '../../../src/core/model/status.ts';

/** The moment at which the views of these tests are looked at. */
export const NOW = new Date(2026, 2, 10, 15, 40).getTime();

export function facts(loopId: string, more: Partial<LoopFacts> = {}): LoopFacts {
  return {
    seq: loopId.charCodeAt(0),
    loopId,
    title: `Title of ${loopId}`,
    agent: 'sample',
    cwd: '/project',
    folder: '/project',
    windowId: 'w1',
    priority: 0,
    place: loopId.charCodeAt(0),
    estimate: 0,
    estimateAssumed: false,
    submittedAt: NOW - 60_000,
    since: NOW - 60_000,
    attempts: 0,
    restarts: [],
    quickCrashes: 0,
    cost: 0,
    costEstimated: 0,
    costUnknown: 0,
    costAtLeast: false,
    idleAllowances: 0,
    ...more,
  };
}

export function attempt(more: Partial<Attempt> = {}): Attempt {
  return {
    id: 1,
    number: 1,
    token: 'token',
    windowId: 'w1',
    startedAt: NOW - 125_000,
    generation: 0,
    probe: false,
    reserved: 0,
    resumed: false,
    readOffset: 0,
    cost: 0,
    costEstimated: 0,
    costUnknown: 0,
    costAtLeast: false,
    accrued: 0,
    ...more,
  };
}

export function running(
  loopId: string,
  more: Partial<LoopFacts> = {},
  state: ActiveLoop['state'] = 'running',
): LiveView {
  return here({ ...facts(loopId, { attempts: 1, ...more }), state, attempt: attempt({ number: more.attempts ?? 1 }) });
}

export function queued(loopId: string, position: number, more: Partial<LoopFacts> = {}): LiveView {
  return { ...here({ ...facts(loopId, more), state: 'queued', fresh: true }), position, waitingFor: 'slot' };
}

export function here(loop: LiveLoop): LiveView {
  return { loop, host: 'here' };
}

export function completed(loopId: string, more: Partial<LoopFacts> = {}): FinishedLoop {
  return { ...facts(loopId, { attempts: 1, ...more }), state: 'completed', finishedAt: NOW - 600_000 };
}

/** A status in which nothing goes on, with what a test says otherwise. */
export function statusWith(more: Partial<Status> = {}): Status {
  return {
    running: [],
    preparing: [],
    queued: [],
    parked: [],
    circuits: [],
    accounts: [],
    holds: [],
    backingOff: [],
    asking: [],
    waiting: [],
    circuitState: 'closed',
    circuit: { state: 'closed', consecutiveFailures: 0, cooldownRemainingMs: 0, reasons: [] },
    concurrencyUsed: 0,
    concurrencyMax: 4,
    queueDepth: 0,
    queueMax: 20,
    budget: { spent: 0, unknown: 0, reserved: 0, granted: 0, limit: 0, resetsAt: NOW + 3_600_000 },
    permanentlyFailed: [],
    paused: false,
    unknownSettings: [],
    ready: true,
    ...more,
  };
}
