import type { LoopDetail } from '../model/loopDetail.ts';
import type { LoopEdit, LoopSpec } from '../model/loopSpec.ts';
import { toUsd } from '../model/money.ts';
import { titleOf } from '../steps/admission.ts';

/** A loop as it will be with these changes (R2.6). */
export function editedSpec(before: LoopDetail, changes: LoopEdit): LoopSpec {
  const { loop, prompt } = before;
  const estimate = changes.estimatedCostUsd === undefined ? toUsd(loop.estimate) : changes.estimatedCostUsd;
  const maxCost = changes.maxCostUsd === undefined ? loop.maxCost && toUsd(loop.maxCost) : changes.maxCostUsd;
  // A title that was made from the prompt follows it.
  const kept = loop.title === titleOf({ prompt }) ? '' : loop.title;
  return {
    loopId: loop.loopId,
    prompt: changes.prompt ?? prompt,
    agent: changes.agent ?? loop.agent,
    cwd: loop.cwd,
    priority: changes.priority ?? loop.priority,
    title: changes.title ?? kept,
    ...(typeof estimate === 'number' && { estimatedCostUsd: estimate }),
    ...(typeof maxCost === 'number' && { maxCostUsd: maxCost }),
    ...(changes.check && { check: changes.check }),
  };
}
