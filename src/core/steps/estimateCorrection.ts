import type { AgentErrorCause, AgentEvent } from '../model/agentEvent.ts';
import type { ActiveLoop } from '../model/loop.ts';
import type { NanoUsd } from '../model/money.ts';
import type { RunEnd } from '../ports/launcher.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { charge, refuse } from './charge.ts';
import type { RunSummary } from './runSummary.ts';

/** Of these causes an agent can not even begin to work. */
const BEFORE_WORK: readonly AgentErrorCause[] = ['auth', 'config', 'session'];

/** An attempt that ended without its agent's own figure is charged with what it still held, marked as an estimate (R6.6). */
export function chargeUnknown(unit: UnitOfWork, loop: ActiveLoop, end: RunEnd, report: RunSummary): ActiveLoop {
  const { said } = report;
  // A login or a credit may also run out in the middle of the work.
  const couldNotBegin = said?.ok === false && BEFORE_WORK.includes(said.cause) && !report.worked;
  const neverBegan = end.kind === 'spawn' || end.kind === 'void' || couldNotBegin;
  const held = Math.max(0, loop.attempt.reserved - loop.attempt.cost);
  if (report.priced || !report.hasCost || neverBegan || loop.attempt.cost > 0 || held === 0) return loop;
  return charge(unit, loop, { key: `${loop.attempt.token}.unreported`, cost: held, source: 'estimated' }) ?? loop;
}

/**
 * A session that now reports what its earlier attempts cost takes the place of what was charged for them as estimates, and of nothing else (R6.6).
 * The estimates are withdrawn from the days on which they were charged; what is reported belongs to today (R6.1). So no day has less than nothing.
 */
export function replaceEstimates(
  unit: UnitOfWork,
  loop: ActiveLoop,
  { earlier, source }: Extract<AgentEvent, { type: 'cost' }>,
): ActiveLoop {
  const { attempt } = loop;
  let left = loop.costEstimated - attempt.costEstimated;
  if (earlier === undefined || left <= 0 || source !== 'reported') return loop;
  if (!(Number.isSafeInteger(earlier) && earlier >= 0)) {
    refuse(unit, loop, earlier);
    return loop;
  }
  const { reported, estimated } = chargedBefore(unit, loop);
  let next = loop;
  for (const [day, amount] of estimated) {
    const withdrawn = Math.min(amount, left);
    if (withdrawn <= 0) continue;
    left -= withdrawn;
    // Once per attempt.
    next =
      charge(unit, next, { key: `${attempt.token}.withdrawn.${day}`, cost: -withdrawn, source: 'estimated', day }) ??
      next;
  }
  if (next === loop) return loop;
  const more = earlier - reported;
  if (more > 0) next = charge(unit, next, { key: `${attempt.token}.earlier`, cost: more, source: 'reported' }) ?? next;
  // All that belongs to the loop, not to this attempt: its own cost stays what it reported.
  next = { ...next, attempt: { ...next.attempt, cost: attempt.cost, costEstimated: attempt.costEstimated } };
  unit.tx.saveAttempt(next.attempt);
  unit.reflect(next);
  return next;
}

/** What the earlier attempts of an attempt's session were charged: what was reported, and by day what was estimated. */
function chargedBefore(
  { context }: UnitOfWork,
  { seq, attempt }: ActiveLoop,
): { readonly reported: NanoUsd; readonly estimated: Map<string, NanoUsd> } {
  const before = context.store
    .attempts(seq)
    .filter(({ id, sessionId }) => id !== attempt.id && sessionId === attempt.sessionId);
  const ids = new Set(before.map(({ id }) => id));
  const estimated = new Map<string, NanoUsd>();
  let reported = 0;
  for (const row of context.store.ledger(seq)) {
    if (row.attemptId === undefined || !ids.has(row.attemptId)) continue;
    const guessed = row.estimated ?? (row.source === 'estimated' ? row.cost : 0);
    reported += row.cost - guessed;
    estimated.set(row.day, (estimated.get(row.day) ?? 0) + guessed);
  }
  return { reported, estimated };
}
