/** The loop of a panel, identified by `seq` too, since ids can be used again. */
export interface LoopTarget {
  readonly loopId: string;
  readonly seq: number;
}

const LONGEST_ID = 128;

/** Validates the loop that a page kept over a reload; undefined if invalid. */
export function loopTargetOf(state: unknown): LoopTarget | undefined {
  if (typeof state !== 'object' || state === null || !('loopId' in state && 'seq' in state)) return undefined;
  const { loopId, seq } = state;
  return typeof loopId === 'string' && loopId.length <= LONGEST_ID && Number.isSafeInteger(seq)
    ? { loopId, seq: seq as number }
    : undefined;
}
