import * as z from 'zod/mini';
import { isFinished, type Loop, needsUser } from '../../core/model/loop.ts';
import type { LoopSpec } from '../../core/model/loopSpec.ts';
import type { SubmitResult } from '../../core/model/status.ts';
import type { Supervisor } from '../../core/supervisor.ts';

/** A tool call waits no longer than this, s: clients give up on what takes longer. */
const LONGEST_WAIT_S = 600;
const LOOK_EVERY_MS = 250;

export const submitSchema = z.object({
  prompt: z.string(),
  loopId: z.optional(z.string()),
  title: z.optional(z.string()),
  agent: z.optional(z.string()),
  priority: z.optional(z.int()),
  maxCostUsd: z.optional(z.number()),
  check: z.optional(z.string()),
  waitSeconds: z._default(z.number().check(z.gte(0), z.lte(LONGEST_WAIT_S)), 0),
});

/** An accepted submit, and its loop at the end of the wait. */
export interface Submitted {
  readonly result: SubmitResult;
  readonly loop: Loop | undefined;
  /** It has ended, or waits for a person. */
  readonly isOver: boolean;
}

/** Submits a loop and waits for its end as long as requested. Rejects as `submit` does. */
export async function submitAndWait(
  supervisor: Pick<Supervisor, 'find'>,
  submit: (spec: LoopSpec) => Promise<SubmitResult>,
  { waitSeconds, check, ...asked }: z.output<typeof submitSchema>,
): Promise<Submitted> {
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  const spec = { ...given, ...(check !== undefined && { check: { command: check } }) } as LoopSpec;
  const result = await submit(spec);
  const deadline = performance.now() + waitSeconds * 1_000;
  for (;;) {
    const loop = await supervisor.find(result.loopId);
    const isOver = loop === undefined || isFinished(loop) || needsUser(loop);
    if (isOver || performance.now() >= deadline) return { result, loop, isOver };
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
