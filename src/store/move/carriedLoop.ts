import type { Attempt } from '../../core/model/attempt.ts';
import type { CheckResult } from '../../core/model/check.ts';
import type { LedgerRow, Transition } from '../../core/model/history.ts';
import type { Loop } from '../../core/model/loop.ts';
import type { Store } from '../../core/ports/store.ts';
import type { MoveTransaction } from './movingStore.ts';

/** A loop with everything that belongs to it, less what its destination already has. */
export interface CarriedLoop {
  readonly loop: Loop;
  /** Its departure; 0 if it is only copied. */
  readonly departure: number;
  /** The row that it once had in its destination. */
  readonly into: number | undefined;
  readonly prompt: string;
  readonly attempts: readonly Attempt[];
  /** Ids in the destination of attempts that are there already, by their ids here. */
  readonly known: ReadonlyMap<number, number>;
  readonly history: readonly Transition[];
  readonly checks: readonly CheckResult[];
  /** All of it: each row counts once by its key (R6.6). */
  readonly ledger: readonly LedgerRow[];
}

/** Which loop is carried, and how. */
export type Carried = Pick<CarriedLoop, 'loop' | 'departure' | 'into'>;

/** Reads everything that belongs to a loop of `from`, less what the row `into` of `to` already has. */
export async function pack(from: Store, to: Store, carried: Carried): Promise<CarriedLoop> {
  const { loop, departure, into } = carried;
  const { seq } = loop;
  // One after another: a connection runs one query at a time.
  const prompt = await from.prompt(seq);
  const attempts = await from.attempts(seq);
  const history = await from.history(seq);
  const checks = await from.checks(seq);
  const ledger = await from.ledger(seq);
  // Its own row says that it was submitted, and the one that cancelled it here says nothing of it.
  const moved = departure > 0 ? history.findLastIndex((row) => row.to === 'cancelled') : -1;
  const rows = history.filter(({ from: before }, index) => before !== 'new' && index !== moved);
  const whole = { ...carried, prompt, attempts, known: new Map(), history: rows, checks, ledger };
  return into === undefined ? whole : without(whole, to, into);
}

async function without(carried: CarriedLoop, to: Store, into: number): Promise<CarriedLoop> {
  const attempts = await to.attempts(into);
  const history = await to.history(into);
  const checks = await to.checks(into);
  const ids = new Map(attempts.map(({ token, id }) => [token, id]));
  const known = carried.attempts.flatMap(({ id, token }) => {
    const there = ids.get(token);
    return there === undefined ? [] : [[id, there] as const];
  });
  return {
    ...carried,
    known: new Map(known),
    attempts: carried.attempts.filter(({ token }) => !ids.has(token)),
    history: missing(carried.history, history, ({ at, from, to: state, why }) => `${at} ${from} ${state} ${why}`),
    checks: missing(carried.checks, checks, ({ token, startedAt }) => `${startedAt} ${token}`),
  };
}

/** Those of `rows` that are not among `there`, however often each is. */
function missing<T>(rows: readonly T[], there: readonly T[], keyOf: (row: T) => string): T[] {
  const counts = new Map<string, number>();
  for (const row of there) counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + 1);
  return rows.filter((row) => {
    const left = counts.get(keyOf(row)) ?? 0;
    counts.set(keyOf(row), left - 1);
    return left <= 0;
  });
}

/** Writes a loop with everything that belongs to it. Returns its `seq`. */
export function unpack(tx: MoveTransaction, carried: CarriedLoop): number {
  const seq = tx.adopt(carried.loop, carried.prompt, carried.into);
  const ids = new Map(carried.known);
  const attempts = [...carried.attempts];
  const begin = () => {
    const attempt = attempts.shift();
    if (attempt) ids.set(attempt.id, tx.insertAttempt(seq, attempt).id);
  };
  for (const transition of carried.history) {
    // A store finds an attempt by the row of history that it began with.
    if (attempts[0] && attempts[0].startedAt <= transition.at) begin();
    tx.addHistory(seq, transition);
  }
  while (attempts.length > 0) begin();
  for (const result of carried.checks) tx.addCheck(seq, result);
  for (const { attemptId, ...row } of carried.ledger) {
    const id = attemptId === undefined ? undefined : ids.get(attemptId);
    tx.addLedger({ ...row, seq, ...(id !== undefined && { attemptId: id }) });
  }
  return seq;
}
