import * as z from 'zod/mini';
import { json } from './codecs.ts';
import { how } from './workTreeRow.ts';

const facts = { seq: z.int(), from: z.string(), to: z.string(), at: z.int() };

const part = z.object({ at: z.int(), size: z.int(), pieces: z.int() });
const logFacts = { token: z.string(), from: z.string(), to: z.string(), at: z.int() };

/** Output that goes from one machine to another (R16.8), by the id of its request. */
export const logRequestsSchema = z.lazy(() =>
  json(
    z.record(
      z.string(),
      z.discriminatedUnion('state', [
        z.object({
          ...{ ...logFacts, state: z.literal('asked') },
          reach: z.exactOptional(z.object({ out: z.int(), err: z.int() })),
        }),
        z.object({ ...logFacts, state: z.literal('sent'), parts: z.object({ out: part, err: part }) }),
        z.object({ ...logFacts, state: z.literal('failed'), why: z.string() }),
      ]),
    ),
  ),
);

/** Work that goes from one machine to another (R16.7), by the id of its transfer. */
export const transfersSchema = z.lazy(() =>
  json(
    z.record(
      z.string(),
      z.discriminatedUnion('state', [
        z.object({ ...facts, state: z.literal('asked') }),
        z.object({ ...facts, state: z.literal('packing'), host: z.string() }),
        z.object({
          ...{ ...facts, state: z.literal('ready') },
          ...{ tip: z.string(), pieces: z.int(), digest: z.string() },
        }),
        z.object({ ...facts, state: z.literal('failed'), why: z.string() }),
        z.object({
          ...{ ...facts, state: z.literal('over'), how, tip: z.string() },
          tree: z.object({ path: z.string(), branch: z.string(), root: z.string() }),
        }),
      ]),
    ),
  ),
);
