import type { SweptProcess } from './processIdentity.ts';

/** What was left of an attempt's processes when its leader ended (R7.4). */
export interface Leftovers {
  /** Ended with it. */
  readonly swept: readonly SweptProcess[];
  /** Spared on purpose; lives on. */
  readonly kept: readonly SweptProcess[];
  /** Survived even SIGKILL (R7.6); with `unseen`, those that it was last known to have. */
  readonly remaining: readonly SweptProcess[];
  /** Why nobody can tell whether anything is left, in a few words; absent where that is known. */
  readonly unseen?: string;
}

export const NOTHING_LEFT: Leftovers = { swept: [], kept: [], remaining: [] };

/** Only the leftovers of a record that holds more. */
export function leftoversOf({ swept, kept, remaining, unseen }: Leftovers): Leftovers {
  return { swept, kept, remaining, ...(unseen !== undefined && { unseen }) };
}
