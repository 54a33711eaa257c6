import { NO_COST } from '../model/attempt.ts';
import { InvalidLoopError, UnknownLoopError, WrongStateError } from '../model/errors.ts';
import { capLeftOf, isFinished, type Loop, type LoopFacts } from '../model/loop.ts';
import { type NanoUsd, toNano } from '../model/money.ts';
import { ANY_MACHINE, type RepositoryRef } from '../model/repository.ts';
import type { SubmitResult } from '../model/status.ts';
import type { OwnWorkTree } from '../model/workTree.ts';
import { attemptsAllowed } from '../policy/circuitBreaker.ts';
import { accountOf, circuitOf } from '../state/gates.ts';
import type { LoopOwnership } from '../state/loopOwnership.ts';
import type { Machines } from '../state/machines.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { type AdmissionFacts, type CheckedSpec, lacksRoom, refusal, titleOf } from './admission.ts';
import { withMore } from './allowances.ts';
import { inLine, isNext } from './dispatch.ts';
import { nest } from './nesting.ts';
import { firstRounds, hasCheck, nextRounds } from './rounds.ts';
import { leaveState } from './transitions.ts';

/** What a submit knows beside the loops. */
interface AdmissionParts {
  readonly ownership: LoopOwnership;
  readonly machines: Machines;
}

/** Where a loop works that has more than a folder. */
export interface WorkPlan {
  readonly workTree: OwnWorkTree;
  /** There where it is to run on another machine (R16.4). */
  readonly repository?: RepositoryRef;
}

/** A loop that has been taken into the queue. */
interface Admitted extends Pick<Loop, 'seq' | 'loopId'> {
  /** What its caller should know: one sentence. */
  readonly note?: string;
}

/** Takes a checked loop into the queue, or throws the reason why not (R1.2). `plan`: where it works, if it has one. */
export function admit(
  unit: UnitOfWork,
  checked: CheckedSpec,
  { ownership, machines }: AdmissionParts,
  { workTree, repository }: Partial<WorkPlan> = {},
): Admitted {
  const { spec, prompt, title, priority, agent, cwd, check } = checked;
  const { context } = unit;
  // Play money reserves nothing (R6.11).
  const given = unit.context.agents.find(agent)?.isDemo ? undefined : spec.estimatedCostUsd;
  const estimate = given === undefined ? (unit.medianOf(agent) ?? 0) : toNano(given);
  const latest = checked.loopId === undefined ? undefined : unit.latest(checked.loopId);
  const asked = spec.maxCostUsd === undefined ? undefined : toNano(spec.maxCostUsd);
  const nested = spec.parent === undefined ? undefined : nest(unit, spec.parent, checked, asked);
  const maxCost = nested ? nested.maxCost : asked;
  const reserve = Math.min(estimate, maxCost ?? estimate);
  throwIfRefused(unit, ownership, { agent, reserve, latest, queueIfBlocked: spec.whenBlocked === 'queue' });
  const placed = repository && placeOf(checked.machine ?? ANY_MACHINE, repository, machines);
  const folder = context.window.folders.find((path) => isWithin(path, cwd)) ?? context.window.folders[0];
  const admitted = insert(unit, prompt, {
    loopId: checked.loopId ?? `loop-${context.newId().slice(0, 10)}`,
    title,
    agent,
    cwd,
    ...(folder !== undefined && { folder }),
    ...(repository ? { windowId: context.window.id, repository, ...placed } : unit.hereNow),
    priority,
    estimate,
    estimateAssumed: given === undefined,
    ...(maxCost !== undefined && { maxCost }),
    ...nested,
    ...(spec.metadata !== undefined && { metadata: spec.metadata }),
    ...(spec.commands !== undefined && { commands: spec.commands }),
    ...(check && { check, rounds: firstRounds(check) }),
    ...(workTree && { workTree }),
    submittedAt: unit.now,
    since: unit.now,
    attempts: 0,
    restarts: [],
    quickCrashes: 0,
    ...NO_COST,
    idleAllowances: 0,
  });
  return checked.note === undefined ? admitted : { ...admitted, note: checked.note };
}

/**
 * The machine that a submit names, among those that take loops of its repository (R16.4); none for any of them. Throws
 * an `InvalidLoopError` that says which there are, or what to do.
 */
