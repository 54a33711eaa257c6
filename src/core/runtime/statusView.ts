import type { Attempt } from '../model/attempt.ts';
import { leftoversOf, NOTHING_LEFT } from '../model/leftovers.ts';
import { isFinished, type Loop, reservedOf } from '../model/loop.ts';
import type { AttemptDetail, LoopDetail } from '../model/loopDetail.ts';
import { type NanoUsd, toUsd } from '../model/money.ts';
import { openQuestions } from '../model/question.ts';
import type { AccountSpend, LiveView, LoopSpend, Status, WaitingFor } from '../model/status.ts';
import { requestLine } from '../policy/requests.ts';
import { needsMoney, type SupervisorContext } from '../state/context.ts';
import { accountOf, circuitOf } from '../state/gates.ts';
import type { LiveState, QueuedLoop } from '../state/liveState.ts';
import { gateClosed } from '../steps/dispatch.ts';
import { reserveFit } from '../steps/grants.ts';
import type { Engine } from './engine.ts';
import { accountStatuses, circuitStatuses, holdStatuses, worstCircuit } from './holdView.ts';
import { firstOf, parkedFor, parkedStatuses } from './queueView.ts';

type StatusParts = Pick<Engine, 'context' | 'liveState' | 'machines' | 'ownership' | 'placement'>;

/** How many failed loops a snapshot names at most (R9.4). */
const FAILED_NAMED = 100;

/**
 * One consistent snapshot, from memory (R10.1), with the first `maxQueued` of the queue. `notReady` says why no work is
 * taken.
 */
export function statusOf(engine: StatusParts, notReady: string | undefined, maxQueued: number): Status {
  const { liveState, context } = engine;
  const now = context.clock.now();
  const { control } = liveState;
  const endOfDay = context.clock.nextDay(now);
  const day = liveState.spentOn(context.clock.day(now));
  const waitingFor = waitingReasons(engine, now);
  const circuits = circuitStatuses(engine, now);
  const { account: _, ...circuit } = worstCircuit(circuits);
  return {
    running: [...liveState.active.values()].map((loop) => ({
      loopId: loop.loopId,
      ...(loop.attempt.leader && { pid: loop.attempt.leader.pid }),
      startedAt: loop.attempt.startedAt,
      attempt: loop.attempt.number,
      agent: loop.agent,
      costUsd: toUsd(loop.cost + loop.attempt.accrued),
      ...(loop.attempt.allowance && { allowanceUsd: toUsd(loop.attempt.allowance.amount) }),
      unbounded: loop.attempt.allowance?.heldBy === 'nobody',
      stopping: loop.state === 'stopping',
    })),
    preparing: [...liveState.preparing.values()].map(({ loopId, since }) => ({ loopId, since })),
    queued: firstOf(liveState.queue, maxQueued).map((loop, index) => ({
      loopId: loop.loopId,
      position: index + 1,
      priority: loop.priority,
      enqueuedAt: loop.submittedAt,
      waitingFor: waitingFor(loop),
    })),
    parked: parkedStatuses(engine, maxQueued),
    backingOff: backingOff(liveState),
    asking: asking(liveState),
    waiting: waiting(liveState),
    circuitState: circuit.state,
    circuit,
    circuits,
    accounts: accountStatuses(engine),
    holds: holdStatuses(control.gates),
    concurrencyUsed: liveState.slotsTaken,
    concurrencyMax: context.settings.maxConcurrent,
    queueDepth: liveState.depth,
    queueMax: context.settings.maxQueueDepth,
    budget: {
      spent: toUsd(Math.max(0, day.spent + liveState.accrued)),
      unknown: toUsd(day.unknown),
      reserved: toUsd(liveState.reservedBefore(endOfDay)),
      granted: toUsd(liveState.granted),
      limit: toUsd(context.settings.budget.dailyLimit),
      resetsAt: endOfDay,
    },
    permanentlyFailed: notReady === undefined ? permanentlyFailed(engine) : [],
    paused: control.paused,
    unknownSettings: context.unknownSettings,
    ready: notReady === undefined,
    ...(notReady !== undefined && { notReady }),
  };
}

