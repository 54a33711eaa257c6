import type { AgentEvent, CostOrigin, CostSource } from '../model/agentEvent.ts';
import type { ActiveLoop } from '../model/loop.ts';
import type { NanoUsd } from '../model/money.ts';
import type { RunOutput } from '../ports/launcher.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { charge, refuse } from './charge.ts';
import { markAtLeast, replaceEstimates } from './estimateCorrection.ts';
import { requestStop } from './requestStop.ts';
import { refusalIn } from './runSummary.ts';
import { noteWindow } from './usageWindows.ts';
import { wakeForBudget } from './wake.ts';
import { watchMoney } from './watchMoney.ts';

/** Events that are to be written down with the place up to which the output was read. */
export function isDurable(event: AgentEvent): boolean {
  return event.type === 'cost' || event.type === 'session' || event.type === 'window' || refusalIn(event) !== undefined;
}

/**
 * What has accrued is stored in steps of this (10⁻⁹ USD): it is for watching, and the output repeats it after a crash.
 */
const ACCRUED_STEP = 10_000_000;

/** What has accrued after these events, where `before` had accrued before them (R6.10). */
export function accruedAfter(events: readonly AgentEvent[], before: NanoUsd): NanoUsd {
  let accrued = before;
  for (const event of events) {
    if (event.type === 'cost') accrued = 0;
    if (event.type === 'accrued') accrued = event.cost;
  }
  return accrued;
}

/** Whether what has accrued differs enough from what is stored to be stored. */
export function isAccrualNews(accrued: NanoUsd, stored: NanoUsd): boolean {
  return Math.abs(accrued - stored) >= ACCRUED_STEP;
}

/**
 * Writes what a piece of output says, with the place up to which it was read, in one transaction (R6.7). Returns the
 * loop as it then is, or undefined when another window has read this piece or the attempt is settled: then nothing of
 * it counts.
 */
export function applyOutput(unit: UnitOfWork, loop: ActiveLoop, output: RunOutput): ActiveLoop | undefined {
  const { attempt } = loop;
  const { readOffset: from } = attempt;
  if (output.to < from || !unit.tx.advance(loop.seq, attempt.id, from, output.to, output.readerState)) return undefined;
  let next: ActiveLoop = { ...loop, attempt: { ...attempt, readOffset: output.to, readerState: output.readerState } };
  unit.reflect(next);
  if (output.anew) noteAnew(unit, next, output.anew);
  const keys = [...(output.costKeys ?? [])];
  output.events.forEach((event, index) => {
    const named = event.type === 'cost' ? keys.shift() : undefined;
    if ('cost' in event && !isAmount(event)) refuse(unit, next, event.cost);
    else if (event.type === 'cost') {
      // By what it says, else by its place; from where on, too: what is said at the end ends where the last line did.
      const place = named === undefined ? `@${attempt.readOffset}-${output.to}.${index}` : `#${named}`;
      next = chargeEvent(unit, next, event, attempt.token + place);
    }
    if (event.type === 'window') noteWindow(unit, next, event);
    if (event.type === 'session') next = confirmSession(unit, next, event.sessionId);
  });
  const accrued = accruedAfter(output.events.filter(isAmount), attempt.accrued);
  if (accrued !== next.attempt.accrued) next = unit.putAttempt(next, { ...next.attempt, accrued }) ?? next;
  if (unit.freesBudget) wakeForBudget(unit, 'a correction has freed some of the daily budget');
  watchMoney(unit);
  const current = unit.liveState.get(loop.seq) as ActiveLoop;
  const refusal = output.events.map(refusalIn).findLast((found) => found !== undefined);
  return refusal ? requestStop(unit, current, 'refused', refusal.reason) : current;
}

/** Whether what an event says of money can be counted. */
function isAmount(event: AgentEvent): boolean {
  return !('cost' in event) || (Number.isSafeInteger(event.cost) && event.cost >= 0);
}

function chargeEvent(
  unit: UnitOfWork,
  loop: ActiveLoop,
  event: Extract<AgentEvent, { type: 'cost' }>,
  key: string,
): ActiveLoop {
  const { cost, source, atLeast } = event;
  // An unknown cost of nothing says only that something is missing: what to charge is decided at the end.
  const counts = source !== 'unknown' || cost > 0;
  const charged = counts ? charge(unit, loop, { key, cost, source: ledgerSource(source) }) : loop;
  // It was already read.
  if (!charged) return loop;
  return replaceEstimates(unit, atLeast ? markAtLeast(unit, charged) : charged, event);
}

/** The history says where output may be missing (R8.1). */
function noteAnew(unit: UnitOfWork, loop: ActiveLoop, anew: 'cut' | 'replaced'): void {
  const why = `the log of the run was ${anew === 'cut' ? 'truncated' : 'replaced'}; it is read again from its start`;
  unit.tx.addHistory(loop.seq, { at: unit.now, from: loop.state, to: loop.state, why });
}

/** The ledger only distinguishes what agents named from what we worked out. */
function ledgerSource(origin: CostOrigin): CostSource {
  return origin === 'priced' ? 'estimated' : origin;
}

function confirmSession(unit: UnitOfWork, loop: ActiveLoop, sessionId: string): ActiveLoop {
  if (loop.sessionId === sessionId && loop.attempt.sessionId === sessionId) return loop;
  const marked = unit.putAttempt({ ...loop, sessionId }, { ...loop.attempt, sessionId }) ?? loop;
  unit.put(marked);
  return marked;
}
