import { mayStart } from './budget.ts';
import { cooldownRemainingMs } from './circuitBreaker.ts';
import type { SupervisorContext } from './context.ts';
import { gateClosed, isHeld } from './dispatch.ts';
import type { Engine } from './engine.ts';
import { type Attempt, isFinished, type Loop, reservedOf } from './loop.ts';
import type { QueuedLoop } from './mirror.ts';
import { toUsd } from './money.ts';
import type { AttemptDetail, CircuitStatus, LiveView, LoopDetail, LoopSpend, Status, WaitingFor } from './status.ts';

/** Failed loops that a snapshot names at most (R9.4). */
const FAILED_NAMED = 100;

/** One consistent snapshot, from memory (R10.1), with the first `maxQueued` of the queue. `notReady` says why no work is taken. */
export function statusOf(engine: Engine, notReady: string | undefined, maxQueued: number): Status {
  const { mirror, context } = engine;
  const now = context.clock.now();
  const { control } = mirror;
  const day = mirror.spentOn(context.clock.day(now));
  const waitingFor = waitingReasons(engine, now);
  return {
    running: [...mirror.active.values()].map((loop) => ({
      loopId: loop.loopId,
      ...(loop.attempt.leader && { pid: loop.attempt.leader.pid }),
      startedAt: loop.attempt.startedAt,
      attempt: loop.attempt.number,
      agent: loop.agent,
      costUsd: toUsd(loop.cost),
      stopping: loop.state === 'stopping',
    })),
    queued: firstOf(mirror.queue, maxQueued).map((loop, index) => ({
      loopId: loop.loopId,
      position: index + 1,
      priority: loop.priority,
      enqueuedAt: loop.submittedAt,
      waitingFor: waitingFor(loop),
    })),
    backingOff: timed(engine, 'backingOff'),
    waiting: timed(engine, 'waiting'),
    circuitState: control.circuit.state,
    circuit: circuitStatus(engine, now),
    concurrencyUsed: mirror.active.size,
    concurrencyMax: context.settings.maxConcurrent,
    queueDepth: mirror.depth,
    queueMax: context.settings.maxQueueDepth,
    budget: {
      spent: toUsd(Math.max(0, day.spent)),
      reserved: toUsd(mirror.reserved),
      limit: toUsd(context.settings.budget.dailyLimit),
      resetsAt: context.clock.nextDay(now),
    },
    permanentlyFailed: notReady === undefined ? context.store.permanentlyFailed(FAILED_NAMED) : [],
    paused: control.paused,
    ready: notReady === undefined,
    ...(notReady !== undefined && { notReady }),
  };
}

function firstOf<T>(items: Iterable<T>, count: number): T[] {
  const first: T[] = [];
  for (const item of items) {
    if (first.length >= count) break;
    first.push(item);
  }
  return first;
}

function timed(engine: Engine, state: 'backingOff' | 'waiting'): Status['waiting'] {
  const loops = [...engine.mirror.timed.values()].filter((loop) => loop.state === state);
  return loops.map((loop) => ({
    loopId: loop.loopId,
    until: loop.until,
    reason: loop.state === 'waiting' ? loop.why : (loop.lastError?.reason ?? ''),
  }));
}

function circuitStatus({ mirror, context }: Engine, now: number): CircuitStatus {
  const { circuit } = mirror.control;
  return {
    state: circuit.state,
    consecutiveFailures: circuit.consecutiveFailures,
    ...(circuit.lastFailureAt !== undefined && { lastFailureAt: circuit.lastFailureAt }),
    ...(circuit.openedAt !== undefined && { openedAt: circuit.openedAt }),
    cooldownRemainingMs: cooldownRemainingMs(circuit, context.settings.circuit, now),
    reasons: circuit.reasons,
  };
}