/** Consistent with the rest: a loop that the store still lists as failed may live again (R10.1). */
function permanentlyFailed({ liveState, context }: StatusParts): string[] {
  return context.store.permanentlyFailed(FAILED_NAMED).filter((loopId) => !liveState.find(loopId));
}

function backingOff({ timed }: LiveState): Status['backingOff'] {
  return [...timed.values()].flatMap((loop) => {
    if (loop.state !== 'backingOff') return [];
    return [{ loopId: loop.loopId, until: loop.until, reason: loop.lastError?.reason ?? '' }];
  });
}

function asking({ active, needUser }: LiveState): Status['asking'] {
  return [...active.values(), ...needUser.values()].flatMap((loop) => {
    if (loop.state === 'stopping' && loop.attempt.stop?.by !== 'asking') return [];
    return openQuestions(loop).map(({ id, at, request }) => {
      return { loopId: loop.loopId, question: id, asks: requestLine(request), since: at };
    });
  });
}

function waiting({ timed, needUser }: LiveState): Status['waiting'] {
  return [...timed.values(), ...needUser.values()].flatMap((loop) => {
    if (loop.state !== 'waiting') return [];
    const until = loop.for === 'you' ? {} : { until: loop.until };
    return [{ loopId: loop.loopId, for: loop.for, ...until, reason: loop.why }];
  });
}

/** Says of each queued loop what it waits for, by what is the same for all of them first. */
function waitingReasons(engine: StatusParts, now: number): (loop: QueuedLoop) => WaitingFor {
  const { liveState, context } = engine;
  const gate = gateClosed(liveState, context);
  const today = context.clock.day(now);
  const isGranted = isAllGranted(liveState, context, today);
  let headFits: boolean | undefined;
  return (loop) => {
    if (gate === 'paused') return 'paused';
    const parked = parkedFor(engine, loop)?.reason;
    if (parked !== undefined) return parked === 'usageLimit' ? 'limit' : parked;
    if (circuitOf(liveState, accountOf(context, loop.agent)).state !== 'closed') return 'circuit';
    if (gate !== undefined) return gate;
    if (needsMoney(context, loop.agent, loop.estimate)) {
      headFits ??= !isGranted && reserveFit(liveState, context, today, loop) === 'now';
      if (!headFits) return 'budget';
    }
    return engine.ownership.hostOf(loop) === 'elsewhere' ? 'window' : 'slot';
  };
}

/** Whether running loops have been granted so much that what is left is less than the smallest share (R6.8). */
function isAllGranted(liveState: LiveState, { settings }: SupervisorContext, today: string): boolean {
  const { dailyLimit, minAllowance } = settings.budget;
  const left = dailyLimit - liveState.usedOn(today) - liveState.granted;
  return dailyLimit > 0 && liveState.granted > 0 && left < minAllowance;
}

/**
 * Live loops in the order of the tree: active first, then the first `maxQueued` of the queue in its order, then what
 * waits.
 */
export function liveViews(
  engine: StatusParts & { readonly runs: Pick<Engine['runs'], 'of'> },
  maxQueued: number,
): LiveView[] {
  const { liveState, machines, ownership } = engine;
  const views: LiveView[] = [];
  const placed = (loop: LiveView['loop']) => ({
    loop,
    host: ownership.hostOf(loop),
    ...(!machines.isHere(loop) && { machine: machines.nameOf(loop.machine ?? '') }),
  });
  for (const loop of liveState.active.values()) {
    const activity = engine.runs.of(loop)?.activity;
    views.push({ ...placed(loop), ...(activity && { activity }) });
  }
  for (const loop of liveState.preparing.values()) views.push(placed(loop));
  const waitingFor = waitingReasons(engine, engine.context.clock.now());
  let position = 0;
  for (const loop of liveState.queue) {
    if (position === maxQueued) break;
    views.push({ ...placed(loop), position: ++position, waitingFor: waitingFor(loop) });
  }
  for (const loop of [...liveState.timed.values(), ...liveState.needUser.values()]) views.push(placed(loop));
  return views;
}

