import type { Attempt } from '../../../src/core/model/attempt.ts';
import type { LedgerRow } from '../../../src/core/model/history.ts';
import type { Control, StoreTransaction } from '../../../src/core/ports/store.ts';

/** What was written in one transaction, as far as the checks look at it. */
export interface Written {
  /** Attempts that were begun. */
  readonly begun: Attempt[];
  /** Attempts that were settled. */
  readonly settled: Attempt[];
  /** Attempts that another window follows from now on. */
  readonly adopted: Attempt[];
  /** `seq` of loops that were taken. */
  readonly inserted: number[];
  /** Attempts that were granted an allowance, or a larger one. */
  readonly granted: Attempt[];
  /** Costs that callers recorded. */
  readonly recorded: LedgerRow[];
  /** What all windows agree on, each time that it was written. */
  readonly controls: Control[];
}

/**
 * The transaction, with notes taken of what is written in it. `followedBy` and `allowed`: which
 * window follows each attempt and what it may spend, by its id; kept here.
 */
export function spyOn(
  tx: StoreTransaction,
  written: Written,
  followedBy: Map<number, string>,
  allowed: Map<number, number>,
): StoreTransaction {
  const noteGrant = (attempt: Attempt) => {
    const amount = attempt.allowance?.amount ?? 0;
    if (amount > (allowed.get(attempt.id) ?? 0)) written.granted.push(attempt);
    allowed.set(attempt.id, amount);
  };
  const own: Partial<StoreTransaction> = {
    insertAttempt: (seq, attempt) => {
      const inserted = tx.insertAttempt(seq, attempt);
      written.begun.push(inserted);
      noteGrant(inserted);
      followedBy.set(inserted.id, inserted.windowId);
      return inserted;
    },
    saveAttempt: (attempt) => {
      const saved = tx.saveAttempt(attempt);
      if (saved && followedBy.get(attempt.id) !== attempt.windowId) written.adopted.push(attempt);
      if (saved) followedBy.set(attempt.id, attempt.windowId);
      if (saved) noteGrant(attempt);
      if (saved && attempt.end) written.settled.push(attempt);
      return saved;
    },
    insertLoop: (loop, prompt) => {
      const inserted = tx.insertLoop(loop, prompt);
      written.inserted.push(inserted.seq);
      return inserted;
    },
    addLedger: (row) => {
      const counted = tx.addLedger(row);
      if (counted && row.key.startsWith('api:') && row.source === 'reported') written.recorded.push(row);
      return counted;
    },
    saveControl: (control) => {
      written.controls.push(control);
      tx.saveControl(control);
    },
  };
  return new Proxy(tx, {
    get: (target, name) => {
      const value = Reflect.get(name in own ? own : target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
