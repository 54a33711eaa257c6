import * as z from 'zod/mini';
import { ALL_STATES } from '../ui/text/loopStates.ts';

// What `loops list --json` prints. It is apart from the other schemas because making those takes longer than the list.

export const loopState = z.enum([...ALL_STATES]);
export const usd = z.number();

/** One loop in a list. */
export const loopSchema = z.object({
  loopId: z.string(),
  title: z.string(),
  state: loopState,
  agent: z.string(),
  cwd: z.string(),
  /** Where it runs, if that is not here: another machine of the shared store, or `any`. */
  machine: z.optional(z.string()),
  priority: z.int(),
  /** 1-based; while it is queued. */
  position: z.optional(z.int()),
  /** Why it is queued, waits or failed, or what its agent asks. */
  reason: z.optional(z.string()),
  attempts: z.int(),
  costUsd: usd,
  /** Some of the cost is a guess or priced from tokens. */
  costEstimated: z.boolean(),
  /** Some of its work is in no cost: with a cost of 0 it is unknown. */
  costAtLeast: z.boolean(),
  submittedAt: z.string(),
  finishedAt: z.optional(z.string()),
});
export type LoopJson = z.infer<typeof loopSchema>;

export const listSchema = z.object({ loops: z.array(loopSchema), more: z.boolean() });
