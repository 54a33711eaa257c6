import type { Json } from '../model/agentEvent.ts';
import type { CircuitRecord } from '../model/circuit.ts';
import type { Disposable } from '../model/disposable.ts';
import type { Attempt, FinishedLoop, LedgerRow, Loop, ProcessIdentity, Transition } from '../model/loop.ts';
import type { NanoUsd } from '../model/money.ts';
import type { StoredSettings } from '../model/settings.ts';
import type { HistoryQueries } from './historyQueries.ts';

/** What the core owns besides loops: one record for all windows. */
export interface Control {
  readonly circuit: CircuitRecord;
  /** Dispatch is paused by the user (R2.4). */
  readonly paused: boolean;
  /** Agents whose usage window is used up, by name; `until` is a wall time in ms. */
  readonly holds: { readonly [agent: string]: { readonly until: number; readonly reason: string } };
  /** The last good values of the settings, for a host that cannot read its own (R6.9). */
  readonly settings?: StoredSettings;
}

/** One day of the budget (R6.1). */
export interface DaySpend {
  /** `YYYY-MM-DD`, local. */
  readonly day: string;
  /** What agents named, and what was priced from tokens (R6.2). */
  readonly spent: NanoUsd;
  /** Guesses for attempts that worked and whose cost is unknown (R6.6). */
  readonly unknown: NanoUsd;
  /** `budget:warning` was given this day (R6.4). */
  readonly warned: boolean;
  /** `budget:exceeded` was given for running loops this day (R6.4). */
  readonly exceeded: boolean;
}

/** A window's lease: it lasts until it is released or its process is no more. */
export interface WindowLease {
  readonly id: string;
  readonly process: ProcessIdentity;
  /** Paths of its workspace folders. */
  readonly folders: readonly string[];
  /** Wall time, ms. */
  readonly openedAt: number;
}

/** What is new since it was last asked for; the first time, everything that is live. */
export interface StoreChanges {
  /** Loops that were inserted or changed, final ones included; with `live` all live ones instead, and no others. */
  readonly loops: readonly Loop[];
  /**
   * There the first time, and when more has changed than is kept track of: the `seq`s of all loops that are live, even of those that can not be
   * read. Any other loop is live no more.
   */
  readonly live?: ReadonlySet<number>;
  /** The `seq`s of loops that were changed and have been removed since; not given with `live`. */
  readonly gone?: readonly number[];
  readonly control: Control;
  /** The latest day that has spend or marks; absent when there is none. */
  readonly day?: DaySpend;
  /** All leases that are not released. */
  readonly windows: readonly WindowLease[];
}

/** What was removed from the books. */
export interface Removed {
  /** How many loops. */
  readonly loops: number;
  /** The run tokens whose folders can go. */
  readonly tokens: readonly string[];
}

/** One write transaction. Valid only until `work` returns. Everything in it holds together or not at all. */
export interface StoreTransaction {
  /**
   * What other windows have changed since this store last answered; undefined when nothing. Cheap when nothing has. Called before the
   * transaction writes, or it throws. It counts as told only when the transaction is committed: one that fails or runs again is told the same
   * again. Own writes come back only if the transaction that made them had not asked, and others had written.
   */
  changes(): StoreChanges | undefined;
  /** Inserts a loop with its prompt; its history begins with `new → queued` at `submittedAt`. Answers it with its `seq`; its `place` is the `seq` too. */
  insertLoop(
    loop: Omit<Extract<Loop, { state: 'queued' }>, 'seq' | 'place'>,
    prompt: string,
  ): Extract<Loop, { state: 'queued' }>;
  /**
   * Writes a loop as it now is (not its attempt). With `transition` adds that row to its history. `loopId`, `agent`, `submittedAt` and
   * `metadata` stay as they were submitted. Times and amounts are integers.
   */
  saveLoop(loop: Loop, transition?: Transition): void;
  /** Adds a row to a loop's history. */
  addHistory(seq: number, transition: Transition): void;
  /** Adds an attempt, before `saveLoop` writes its loop as running with it; the loop's next row of history belongs to it. */
  insertAttempt(seq: number, attempt: Omit<Attempt, 'id'>): Attempt;
  /**
   * Writes an attempt where it is not settled yet (R3.2); answers whether it was so. What was decided at its dispatch stays: `number`, `token`,
   * `startedAt`, `generation`, `probe`, `reserved`. Other windows see its loop as changed.
   */
  saveAttempt(attempt: Attempt): boolean;
  /** Moves the read position where it still is `from` and the attempt is not settled (R6.7); answers whether it was so. */
  advance(attemptId: number, from: number, to: number, readerState: Json | undefined): boolean;
  /** Adds a ledger row, once per loop and key, and its amount to its day and agent; answers whether it was new. */
  addLedger(row: LedgerRow): boolean;
  /** One day's spend; zero where there is none. */
  day(day: string): DaySpend;
  /** Writes a day's marks (`spent` is kept by the ledger). */
  saveDayMarks(day: DaySpend): void;
  saveControl(control: Control): void;
  /** The latest loop of that id, live or final. */
  latest(loopId: string): Loop | undefined;
  prompt(seq: number): string;
  /** Median cost of that agent's last 20 completed or failed loops whose cost is known and not 0; undefined with fewer than three (R6.2). */
  medianCost(agent: string): NanoUsd | undefined;
  saveWindow(lease: WindowLease): void;
  releaseWindow(id: string): void;
  /** Removes those of these loops that are there and finished, with all that belongs to them. */
  removeFinished(seqs: readonly number[]): Removed;
}

