import { gateKey } from '../model/gate.ts';
import { type ActiveLoop, payerOf } from '../model/loop.ts';
import type { Verdict } from '../policy/verdict.ts';
import { isPending } from '../policy/waits.ts';
import { circuitOf } from '../state/gates.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { hold } from './holds.ts';
import { requeue, wait } from './transitions.ts';

/** A reset that was named for a time so short ago (ms) has come; one further back was misread. */
const JUST_PASSED_MS = 60 * 60_000;
/** Who worked for this long (ms) before a limit was not kept from working by the one before. */
const LONG_WORK_MS = 60 * 60_000;

/** Its account's usage window is used up: the account is held, and the loop waits as long as that (R14.4). */
export function waitForReset(
  unit: UnitOfWork,
  loop: ActiveLoop,
  { until, reason }: Extract<Verdict, { kind: 'limited' }>,
): void {
  const named = until !== undefined && isPending(until, unit.now) ? until : undefined;
  const hasPassed = until !== undefined && until <= unit.now && until > unit.now - JUST_PASSED_MS;
  const gate = hold(unit, {
    of: { kind: 'account', name: payerOf(loop) },
    reason: 'usageLimit',
    why: reason,
    ...(named !== undefined && { until: named }),
    ...(hasPassed && { until }),
    ...(named === undefined && { earlier: countGuess(unit, loop) }),
  });
  if (gate.state === 'held' && gate.until !== undefined)
    wait(unit, loop, { for: 'usageLimit', until: gate.until }, reason);
  else {
    requeue(unit, loop, reason);
    unit.tell({ type: 'loop:interrupted', loopId: loop.loopId, reason });
  }
}

/**
 * Counts a limit without a time to come, and returns how many there were in a row before: whatever its loops did in
 * between, an account whose every attempt ends at one is tried less and less often. Others that meet a limit that
 * stands already meet the same.
 */
function countGuess(unit: UnitOfWork, loop: ActiveLoop): number {
  const account = payerOf(loop);
  if (unit.control.gates[gateKey({ kind: 'account', name: account })]?.state === 'held') return 0;
  const record = circuitOf(unit.liveState, account);
  const hasWorkedLong = unit.now - loop.attempt.startedAt >= LONG_WORK_MS;
  const earlier = hasWorkedLong ? 0 : (record.guessedLimits ?? 0);
  unit.change(account, { record: { ...record, guessedLimits: earlier + 1 } });
  return earlier;
}
