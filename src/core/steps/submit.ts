import { UnknownLoopError, WrongStateError } from '../model/errors.ts';
import { capLeftOf, type Loop, type LoopFacts, NO_COST } from '../model/loop.ts';
import { toNano } from '../model/money.ts';
import type { SubmitResult } from '../model/status.ts';
import { attemptsAllowed } from '../policy/circuitBreaker.ts';
import { accountOf, circuitOf } from '../state/gates.ts';
import type { LoopOwnership } from '../state/loopOwnership.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { type AdmissionFacts, type CheckedSpec, lacksRoom, refusal } from './admission.ts';
import { withMore } from './allowances.ts';
import { inLine } from './dispatch.ts';
import { firstRounds } from './rounds.ts';
import { leaveState } from './transitions.ts';

/** A loop that has been taken into the queue. */
type Admitted = Pick<Loop, 'seq' | 'loopId'>;

/** Takes a checked loop into the queue, or throws the reason why not (R1.2). */
export function admit(unit: UnitOfWork, checked: CheckedSpec, ownership: LoopOwnership): Admitted {
  const { spec, prompt, title, priority, agent, cwd, check } = checked;
  const { context } = unit;
  // Play money reserves nothing (R6.11).
  const given = unit.context.agents.find(agent)?.isDemo ? undefined : spec.estimatedCostUsd;
  const estimate = given === undefined ? (unit.medianOf(agent) ?? 0) : toNano(given);
  const latest = checked.loopId === undefined ? undefined : unit.latest(checked.loopId);
  const maxCost = spec.maxCostUsd === undefined ? undefined : toNano(spec.maxCostUsd);
  const reserve = Math.min(estimate, maxCost ?? estimate);
  throwIfRefused(unit, ownership, { agent, reserve, latest, queueIfBlocked: spec.whenBlocked === 'queue' });
  const folder = context.window.folders.find((path) => isWithin(path, cwd)) ?? context.window.folders[0];
  return insert(unit, prompt, {
    loopId: checked.loopId ?? `loop-${context.newId().slice(0, 10)}`,
    title,
    agent,
    cwd,
    ...(folder !== undefined && { folder }),
    windowId: context.window.id,
    priority,
    estimate,
    estimateAssumed: given === undefined,
    ...(maxCost !== undefined && { maxCost }),
    ...(spec.metadata !== undefined && { metadata: spec.metadata }),
    ...(check && { check, rounds: firstRounds(check) }),
    submittedAt: unit.now,
    since: unit.now,
    attempts: 0,
    restarts: [],
    quickCrashes: 0,
    ...NO_COST,
    idleAllowances: 0,
  });
}

/** Whether an admitted loop has started at once, or its place in the queue, once the free slots are filled (R1.1). Throws if it has no room. */
export function submitResult(unit: UnitOfWork, { seq, loopId }: Admitted): SubmitResult {
  const loop = unit.liveState.get(seq);
  if (loop?.state !== 'queued') return { loopId, queued: false, position: 0 };
  const error = lacksRoom(loop, unit.liveState, unit.context);
  if (error) throw error;
  const position = unit.liveState.queue.position(loop);
  unit.tell({ type: 'loop:queued', loopId, position });
  return { loopId, queued: true, position };
}

/** Admits a permanently failed loop again with its restarts cleared, in one step, or throws and changes nothing (R5.5). */
export function readmit(unit: UnitOfWork, loopId: string, ownership: LoopOwnership): Admitted {
  const latest = unit.latest(loopId);
  if (!latest) throw new UnknownLoopError(loopId);
  if (latest.state !== 'failed')
    throw new WrongStateError(
      loopId,
      `has not failed for good, it is ${latest.state}: only a failed loop can be retried`,
    );
  // With as much again, if it has used up its own cap.
  const facts = leaveState(withMore(latest), unit.now);
  throwIfRefused(unit, ownership, {
    agent: latest.agent,
    reserve: Math.min(facts.estimate, capLeftOf(facts)),
    latest: undefined,
    queueIfBlocked: false,
  });
  unit.put(
    { ...facts, windowId: unit.context.window.id, restarts: [], quickCrashes: 0, state: 'queued', fresh: true },
    'retried by the user',
    'failed',
  );
  return latest;
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(`${folder}/`) || path.startsWith(`${folder}\\`);
}

function throwIfRefused(
  unit: UnitOfWork,
  ownership: LoopOwnership,
  facts: Pick<AdmissionFacts, 'agent' | 'reserve' | 'latest' | 'queueIfBlocked'>,
): void {
  const { liveState, context, now, today } = unit;
  const account = accountOf(context, facts.agent);
  const probes = liveState.probes(account);
  const places = attemptsAllowed(circuitOf(liveState, account), context.settings.circuit, probes);
  const ahead = Number.isFinite(places) ? inLine(unit, ownership, account, places) : 0;
  const error = refusal({ ...facts, account, inLine: ahead, now, today }, liveState, context);
  if (error) throw error;
}

function insert(unit: UnitOfWork, prompt: string, facts: Omit<LoopFacts, 'seq' | 'place'>): Admitted {
  const loop = unit.tx.insertLoop({ ...facts, state: 'queued', fresh: true }, prompt);
  unit.reflect(loop);
  return loop;
}
