import { type GateRecord, gateKey, type HeldGate } from '../model/gate.ts';
import { isHoldDue, stillHeld } from '../policy/accountGate.ts';
import type { SupervisorContext } from '../state/context.ts';
import { accountOf } from '../state/gates.ts';
import type { LiveState } from '../state/liveState.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { isChecked, tryGate } from './holds.ts';

/**
 * Inconclusive checks after which a loop is tried all the same: some programs cannot say whether they are logged in.
 */
const TELLING_CHECKS = 3;

/** A hold whose cause is to be looked at now, and a profile to look at. */
export interface DueCheck {
  readonly gate: HeldGate;
  readonly agent: string;
}

/** When the next check is due: wall time, ms. */
export function nextProfileCheckAt({ control }: LiveState, context: SupervisorContext): number {
  let next = Number.POSITIVE_INFINITY;
  for (const gate of Object.values(control.gates))
    if (isChecked(context, gate) && gate.state === 'held' && agentOf(context, gate) !== undefined)
      next = Math.min(next, gate.until ?? next);
  return next;
}

/** Takes the checks that are due, so that no other host makes them, and puts the next ones off. */
export function dueChecks(unit: UnitOfWork): DueCheck[] {
  const due: DueCheck[] = [];
  for (const before of Object.values(unit.control.gates)) {
    const agent = agentOf(unit.context, before);
    if (agent === undefined || !isChecked(unit.context, before) || !isHoldDue(before, unit.now)) continue;
    const gate = stillHeld(before, unit.now);
    unit.putGate(gate.of, gate);
    due.push({ gate, agent });
  }
  return due;
}

/** Acts on what a check has found, if the hold is still the one that was checked. */
export function applyCheck(unit: UnitOfWork, { gate }: DueCheck, found: 'works' | 'unknown'): void {
  if (unit.control.gates[gateKey(gate.of)]?.since !== gate.since) return;
  if (found === 'works' || gate.tries >= TELLING_CHECKS) tryGate(unit, gate);
}

/** New profiles may be put right: what was held for the old ones is tried (R14.2). */
export function tryNewProfiles(unit: UnitOfWork): void {
  for (const gate of Object.values(unit.control.gates)) if (isOfSettings(gate)) tryGate(unit, gate);
}

function isOfSettings({ reason }: GateRecord): boolean {
  return reason === 'login' || reason === 'billing' || reason === 'program' || reason === 'config';
}

/** A profile that stands for what is held; undefined where none of it exists any more. */
function agentOf(context: SupervisorContext, { of }: GateRecord): string | undefined {
  if (!('name' in of)) return undefined;
  const { names, find } = context.agents;
  if (of.kind === 'profile') return find(of.name) && of.name;
  return names().find((name) => accountOf(context, name) === of.name);
}
