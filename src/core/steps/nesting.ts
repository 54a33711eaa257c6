import { NotAllowedError } from '../model/errors.ts';
import { type ActiveLoop, isActive, type LoopFacts, outstandingOf } from '../model/loop.ts';
import { type NanoUsd, toUsd } from '../model/money.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import type { CheckedSpec } from './admission.ts';

/** What a loop takes over from the loop whose attempt submitted it. */
export interface Nested extends Pick<LoopFacts, 'parent' | 'maxCost' | 'folder' | 'repository'> {}

/**
 * Checks a submit that came from inside an attempt (R15.4), and takes the loop's cap out of its parent's. Returns what
 * the new loop takes over; throws a `NotAllowedError` that names the bound.
 *
 * @param asked the cap that was asked for.
 */
export function nest(unit: UnitOfWork, parentId: string, checked: CheckedSpec, asked: NanoUsd | undefined): Nested {
  const parent = unit.liveState.find(parentId);
  if (!parent || !isActive(parent))
    throw new NotAllowedError(`it came from inside the loop ${parentId}, which does not run`);
  const depth = (parent.parent?.depth ?? 0) + 1;
  const { maxSubmitDepth } = unit.context.settings;
  if (depth > maxSubmitDepth)
    throw new NotAllowedError(
      `loops may submit loops ${maxSubmitDepth} deep (maxSubmitDepth), and this would be ${depth}`,
    );
  if (checked.agent !== parent.agent)
    throw new NotAllowedError(
      `from inside a loop it must use the same agent, ${parent.agent}, and not ${checked.agent}`,
    );
  if (checked.cwd !== parent.cwd)
    throw new NotAllowedError(
      `from inside a loop it must run in the same folder, ${parent.cwd}, and not ${checked.cwd}`,
    );
  if (checked.isolation !== 'folder')
    throw new NotAllowedError('from inside a loop it works in the same folder, and not in a work tree of its own');
  if (checked.check) throw new NotAllowedError('from inside a loop it may have no check of its own');
  if (checked.spec.commands && !parent.commands)
    throw new NotAllowedError('from inside a loop its prompt is text, and no command of the agent');
  if (checked.priority > parent.priority)
    throw new NotAllowedError(`from inside a loop its priority may be ${parent.priority} at most`);
  const maxCost = takeFromCap(unit, parent, asked);
  return {
    parent: { loopId: parent.loopId, depth },
    ...(maxCost !== undefined && { maxCost }),
    ...(parent.folder !== undefined && { folder: parent.folder }),
    ...(parent.repository && { repository: parent.repository }),
  };
}

/**
 * Moves a part of the parent's cap to the loop that it submits: all that is left, unless less is asked for. What an
 * agent holds itself as its cap cannot be taken back.
 */
function takeFromCap(unit: UnitOfWork, parent: ActiveLoop, asked: NanoUsd | undefined): NanoUsd | undefined {
  if (parent.maxCost === undefined) return asked;
  const { attempt } = parent;
  const isHeldByAgent = attempt.allowance?.heldBy === 'agent';
  const used = parent.cost + attempt.accrued + (isHeldByAgent ? outstandingOf(parent) : 0);
  const left = Math.max(0, parent.maxCost - used);
  const taken = asked ?? left;
  if (taken <= 0 || taken > left) {
    const held = isHeldByAgent ? ', because the rest is granted to its own run' : '';
    throw new NotAllowedError(`the cap of the loop ${parent.loopId} has $${toUsd(left)} left for it${held}`);
  }
  const maxCost = parent.maxCost - taken;
  const rest = Math.max(0, maxCost - used);
  const spent = attempt.cost + attempt.accrued;
  const { allowance } = attempt;
  // What we watch ourselves shrinks with the cap.
  const shrunk =
    allowance && !isHeldByAgent && allowance.amount > spent + rest
      ? unit.putAttempt(parent, { ...attempt, allowance: { ...allowance, amount: spent + rest } })
      : parent;
  unit.put(
    { ...(shrunk ?? parent), maxCost },
    `gave $${toUsd(taken)} of its cap to a loop that it submitted`,
    parent.state,
  );
  return taken;
}
