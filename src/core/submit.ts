import { type CheckedSpec, refusal } from './admission.ts';
import { mayStart } from './budget.ts';
import { attemptsAllowed } from './circuitBreaker.ts';
import { type DispatchView, gateClosed, inLine, isHeld } from './dispatch.ts';
import { UnknownLoopError, WrongStateError } from './errors.ts';
import type { LiveLoop, Loop, LoopFacts } from './loop.ts';
import { type NanoUsd, toNano } from './money.ts';
import { factsOf } from './settle.ts';
import type { SubmitResult } from './status.ts';
import type { Turn } from './turn.ts';

/** Takes a checked loop into the queue, or throws the reason why not (R1.2). Answers its `seq`. */
export function admit(turn: Turn, checked: CheckedSpec, view: DispatchView, medianOf: (turn: Turn, agent: string) => NanoUsd | undefined): number {
  const { spec, prompt, title, priority, agent, cwd } = checked;
  const { context } = turn;
  const given = spec.estimatedCostUsd;
  const estimate = given === undefined ? (medianOf(turn, agent) ?? 0) : toNano(given);
  const latest = checked.loopId === undefined ? undefined : turn.latest(checked.loopId);
  throwIfRefused(turn, view, checked.loopId, estimate, latest, agent);
  const folder = context.window.folders.find((path) => isWithin(path, cwd)) ?? context.window.folders[0];
  return insert(turn, prompt, {
    loopId: checked.loopId ?? `loop-${context.newId().slice(0, 10)}`,
    title,
    agent,
    cwd,
    ...(folder !== undefined && { folder }),
    windowId: context.window.id,
    priority,
    estimate,
    estimateAssumed: given === undefined,
    ...(spec.maxCostUsd !== undefined && { maxCost: toNano(spec.maxCostUsd) }),
    ...(spec.metadata !== undefined && { metadata: spec.metadata }),
    submittedAt: turn.now,
    since: turn.now,
    attempts: 0,
    restarts: [],
    quickCrashes: 0,
    cost: 0,
    costEstimated: 0,
  });
}

/** Fills free slots once a loop was taken, and answers whether it has started, or its place in the queue (R1.1). */
export function startOrQueue(turn: Turn, seq: number, fillSlots: () => void): SubmitResult {
  const { loopId } = turn.mirror.get(seq) as LiveLoop;
  fillSlots();
  const loop = turn.mirror.get(seq);
  if (loop?.state !== 'queued') return { loopId, queued: false, position: 0 };
  const position = turn.mirror.queue.position(loop);
  turn.tell({ type: 'loop:queued', loopId, position });
  return { loopId, queued: true, position };
}

/** Admits a permanently failed loop again with its restarts cleared, in one step, or throws and changes nothing (R5.5). */
export function readmit(turn: Turn, loopId: string, view: DispatchView): number {
  const latest = turn.latest(loopId);
  if (!latest) throw new UnknownLoopError(loopId);
  if (latest.state !== 'failed')
    throw new WrongStateError(loopId, `has not failed for good, it is ${latest.state}: only a failed loop can be retried`);
  throwIfRefused(turn, view, loopId, latest.estimate, undefined, latest.agent);
  const facts = factsOf(latest, turn.now);
  turn.put(
    { ...facts, windowId: turn.context.window.id, restarts: [], quickCrashes: 0, state: 'queued', fresh: true },
    'retried by the user',
    'failed',
  );
  return latest.seq;
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(`${folder}/`) || path.startsWith(`${folder}\\`);
}

function throwIfRefused(
  turn: Turn,
  view: DispatchView,
  loopId: string | undefined,
  estimate: NanoUsd,
  latest: Loop | undefined,
  agent: string,
): void {
  const { mirror, context, now, today } = turn;
  const isNext = mirror.queue.size === 0 && !isHeld(mirror, agent, now);
  const startsAtOnce = isNext && !turn.startsNothing && !gateClosed(mirror, context) && fitsToday(turn, estimate);
  const places = attemptsAllowed(mirror.control.circuit, context.settings.circuit, mirror.probes());
  const facts = { loopId, estimate, latest, startsAtOnce, now, today };
  const error = refusal({ ...facts, inLine: Number.isFinite(places) ? inLine(mirror, view, now, places) : 0 }, mirror, context);
  if (error) throw error;
}

function fitsToday({ mirror, context, today }: Turn, estimate: NanoUsd): boolean {
  const { spent } = mirror.spentOn(today);
  return mayStart({ spent, reserved: mirror.reserved, runningReserved: mirror.runningReserved, limit: context.settings.budget.dailyLimit }, estimate);
}

function insert(turn: Turn, prompt: string, facts: Omit<LoopFacts, 'seq' | 'place'>): number {
  const loop = turn.tx.insertLoop({ ...facts, state: 'queued', fresh: true }, prompt);
  turn.reflect(loop);
  return loop.seq;
}
