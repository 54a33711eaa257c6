import type { Json } from '../model/agentEvent.ts';
import type { Attempt } from '../model/attempt.ts';
import type { CheckResult } from '../model/check.ts';
import type { CircuitRecord } from '../model/circuit.ts';
import type { Disposable } from '../model/disposable.ts';
import type { SupervisorEvent } from '../model/event.ts';
import type { Gates } from '../model/gate.ts';
import type { LedgerRow, Transition } from '../model/history.ts';
import type { LogRequests } from '../model/logRequest.ts';
import type { FinishedLoop, Loop } from '../model/loop.ts';
import type { Machines } from '../model/machine.ts';
import type { NanoUsd } from '../model/money.ts';
import type { ProcessIdentity } from '../model/processIdentity.ts';
import type { StoredSettings } from '../model/settings.ts';
import type { Transfers } from '../model/transfer.ts';
import type { UsageWindows } from '../model/usageWindow.ts';
import type { AccountCost, FinishedQuery, HistoryQueries, LoopCost, SettledToken, SpendRow } from './historyQueries.ts';

/** What is remembered of time that has passed. Wall times, ms. */
export interface SeenRecord {
  /** When a host last said that it is alive (R9.5). */
  readonly at: number;
  /** At which times finished loops from before which time were seen to be old (R9.4): those of about a day. */
  readonly old?: readonly SeenOld[];
}

/** At `at` all that had finished before `before` was older than may be kept. Wall times, ms. */
export interface SeenOld {
  readonly at: number;
  readonly before: number;
}

