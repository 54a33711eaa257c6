import * as z from 'zod/mini';
import type { RepositoryRef } from '../../core/model/repository.ts';
import type { BranchPush, LoopChanges, OwnWorkTree, WorkTreeCopy, WorkTreeOutcome } from '../../core/model/workTree.ts';
import { oneOf } from './codecs.ts';

export const how = oneOf<WorkTreeOutcome['how']>({
  merged: 0,
  squashed: 0,
  applied: 0,
  kept: 0,
  discarded: 0,
  removed: 0,
});

const copy: z.core.$ZodType<WorkTreeCopy> = z.lazy(() =>
  z.object({
    ...{ machine: z.string(), root: z.string(), commonFolder: z.string() },
    ...{ path: z.string(), branch: z.string(), tip: z.string(), attempts: z.int() },
  }),
);

const pushFacts = { attempts: z.int(), remote: z.string() };
const push: z.core.$ZodType<BranchPush> = z.lazy(() =>
  z.discriminatedUnion('state', [
    z.object({ attempts: z.int(), state: z.literal('due') }),
    z.object({
      ...{ ...pushFacts, state: z.literal('pushing') },
      ...{ host: z.string(), before: z.exactOptional(z.string()) },
    }),
    z.object({ ...pushFacts, state: z.literal('failed'), why: z.string(), at: z.int() }),
    z.object({ ...pushFacts, state: z.literal('pushed'), address: z.string(), tip: z.string() }),
  ]),
);

/** A loop's own work tree, as its row holds it. */
export const workTreeSchema: z.core.$ZodType<OwnWorkTree> = z.lazy(() =>
  z.object({
    root: z.string(),
    commonFolder: z.string(),
    from: z.string(),
    name: z.string(),
    base: z.string(),
    carry: z.exactOptional(z.object({ commit: z.string(), name: z.string() })),
    made: z.exactOptional(z.object({ path: z.string(), branch: z.string() })),
    copies: z.exactOptional(z.array(copy)),
    push: z.exactOptional(push),
    isSetUp: z.exactOptional(z.literal(true)),
    merging: z.exactOptional(oneOf<NonNullable<OwnWorkTree['merging']>>({ merge: 0, squash: 0, apply: 0 })),
    outcome: z.exactOptional(z.object({ how, at: z.int(), branch: z.exactOptional(z.string()) })),
  }),
);

/** The repository that a loop belongs to (R16.4). */
export const repositorySchema: z.core.$ZodType<RepositoryRef> = z.object({ address: z.string(), prefix: z.string() });

/** What a loop has changed, as its row holds it. */
export const changesSchema: z.core.$ZodType<LoopChanges> = z.lazy(() =>
  z.object({
    commonFolder: z.string(),
    start: z.string(),
    now: z.string(),
    files: z.int(),
    insertions: z.int(),
    deletions: z.int(),
    leftOut: z.exactOptional(z.array(z.string())),
  }),
);
