/** A loop that a panel is for: that very one, though its id may be used again. */
export interface LoopTarget {
  readonly loopId: string;
  readonly seq: number;
}

const LONGEST_ID = 128;

/** The loop that a page has kept over a reload; undefined when it is none. */
export function loopTargetOf(state: unknown): LoopTarget | undefined {
  if (typeof state !== 'object' || state === null || !('loopId' in state && 'seq' in state)) return undefined;
  const { loopId, seq } = state;
  return typeof loopId === 'string' && loopId.length <= LONGEST_ID && Number.isSafeInteger(seq)
    ? { loopId, seq: seq as number }
    : undefined;
}