/** Says of each queued loop what it waits for, by what is the same for all of them first. */
function waitingReasons(engine: Engine, now: number): (loop: QueuedLoop) => WaitingFor {
  const { mirror, context } = engine;
  const gate = gateClosed(mirror, context);
  const { spent } = mirror.spentOn(context.clock.day(now));
  const budget = { spent, reserved: mirror.reserved, runningReserved: mirror.runningReserved, limit: context.settings.budget.dailyLimit };
  let headFits: boolean | undefined;
  return (loop) => {
    if (gate === 'paused') return 'paused';
    if (isHeld(mirror, loop.agent, now)) return 'limit';
    const home = engine.homes.homeOf(loop);
    if (home === 'gone') return 'window';
    if (gate !== undefined) return gate;
    headFits ??= mayStart(budget, loop.estimate);
    if (!headFits) return 'budget';
    return home === 'elsewhere' ? 'window' : 'slot';
  };
}

/** Live loops in the order of the tree: active first, then the first `maxQueued` of the queue in its order, then what waits for a time. */
export function liveViews(engine: Engine, maxQueued: number): LiveView[] {
  const { mirror, homes } = engine;
  const views: LiveView[] = [];
  for (const loop of mirror.active.values()) {
    const activity = engine.runs.of(loop)?.activity;
    views.push({ loop, home: homes.homeOf(loop), ...(activity && { activity }) });
  }
  const waitingFor = waitingReasons(engine, engine.context.clock.now());
  let position = 0;
  for (const loop of mirror.queue) {
    if (position === maxQueued) break;
    views.push({ loop, home: homes.homeOf(loop), position: ++position, waitingFor: waitingFor(loop) });
  }
  for (const loop of mirror.timed.values()) views.push({ loop, home: homes.homeOf(loop) });
  return views;
}

/** Everything about the latest loop of that id, or with `seq` about that very one. */
export function detailOf(engine: Engine, loopId: string, seq?: number): LoopDetail | undefined {
  const { store } = engine.context;
  const latest: Loop | undefined = engine.mirror.find(loopId) ?? store.latest(loopId);
  const loop = seq === undefined || latest?.seq === seq ? latest : store.bySeq(seq);
  if (loop?.loopId !== loopId) return undefined;
  return {
    loopId,
    state: loop.state,
    loop,
    prompt: store.prompt(loop.seq),
    attempts: store.attempts(loop.seq).map(attemptDetail),
    costUsd: toUsd(loop.cost),
    costEstimated: loop.costEstimated > 0,
    reservedUsd: isFinished(loop) ? 0 : toUsd(reservedOf(loop)),
    history: store.history(loop.seq),
    ledger: store.ledger(loop.seq),
  };
}

/** Today's spend by loop, largest first. */
export function spendToday({ clock, store }: SupervisorContext, limit: number): LoopSpend[] {
  const rows = store.spendByLoop(clock.day(clock.now()), limit);
  return rows.map(({ cost, estimated, ...row }) => ({ ...row, usd: toUsd(cost), estimatedUsd: toUsd(estimated) }));
}

function attemptDetail(attempt: Attempt): AttemptDetail {
  const { end } = attempt;
  return {
    number: attempt.number,
    ...(attempt.leader && { pid: attempt.leader.pid }),
    startedAt: attempt.startedAt,
    ...(end && { endedAt: end.at, outcome: end.outcome, reason: end.reason }),
    ...(end?.exitCode !== undefined && { exitCode: end.exitCode }),
    ...(end?.signal !== undefined && { signal: end.signal }),
    ...(attempt.sessionId !== undefined && { sessionId: attempt.sessionId }),
    resumed: attempt.resumed,
    token: attempt.token,
    cost: { usd: toUsd(attempt.cost), source: attempt.costEstimated > 0 ? 'estimated' : attempt.cost > 0 ? 'reported' : 'none' },
    swept: end?.swept ?? [],
    kept: end?.kept ?? [],
    remaining: end?.remaining ?? [],
  };
}
