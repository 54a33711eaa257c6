import type { SweptProcess } from './loop.ts';

/** What was left of an attempt's processes when its leader ended (R7.4). */
export interface Leftovers {
  /** Ended with it. */
  readonly swept: readonly SweptProcess[];
  /** Spared on purpose; lives on. */
  readonly kept: readonly SweptProcess[];
  /** Survived even SIGKILL (R7.6). */
  readonly remaining: readonly SweptProcess[];
}

export const NOTHING_LEFT: Leftovers = { swept: [], kept: [], remaining: [] };

/** Only the leftovers of a record that holds more. */
export function leftoversOf({ swept, kept, remaining }: Leftovers): Leftovers {
  return { swept, kept, remaining };
}
