import type { CostSource } from './agentEvent.ts';
import type { LoopState } from './loop.ts';
import type { NanoUsd } from './money.ts';

/** One row of a loop's history. `from` equals `to` for a note that changed no state, such as what was swept. */
export interface Transition {
  /** Wall time, ms. */
  readonly at: number;
  readonly from: LoopState | 'new';
  readonly to: LoopState;
  readonly why: string;
}

/** What was spent, by row: once each. Amounts in 10⁻⁹ USD; a correction may be negative. */
export interface LedgerRow {
  /** Counted once: a second row of the same loop and key adds nothing (R6.6). */
  readonly key: string;
  readonly seq: number;
  readonly attemptId?: number;
  readonly agent: string;
  /**
   * The local calendar day on which it was reported, empty for play money; of an estimate that is withdrawn, the one on
   * which it was charged (R6.1).
   */
  readonly day: string;
  /** Wall time, ms. */
  readonly at: number;
  readonly cost: NanoUsd;
  readonly source: CostSource;
  /** How much of `cost` no agent named, where that is neither all nor, with `reported`, nothing. */
  readonly estimated?: NanoUsd;
}