/** Which finished loops to list: newest first. */
export interface FinishedQuery {
  readonly limit: number;
  readonly offset?: number;
  readonly states?: readonly FinishedLoop['state'][];
  readonly agent?: string;
  /** Occurs in title, id or prompt, whatever the case. */
  readonly text?: string;
  /** Finished at or after / before: wall times, ms. */
  readonly from?: number;
  readonly before?: number;
}

/** Spend of one agent on one day, 10⁻⁹ USD. */
export interface SpendRow {
  readonly day: string;
  readonly agent: string;
  readonly cost: NanoUsd;
  /** The part of `cost` that no agent named. */
  readonly estimated: NanoUsd;
  /** The part of `estimated` that is a guess (R6.6). */
  readonly unknown: NanoUsd;
}

/** Spend of one loop on one day, 10⁻⁹ USD. */
export interface LoopCost {
  readonly loopId: string;
  readonly title: string;
  readonly agent: string;
  readonly cost: NanoUsd;
  /** The part of `cost` that no agent named. */
  readonly estimated: NanoUsd;
  /** The part of `estimated` that is a guess (R6.6). */
  readonly unknown: NanoUsd;
}

/**
 * The supervisor's memory. Reads are synchronous and see one moment; writes wait for a lock without holding the thread.
 * Everything throws or rejects with a `StoreError` that says what to do.
 */
export interface Store extends HistoryQueries {
  /**
   * Runs `work` in one transaction. Writes of this store run one after another, in the order of their calls. A locked database is
   * tried again without blocking until it is free; `work` may then run again from its beginning, so it must have no effect
   * outside the transaction. Rejects with a `StoreError` when the database can not be used, or with what `work` threw; then nothing was written.
   */
  write<T>(work: (tx: StoreTransaction) => T): Promise<T>;
  /** Like `StoreTransaction.changes`, outside a transaction. A few µs when nothing has changed. */
  changes(): StoreChanges | undefined;
  latest(loopId: string): Loop | undefined;
  bySeq(seq: number): Loop | undefined;
  prompt(seq: number): string;
  /** Attempts of a loop, oldest first. */
  attempts(seq: number): Attempt[];
  history(seq: number): Transition[];
  ledger(seq: number): LedgerRow[];
  finished(query: FinishedQuery): FinishedLoop[];
  /** How many finished loops there are, and how many of them failed and were not cleared. Kept, not counted. */
  finishedCount(): { readonly total: number; readonly failed: number };
  /** Ids of loops that failed for good and were not cleared: newest first. */
  permanentlyFailed(limit: number): string[];
  /** Spend by day and agent from a day on (`YYYY-MM-DD`). */
  spend(fromDay: string): SpendRow[];
  /** Spend of one day by loop, largest first. */
  spendByLoop(day: string, limit: number): LoopCost[];
  /** Tokens of settled attempts whose loops are final, oldest first: for retention and reaping. */
  settledTokens(limit: number): { readonly seq: number; readonly token: string; readonly at: number }[];
  /** One short step of giving free pages back to the disk; answers whether to take another. Does nothing while somebody else writes: it is put off. */
  tidy(): boolean;
  /**
   * Called with a `StoreError` when the database stops being usable, and when it is usable again (`undefined`); soon after this call, if it is in
   * trouble already. By kind: `locked` for over 3 s (writes wait and will land), `disk` (writes are refused; tried again by itself), `replaced`
   * (over when the same file is back, else with a reload), `newer` and `broken` (over with a reload).
   */
  onTrouble(listener: (error: Error | undefined) => void): Disposable;
  close(): void;
}