/** What the core owns besides loops: one record for all windows. */
export interface Control {
  /** Circuit breakers by account (R4.3); one that has never counted a failure has no record. */
  readonly circuits: { readonly [account: string]: CircuitRecord };
  /** Holds, by account, profile or machine (R14). */
  readonly gates: Gates;
  /** Dispatch is paused by the user (R2.4). */
  readonly paused: boolean;
  /** When a host was last alive, and what retention has seen. */
  readonly seen?: SeenRecord;
  /** The machines that share the store (R16.3); none on a store of one machine. */
  readonly machines?: Machines;
  /** Work that goes from one machine to another (R16.7); none if absent. */
  readonly transfers?: Transfers;
  /** Output that goes from one machine to another (R16.8); none if absent. */
  readonly logRequests?: LogRequests;
  /** How full the usage windows of accounts are (R14.6); none if absent. */
  readonly usage?: UsageWindows;
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

/** A host's lease: it lasts until it is released or its process is no more. */
export interface WindowLease {
  readonly id: string;
  readonly process: ProcessIdentity;
  /** It is the headless host's (R15.1): it acts for all folders that no window has open. */
  readonly headless?: boolean;
  /** Paths of its workspace folders. */
  readonly folders: readonly string[];
  /** Wall time, ms. */
  readonly openedAt: number;
  /** The machine that the window is on, where several share the store. */
  readonly machine?: string;
}

/** What is new since the last call; the first time, everything that is live. */
export interface StoreChanges {
  /** Loops that were inserted or changed, final ones included; with `live` all live ones instead, and no others. */
  readonly loops: readonly Loop[];
  /**
   * Present the first time, and when more has changed than the store keeps track of: the `seq`s of all live loops,
   * unreadable ones included. Any other loop is no longer live.
   */
  readonly live?: ReadonlySet<number>;
  /** The `seq`s of loops that were changed and then removed; absent with `live`. */
  readonly gone?: readonly number[];
  readonly control: Control;
  /** The latest day that has spend or marks; absent when there is none. */
  readonly day?: DaySpend;
  /** All leases that are not released. */
  readonly windows: readonly WindowLease[];
  /** Events since then, in order; some may be the owner's own. None the first time, and with `live`. */
  readonly events?: readonly SupervisorEvent[];
}

/** What was removed. */
export interface Removed {
  /** How many loops. */
  readonly loops: number;
  /** The run tokens whose folders can go. */
  readonly tokens: readonly string[];
}

/**
 * What a transaction may read besides its changes. Each read is a lookup by one key, so that it can be stated before
 * the work runs: a store on another machine loads stated reads in the round trip that takes the lock.
 */
export interface TransactionReads {
  /** One day's spend; zero where there is none. */
  day(day: string): DaySpend;
  /** The latest loop of that id, live or final. */
  latest(loopId: string): Loop | undefined;
  bySeq(seq: number): Loop | undefined;
  prompt(seq: number): string;
  /** Attempts of a loop, oldest first. */
  attempts(seq: number): readonly Attempt[];
  ledger(seq: number): readonly LedgerRow[];
  /** Results of the loop's check, oldest first (R11.2). */
  checks(seq: number): readonly CheckResult[];
  /** Median cost of that agent's last 20 completed or failed loops; undefined when there are none. */
  medianCost(agent: string): NanoUsd | undefined;
  /** Whether that key has been claimed within the last day (R10.2). */
  claimed(key: string): boolean;
}

/** A read that a unit of work states in advance: its name and its key. */
export type StatedRead = {
  [N in keyof TransactionReads]: readonly [name: N, key: Parameters<TransactionReads[N]>[0]];
}[keyof TransactionReads];

/**
 * One write transaction. Valid only until `work` returns. It takes effect as a whole or not at all. Its reads see its
 * own writes.
 */
export interface StoreTransaction extends TransactionReads {
  /**
   * What other windows have changed since this store last returned it; undefined if nothing has, which is cheap to find
   * out. Must be called before the transaction writes, or it throws. The changes count as delivered only at the commit:
   * a transaction that fails or runs again gets the same ones again. Own writes come back only if their transaction did
   * not ask and others had written too.
   */
  changes(): StoreChanges | undefined;
  /**
   * Inserts a loop with its prompt. Its history begins with `new → queued` at `submittedAt`. Its `place` is its new
   * `seq`.
   */
  insertLoop(
    loop: Omit<Extract<Loop, { state: 'queued' }>, 'seq' | 'place'>,
    prompt: string,
  ): Extract<Loop, { state: 'queued' }>;
  /**
   * Writes a loop as it now is, apart from its attempt. With `transition`, adds that row to its history. `loopId`,
   * `agent`, `submittedAt` and `metadata` stay as they were submitted. Times and amounts are integers.
   */
  saveLoop(loop: Loop, transition?: Transition): void;
  /**
   * Writes what `saveLoop` leaves as it was submitted: the agent and the prompt of a queued loop that has not started.
   */
  saveSubmission(loop: Extract<Loop, { state: 'queued' }>, prompt: string): void;
  /** Adds a row to a loop's history. */
  addHistory(seq: number, transition: Transition): void;
  /**
   * Adds an attempt, before `saveLoop` writes its loop as running with it; the loop's next row of history belongs to
   * it.
   */
  insertAttempt(seq: number, attempt: Omit<Attempt, 'id'>): Attempt;
  /**
   * Writes an attempt of the loop `seq` unless it is settled (R3.2), and returns whether it did. What was decided at
   * its dispatch stays: `number`, `token`, `startedAt`, `generation`, `probe`, `reserved`. Other windows see the loop
   * as changed.
   */
  saveAttempt(seq: number, attempt: Attempt): boolean;
  /**
   * Moves the read position of an attempt of the loop `seq` if it is still `from` and the attempt is not settled
   * (R6.7). Returns whether it did.
   */
  advance(seq: number, attemptId: number, from: number, to: number, readerState: Json | undefined): boolean;
  /** Adds a ledger row, once per loop and key, and its amount to its day and agent. Returns whether it was new. */
  addLedger(row: LedgerRow): boolean;
  /** Adds the result of a loop's check. */
  addCheck(seq: number, result: CheckResult): void;
  /** Writes a day's marks. The ledger keeps its `spent`. */
  saveDayMarks(day: DaySpend): void;
  saveControl(control: Control): void;
  saveWindow(lease: WindowLease): void;
  releaseWindow(id: string): void;
  /** Hands events to the other hosts: each gets them once at most with its changes (R10.2). Long texts are cut. */
  addEvents(events: readonly SupervisorEvent[]): void;
  /** Claims a key for a day. */
  claim(key: string): void;
  /** Adds a piece of a transfer or of a request for output, `n` from 0; one that is there is written over. */
  addPiece(transfer: string, n: number, content: string): void;
  /** Removes all of its pieces. */
  removePieces(transfer: string): void;
  /** Removes those of these loops that exist and are finished, with everything that belongs to them. */
  removeFinished(seqs: readonly number[]): Removed;
  /**
   * Removes the settled attempts of a loop from before that one (its `id`), with the rows of history from before it
   * began (R5.1).
   */
  forgetAttempts(seq: number, before: number): void;
}

/**
 * The supervisor's memory. Writes wait for a lock without blocking the thread. Queries are asynchronous and each sees
 * one moment; what the live state needs is synchronous. Everything throws or rejects with a `StoreError` that says what
 * to do.
 */
export interface Store extends HistoryQueries {
  /**
   * Runs `work` in one transaction. Writes of this store run one after another, in the order of their calls. While the
   * database is locked or out of reach the write waits; `work` may run again from its beginning, so it must have no
   * effect outside the transaction. `reads` states what `work` is likely to read; any other read works too, but may
   * cost another run. Rejects with a `StoreError` if the database cannot be used, or with what `work` threw; then
   * nothing was written. `abandoned` is called when a run of `work` is given up and another will follow later: what it
   * changed in memory must be put back.
   */
  write<T>(work: (tx: StoreTransaction) => T, reads?: readonly StatedRead[], abandoned?: () => void): Promise<T>;
  /** Like `StoreTransaction.changes`, outside a transaction. A few µs when nothing has changed. */
  changes(): StoreChanges | undefined;
  /**
   * Calls `listener` when another host has changed something and `changes` has it, where the database announces that
   * (R16.2). Where it does not, `changes` has to be called now and then.
   */
  onNews(listener: () => void): Disposable;
  /** How many finished loops there are, and how many of them failed and were not cleared. Kept, not counted. */
  finishedCount(): { readonly total: number; readonly failed: number };
  /** Ids of at most 100 loops that failed for good and were not cleared, newest first. */
  permanentlyFailed(limit: number): string[];

