import * as z from 'zod/mini';
import { AFTER, BEFORE, type FromView } from './protocol.ts';

const pos = z.object({
  attempt: z.int().check(z.gte(0), z.lte(1e6)),
  offset: z.int().check(z.gte(BEFORE), z.lte(AFTER)),
});
const place = z.optional(z.int().check(z.gte(0), z.lte(1e7)));

const request = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('latest') }),
  z.object({ type: z.literal('earlier'), before: pos, detached: z.boolean() }),
  z.object({ type: z.literal('later'), after: pos }),
  z.object({ type: z.literal('goto'), at: pos }),
  z.object({
    type: z.literal('expand'),
    key: z.string().check(z.maxLength(100)),
    attempt: z.int(),
    lines: z.array(z.int().check(z.gte(0))).check(z.maxLength(4)),
  }),
  z.object({ type: z.literal('search'), id: z.int(), text: z.string().check(z.maxLength(1_000)) }),
  z.object({ type: z.literal('openFile'), path: z.string().check(z.maxLength(1_024)), line: place, column: place }),
  z.object({ type: z.literal('command'), command: z.enum(['openLog', 'showDetail', 'cancel']) }),
]);

/** Validates a message of the page, whose content may come from an agent. Undefined if it is invalid. */
export function requestOf(message: unknown): FromView | undefined {
  const parsed = request.safeParse(message);
  return parsed.success ? (parsed.data as FromView) : undefined;
}
