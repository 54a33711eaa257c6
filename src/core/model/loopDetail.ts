import type { Outcome } from './attempt.ts';
import type { CheckResult } from './check.ts';
import type { Containment } from './containment.ts';
import type { LedgerRow, Transition } from './history.ts';
import type { Leftovers } from './leftovers.ts';
import type { Loop } from './loop.ts';

/** Everything about one loop. Costs in USD. */
export interface LoopDetail {
  readonly loopId: string;
  /** What people call the machine that it belongs to, where that is another one; `any` while none has it (R16.4). */
  readonly machine?: string;
  readonly state: Loop['state'];
  readonly loop: Loop;
  readonly prompt: string;
  readonly attempts: readonly AttemptDetail[];
  readonly costUsd: number;
  /** No agent named some of it. */
  readonly costEstimated: boolean;
  /** The part of `costUsd` that is a guess (R6.6). */
  readonly unknownUsd: number;
  /** Some of its work is in no amount: it cost at least `costUsd`. */
  readonly costAtLeast: boolean;
  /** What it still holds of the budget; 0 once it is final. */
  readonly reservedUsd: number;
  readonly history: readonly Transition[];
  readonly ledger: readonly LedgerRow[];
  /** What its check found, run by run, oldest first (R11.2). */
  readonly checks: readonly CheckResult[];
}

/** One attempt for callers. Times are wall times in ms. */
export interface AttemptDetail extends Leftovers {
  readonly number: number;
  readonly pid?: number;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly outcome?: Outcome;
  readonly reason?: string;
  readonly exitCode?: number;
  readonly signal?: string;
  /** What its agent said last: the beginning of its last message, up to 2,000 characters. */
  readonly lastWords?: string;
  readonly sessionId?: string;
  /** Who pays for it (R14.5); absent where that is not known. */
  readonly account?: string;
  /** It ran the loop's check (R11.1). */
  readonly isCheck?: true;
  /** It ran the set-up command of the loop's work tree (R12.2). */
  readonly isSetup?: true;
  /** The round that it belongs to, in a loop with a check. */
  readonly round?: number;
  readonly resumed: boolean;
  /** Names its run folder. */
  readonly token: string;
  /** Snapshots (commits) of the files before and after it (R12.3). */
  readonly treeBefore?: string;
  readonly treeAfter?: string;
  /** How its processes are contained (R13.1); absent where that is not known. */
  readonly containment?: Containment;
  readonly cost: {
    readonly usd: number;
    /** The part of `usd` that is a guess (R6.6). */
    readonly unknownUsd: number;
    readonly source: 'reported' | 'estimated' | 'unknown' | 'none';
    /** Some of the work is in no amount: it cost at least `usd`. */
    readonly atLeast: boolean;
  };
  /** What it may spend before it must ask again, USD; absent where nothing bounds it (R6.8). */
  readonly allowanceUsd?: number;
}