/** The latest loop of that id, or with `seq` that one. */
export async function findLoop(
  { context, liveState }: Pick<Engine, 'context' | 'liveState'>,
  loopId: string,
  seq?: number,
): Promise<Loop | undefined> {
  const live = liveState.find(loopId);
  if (live && (seq === undefined || live.seq === seq)) return live;
  const loop = await (seq === undefined ? context.store.latest(loopId) : context.store.bySeq(seq));
  return loop?.loopId === loopId ? loop : undefined;
}

/** Everything about the latest loop of that id, or with `seq` about that one. */
export async function detailOf(
  engine: Pick<Engine, 'context' | 'liveState' | 'machines'>,
  loopId: string,
  seq?: number,
): Promise<LoopDetail | undefined> {
  const { store } = engine.context;
  const loop = await findLoop(engine, loopId, seq);
  if (!loop) return undefined;
  const { seq: row } = loop;
  const reads = [
    store.prompt(row),
    store.attempts(row),
    store.history(row),
    store.ledger(row),
    store.checks(row),
  ] as const;
  const [prompt, attempts, history, ledger, checks] = await Promise.all(reads);
  const machine = engine.machines.placeOf(loop);
  return {
    loopId,
    state: loop.state,
    ...(machine !== undefined && { machine }),
    loop,
    prompt,
    attempts: attempts.map(attemptDetail),
    costUsd: toUsd(loop.cost),
    costEstimated: loop.costEstimated > 0,
    unknownUsd: toUsd(loop.costUnknown),
    costAtLeast: loop.costAtLeast,
    reservedUsd: isFinished(loop) ? 0 : toUsd(reservedOf(loop)),
    history,
    ledger,
    checks,
  };
}

/** Today's spend by loop, largest first. */
export async function spendToday({ clock, store }: SupervisorContext, limit: number): Promise<LoopSpend[]> {
  return (await store.spendByLoop(clock.day(clock.now()), limit)).map(inUsd);
}

/** Today's spend by account, largest first (R14.5). */
export async function spendTodayByAccount({ clock, store }: SupervisorContext): Promise<AccountSpend[]> {
  return (await store.spendByAccount(clock.day(clock.now()))).map(inUsd);
}

function inUsd<T extends { readonly cost: NanoUsd; readonly estimated: NanoUsd; readonly unknown: NanoUsd }>(row: T) {
  const { cost, estimated, unknown, ...rest } = row;
  return { ...rest, usd: toUsd(cost), estimatedUsd: toUsd(estimated), unknownUsd: toUsd(unknown) };
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
    ...(end?.lastWords !== undefined && { lastWords: end.lastWords }),
    ...(attempt.sessionId !== undefined && { sessionId: attempt.sessionId }),
    ...(attempt.account !== undefined && { account: attempt.account }),
    ...(attempt.isCheck && { isCheck: true as const }),
    ...(attempt.isSetup && { isSetup: true as const }),
    ...(attempt.round !== undefined && { round: attempt.round }),
    resumed: attempt.resumed,
    token: attempt.token,
    ...(attempt.treeBefore !== undefined && { treeBefore: attempt.treeBefore }),
    ...(attempt.treeAfter !== undefined && { treeAfter: attempt.treeAfter }),
    ...(attempt.containment && { containment: attempt.containment }),
    cost: {
      usd: toUsd(attempt.cost + attempt.accrued),
      unknownUsd: toUsd(attempt.costUnknown),
      source: sourceOf(attempt),
      atLeast: attempt.costAtLeast,
    },
    ...(attempt.allowance && { allowanceUsd: toUsd(attempt.allowance.amount) }),
    ...leftoversOf(end ?? NOTHING_LEFT),
  };
}

function sourceOf({ cost, accrued, costEstimated, costUnknown }: Attempt): AttemptDetail['cost']['source'] {
  if (costUnknown > 0) return 'unknown';
  if (costEstimated > 0 || accrued > 0) return 'estimated';
  return cost > 0 ? 'reported' : 'none';
}
