import { UnknownLoopError, WrongStateError } from '../model/errors.ts';
import { isFinished, type Loop } from '../model/loop.ts';
import type { LoopEdit } from '../model/loopSpec.ts';
import { toNano } from '../model/money.ts';
import type { QueuedLoop } from '../state/liveState.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { type CheckedSpec, titleOf } from './admission.ts';
import { firstRounds } from './rounds.ts';

/**
 * Changes a queued loop that has not started: its prompt and all that goes with it, at once (R2.6). Returns its 1-based
 * position. `checked` holds the loop as it will be, `changes` what was asked for.
 */
export function editLoop(unit: UnitOfWork, checked: CheckedSpec, changes: LoopEdit): number {
  const loop = notStarted(unit, checked.loopId ?? '');
  const { maxCost: _, ...rest } = loop;
  const { maxCostUsd } = checked.spec;
  const next: QueuedLoop = {
    ...withCheck(rest, checked, changes),
    title: checked.title,
    agent: checked.agent,
    priority: checked.priority,
    ...estimateOf(unit, loop, checked, changes),
    ...(maxCostUsd !== undefined && { maxCost: toNano(maxCostUsd) }),
  };
  unit.tx.saveSubmission(next, checked.prompt);
  unit.put(next, 'edited by the user');
  return unit.liveState.queue.position(next);
}

function withCheck<L extends Loop>(loop: L, { check }: CheckedSpec, changes: LoopEdit): L {
  if (changes.check === undefined) return loop;
  const { check: _, rounds: __, ...without } = loop;
  return { ...without, ...(check && { check, rounds: firstRounds(check) }) } as L;
}

function estimateOf(
  unit: UnitOfWork,
  loop: QueuedLoop,
  { agent, spec }: CheckedSpec,
  changes: LoopEdit,
): Pick<Loop, 'estimate' | 'estimateAssumed'> {
  if (typeof changes.estimatedCostUsd === 'number')
    return { estimate: toNano(changes.estimatedCostUsd), estimateAssumed: false };
  const isAssumed = changes.estimatedCostUsd === null || loop.estimateAssumed;
  if (!isAssumed || (agent === loop.agent && spec.estimatedCostUsd !== undefined))
    return { estimate: loop.estimate, estimateAssumed: loop.estimateAssumed };
  return { estimate: unit.medianOf(agent) ?? 0, estimateAssumed: true };
}

function notStarted(unit: UnitOfWork, loopId: string): QueuedLoop {
  const loop = unit.latest(loopId);
  if (!loop) throw new UnknownLoopError(loopId);
  if (loop.state === 'queued' && loop.attempts === 0) return loop;
  throw new WrongStateError(
    loopId,
    isFinished(loop) ? `is ${loop.state} already` : 'has started already: only a loop that has not can be edited',
  );
}

/** Gives the latest loop of that id another title, whatever its state. An empty one: the first line of its prompt. */
export function renameLoop(unit: UnitOfWork, loopId: string, seq: number | undefined, title: string): void {
  const loop = unit.latest(loopId);
  if (!loop || (seq ?? loop.seq) !== loop.seq) throw new UnknownLoopError(loopId);
  unit.put({ ...loop, title: titleOf({ title, prompt: unit.tx.prompt(loop.seq) }) });
}
