import * as z from 'zod/mini';
import { json } from './codecs.ts';
import { how } from './workTreeRow.ts';

const facts = { seq: z.int(), from: z.string(), to: z.string(), at: z.int() };

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
