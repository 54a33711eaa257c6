import * as z from 'zod/mini';

/** A loop that a panel is for: that very one, though its id may be used again. */
export interface LoopTarget {
  readonly loopId: string;
  readonly seq: number;
}

const schema = z.object({ loopId: z.string().check(z.maxLength(128)), seq: z.int() });

/** The loop that a page has kept over a reload; undefined when it is none. */
export function loopTargetOf(state: unknown): LoopTarget | undefined {
  const parsed = schema.safeParse(state);
  return parsed.success ? parsed.data : undefined;
}