  latest(loopId: string): Promise<Loop | undefined>;
  bySeq(seq: number): Promise<Loop | undefined>;
  prompt(seq: number): Promise<string>;
  /** Attempts of a loop, oldest first. */
  attempts(seq: number): Promise<Attempt[]>;
  history(seq: number): Promise<Transition[]>;
  ledger(seq: number): Promise<LedgerRow[]>;
  /** Results of the loop's check, oldest first (R11.2). */
  checks(seq: number): Promise<CheckResult[]>;
  /** A piece of a transfer or of a request for output; undefined where it is not there (R16.7, R16.8). */
  piece(transfer: string, n: number): Promise<string | undefined>;
  finished(query: FinishedQuery): Promise<FinishedLoop[]>;
  /** Spend by day and agent from a day on (`YYYY-MM-DD`). */
  spend(fromDay: string): Promise<SpendRow[]>;
  /** Spend of one day by loop, largest first. */
  spendByLoop(day: string, limit: number): Promise<LoopCost[]>;
  /** Spend of one day by account, largest first. */
  spendByAccount(day: string): Promise<AccountCost[]>;
  /** Tokens of settled attempts whose loops are final, oldest first: for retention and reaping. */
  settledTokens(limit: number): Promise<SettledToken[]>;
  /** Those of these tokens that belong to an attempt of a loop, live or final. */
  knownTokens(tokens: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * One short step of returning free pages to the disk. Resolves with whether to take another; never while somebody
   * else writes.
   */
  tidy(): Promise<boolean>;
  /**
   * Calls `listener` with a `StoreError` when the store becomes unusable, and with `undefined` when it is usable again;
   * soon after this call if there is trouble already. By kind: `locked` or `unreachable` for over 3 s (writes wait and
   * will land), `disk` (writes are refused; tried again by itself), `replaced` (over when the same file is back, or
   * with a reload), `newer` and `broken` (over with a reload).
   */
  onTrouble(listener: (error: Error | undefined) => void): Disposable;
  close(): void;
}
