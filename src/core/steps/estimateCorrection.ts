import type { AgentEvent } from '../model/agentEvent.ts';
import type { Attempt } from '../model/attempt.ts';
import { type ActiveLoop, capLeftOf } from '../model/loop.ts';
import type { NanoUsd } from '../model/money.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { charge, refuse } from './charge.ts';
import type { RunSummary } from './runSummary.ts';

/**
 * Charges what an attempt's agent did not say by its end (R6.6): what had accrued, if nobody turned it into a cost, and
 * a guess if it worked and its cost is unknown. An attempt that did no work is charged nothing, whatever ended it.
 */
export function chargeUnsaid(unit: UnitOfWork, loop: ActiveLoop, report: RunSummary): ActiveLoop {
  const { token, accrued } = loop.attempt;
  let next = loop;
  if (accrued > 0) {
    next = charge(unit, next, { key: `${token}.accrued`, cost: accrued, source: 'estimated' }) ?? next;
    next = putAttempt(unit, next, { accrued: 0 });
  }
  const isUnknown = report.unknown || (!report.priced && next.attempt.cost === 0);
  if (!report.worked || !report.hasCost || !isUnknown || next.attempt.costUnknown > 0) return next;
  const guess = guessFor(unit, next);
  if (guess > 0) next = charge(unit, next, { key: `${token}.unreported`, cost: guess, source: 'unknown' }) ?? next;
  return next.attempt.costUnknown > 0 ? next : markAtLeast(unit, next);
}

/** What a loop of this agent usually costs, or what its caller expects, as far as its cap goes. */
function guessFor(unit: UnitOfWork, loop: ActiveLoop): NanoUsd {
  const usual = unit.medianOf(loop.agent) ?? (loop.estimateAssumed ? 0 : loop.estimate);
  return Math.max(0, Math.min(usual - loop.attempt.cost, capLeftOf(loop)));
}

/** Marks that some of the attempt's work is in no amount. */
export function markAtLeast(unit: UnitOfWork, loop: ActiveLoop): ActiveLoop {
  if (loop.attempt.costAtLeast) return loop;
  const marked = { ...putAttempt(unit, loop, { costAtLeast: true }), costAtLeast: true };
  unit.put(marked);
  return marked;
}

function putAttempt(unit: UnitOfWork, loop: ActiveLoop, change: Partial<ActiveLoop['attempt']>): ActiveLoop {
  return unit.putAttempt(loop, { ...loop.attempt, ...change }) ?? loop;
}

/**
 * A session that now reports what its earlier attempts cost replaces what was charged for them without their agent's
 * word, and nothing else (R6.6). Estimates are withdrawn from the days on which they were charged; what is reported
 * belongs to today (R6.1). So no day has less than nothing.
 */
export function replaceEstimates(
  unit: UnitOfWork,
  loop: ActiveLoop,
  { earlier, source }: Extract<AgentEvent, { type: 'cost' }>,
): ActiveLoop {
  const { token, costEstimated } = loop.attempt;
  let left = loop.costEstimated - costEstimated;
  if (earlier === undefined || left <= 0 || source !== 'reported') return loop;
  if (!(Number.isSafeInteger(earlier) && earlier >= 0)) {
    refuse(unit, loop, earlier);
    return loop;
  }
  const { reported, charged } = chargedBefore(unit, loop);
  let next = loop;
  for (const { day, kind, amount } of charged) {
    const withdrawn = Math.min(amount, left);
    if (withdrawn <= 0) continue;
    left -= withdrawn;
    // Once per attempt.
    const key = `${token}.withdrawn.${kind === 'unknown' ? 'unknown.' : ''}${day}`;
    next = charge(unit, next, { key, cost: -withdrawn, source: kind, day, ofLoop: true }) ?? next;
  }
  if (next === loop) return loop;
  const more = earlier - reported;
  if (more <= 0) return next;
  return charge(unit, next, { key: `${token}.earlier`, cost: more, source: 'reported', ofLoop: true }) ?? next;
}

interface Guessed {
  readonly day: string;
  readonly kind: 'estimated' | 'unknown';
  amount: NanoUsd;
}

/**
 * What the earlier attempts of an attempt's session were charged: what was reported, and by day and kind what was not.
 */
function chargedBefore(
  { tx }: UnitOfWork,
  { seq, attempt }: ActiveLoop,
): { readonly reported: NanoUsd; readonly charged: Iterable<Guessed> } {
  const isOther = ({ id, sessionId }: Attempt) => id === attempt.id || sessionId !== attempt.sessionId;
  const others = new Set(
    tx
      .attempts(seq)
      .filter(isOther)
      .map(({ id }) => id),
  );
  const charged = new Map<string, Guessed>();
  let reported = 0;
  for (const { attemptId, estimated, source, cost, day } of tx.ledger(seq)) {
    // Attempts that were forgotten count as the session's: what they were charged must not be charged again.
    if (attemptId === undefined || others.has(attemptId)) continue;
    const guessed = estimated ?? (source === 'reported' ? 0 : cost);
    const kind = source === 'unknown' ? 'unknown' : 'estimated';
    reported += cost - guessed;
    const sum = charged.get(`${kind} ${day}`) ?? { day, kind, amount: 0 };
    sum.amount += guessed;
    charged.set(`${kind} ${day}`, sum);
  }
  return { reported, charged: charged.values() };
}