function placeOf(wanted: string, repository: RepositoryRef, machines: Machines): Pick<LoopFacts, 'machine'> {
  const takers = machines.takers(repository);
  const howTo = `name a clone of ${repository.address} in loopSupervisor.repositories`;
  if (wanted === ANY_MACHINE) {
    if (takers.length > 0) return {};
    throw new InvalidLoopError('machine', `finds none that takes loops of this repository: ${howTo} on one`);
  }
  const named = machines.named(wanted);
  const [machine] = named;
  if (machine === undefined)
    throw new InvalidLoopError('machine', `is not known: choose ${quotedList(['any', ...machines.names()])}`);
  if (named.length > 1)
    throw new InvalidLoopError(
      'machine',
      `is the name of several machines: choose one by its id, ${quotedList(named)}`,
    );
  if (!takers.includes(machine))
    throw new InvalidLoopError('machine', `"${wanted}" takes no loops of this repository: ${howTo} there`);
  return { machine };
}

function quotedList(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(' or ');
}

/**
 * Whether an admitted loop has started at once, or its place in the queue, once the free slots are filled (R1.1).
 * Throws if it has no room.
 */
export function submitResult(
  unit: UnitOfWork,
  { seq, loopId, note }: Admitted,
  ownership: LoopOwnership,
): SubmitResult {
  const said = note === undefined ? {} : { note };
  const loop = unit.liveState.get(seq);
  if (loop?.state !== 'queued') return { loopId, queued: false, position: 0, ...said };
  const error = lacksRoom(loop, unit.liveState, unit.context);
  // A caller starts nothing itself: another host will at once.
  if (error && !(unit.context.window.role === 'caller' && isNext(unit, ownership, loop))) throw error;
  const position = unit.liveState.queue.position(loop);
  unit.tell({ type: 'loop:queued', loopId, position });
  return { loopId, queued: true, position, ...said };
}

/** What changes about a loop that is admitted again. */
export interface Readmission {
  /** A new cap; without one, a loop that has used up its own gets as much again. */
  readonly maxCost?: NanoUsd;
  /** A further prompt (R12.5): a loop that has ended in any way can go on with it. */
  readonly followUp?: string;
}

/**
 * Admits a permanently failed loop again with its restarts cleared, or a finished one with a further prompt, in one
 * step, or throws and changes nothing (R5.5, R12.5).
 */
export function readmit(
  unit: UnitOfWork,
  loopId: string,
  ownership: LoopOwnership,
  { maxCost, followUp }: Readmission,
): Admitted {
  const latest = unit.latest(loopId);
  if (!latest) throw new UnknownLoopError(loopId);
  if (followUp === undefined && latest.state !== 'failed')
    throw new WrongStateError(loopId, `is ${latest.state}: only a failed loop can be retried`);
  if (!isFinished(latest))
    throw new WrongStateError(
      loopId,
      `is ${latest.state}: only a finished loop can be continued with a further prompt`,
    );
  // With as much again, if it has used up its own cap.
  const { restartsTotal: _, ...facts } = leaveState(withMore(latest, maxCost), unit.now);
  throwIfRefused(unit, ownership, {
    agent: latest.agent,
    reserve: Math.min(facts.estimate, capLeftOf(facts)),
    latest: undefined,
    queueIfBlocked: false,
  });
  const cleared = { restarts: [], quickCrashes: 0 };
  const place = lastPlace(unit, latest);
  const work =
    followUp === undefined ? {} : { followUp, ...(hasCheck(latest) && { rounds: nextRounds(unit, latest) }) };
  unit.put(
    { ...facts, ...cleared, ...work, place, windowId: unit.context.window.id, state: 'queued', fresh: true },
    followUp === undefined ? 'retried by the user' : `continued by the user with: ${titleOf({ prompt: followUp })}`,
    latest.state,
  );
  return latest;
}

/**
 * A place behind all loops of that priority, those that run and may come back included (R2.1). It is before that of any
 * later submit.
 */
function lastPlace({ liveState }: UnitOfWork, { priority, place }: Loop): number {
  let last = place;
  for (const loop of liveState.loops()) if (loop.priority === priority) last = Math.max(last, loop.place + 0.5);
  return last;
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
