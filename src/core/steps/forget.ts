import type { Attempt } from '../model/attempt.ts';
import type { LiveLoop } from '../model/loop.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';

/** Attempts that are kept of a live loop at most, with the history since (R5.1). */
export const ATTEMPTS_KEPT = 50;
/** How many more there are before they are forgotten, rather than one by one. */
const SLACK = 10;

/** Whether a live loop has more attempts than are kept. */
export function hasTooMany({ attempts }: LiveLoop): boolean {
  return attempts > ATTEMPTS_KEPT + SLACK;
}

/** Forgets the oldest attempts of a live loop; returns them: their logs can go. What they cost stays in the ledger. */
export function forgetOldAttempts(unit: UnitOfWork, seq: number): Attempt[] {
  const attempts = unit.liveState.get(seq) ? unit.tx.attempts(seq) : [];
  const firstKept = attempts.at(-ATTEMPTS_KEPT);
  if (attempts.length <= ATTEMPTS_KEPT + SLACK || !firstKept) return [];
  const old = attempts.filter(({ id, end }) => id < firstKept.id && end !== undefined);
  unit.tx.forgetAttempts(seq, firstKept.id);
  return old;
}
