import type { Attempt } from '../../core/model/attempt.ts';
import type { CheckResult } from '../../core/model/check.ts';
import type { SupervisorEvent } from '../../core/model/event.ts';
import type { LedgerRow, Transition } from '../../core/model/history.ts';
import type { Loop } from '../../core/model/loop.ts';
import type { Control, DaySpend, WindowLease } from '../../core/ports/store.ts';
import type { Arrival, Departure } from '../rows/departureRow.ts';

/** A row of history, with its number and the attempt that begins with it. */
export interface HistoryEntry {
  readonly seq: number;
  readonly n: number;
  readonly attempt: number | null;
  readonly transition: Transition;
}

/** A loop as the transaction leaves it. */
interface DraftLoop {
  readonly loop: Loop;
  readonly isNew: boolean;
}

/** An attempt as the transaction leaves it. */
interface DraftAttempt {
  readonly seq: number;
  readonly attempt: Attempt;
  readonly isNew: boolean;
}

/** What a transaction writes. */
export class Writes {
  readonly loops = new Map<number, DraftLoop>();
  readonly attempts = new Map<number, DraftAttempt>();
  readonly prompts = new Map<number, string>();
  /** The attempt (`id`) of each loop from before which its attempts and history go. */
  readonly forgotten = new Map<number, number>();
  /** Loops that were edited before their first attempt. */
  readonly edited = new Map<number, Loop>();
  readonly history: HistoryEntry[] = [];
  readonly checks: { readonly seq: number; readonly n: number; readonly result: CheckResult }[] = [];
  readonly ledger: { readonly n: number; readonly row: LedgerRow }[] = [];
  readonly marks = new Map<string, DaySpend>();
  /** Leases that were saved; `undefined` for those that were released. */
  readonly windows = new Map<string, WindowLease | undefined>();
  readonly removed = new Set<number>();
  /** Rows of live loops that cannot be read and whose ids, the values, were submitted again. */
  readonly quarantined = new Map<number, string>();
  /** Loops that were written, removed, or whose attempt was. */
  readonly changed = new Set<number>();
  /** Loops that came from another store, which is named with each. */
  readonly arrivals: (Arrival & { readonly source: string })[] = [];
  /** Loops that went to another store; `undefined` for those that are here again. */
  readonly departures = new Map<number, Departure | undefined>();
  /** Loops that are known to have arrived there. */
  readonly arrived = new Set<number>();
  readonly events: SupervisorEvent[] = [];
  readonly claims = new Set<string>();
  readonly pieces: { readonly transfer: string; readonly n: number; readonly content: string }[] = [];
  /** Transfers whose pieces go. */
  readonly taken = new Set<string>();
  control: Control | undefined;
}
