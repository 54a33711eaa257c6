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
  /** Which window follows each attempt that was written, by its id. */
  readonly followedBy: Map<number, string>;
  /** What each attempt that was written may spend, by its id. */
  readonly allowed: Map<number, number>;
}

export function nothingWritten(): Written {
  const lists = { begun: [], settled: [], adopted: [], inserted: [], granted: [], recorded: [], controls: [] };
  return { ...lists, followedBy: new Map(), allowed: new Map() };
}

/** The transaction, with notes taken of what is written in it. `before`: what was noted of those before it. */
export function spyOn(
  tx: StoreTransaction,
  written: Written,
  before: { readonly [what in 'followedBy' | 'allowed']: Written[what] },
): StoreTransaction {
  const { followedBy, allowed } = written;
  const noteGrant = (attempt: Attempt) => {
    const amount = attempt.allowance?.amount ?? 0;
    const granted = allowed.get(attempt.id) ?? before.allowed.get(attempt.id) ?? 0;
    if (amount > granted) written.granted.push(attempt);
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
    saveAttempt: (seq, attempt) => {
      const saved = tx.saveAttempt(seq, attempt);
      const follower = followedBy.get(attempt.id) ?? before.followedBy.get(attempt.id);
      if (saved && follower !== attempt.windowId) written.adopted.push(attempt);
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
