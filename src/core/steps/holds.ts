import { type GateRecord, gateKey, type HeldGate } from '../model/gate.ts';
import { type ActiveLoop, payerOf } from '../model/loop.ts';
import { gateAt, heldBy, isHoldDue, onTrial, TRIAL_MS, type Trouble } from '../policy/accountGate.ts';
import { afterProgress } from '../policy/circuitBreaker.ts';
import type { SupervisorContext } from '../state/context.ts';
import { accountOf, goesFirst } from '../state/gates.ts';
import type { LiveState } from '../state/liveState.ts';
import { heldHere } from '../state/sharedGates.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { requeue } from './transitions.ts';

/** How long (ms) a probe makes progress before it closes its circuit (R4.1). */
const PROBE_PROGRESS_MS = 60_000;

/**
 * Holds what the trouble belongs to: nothing of it starts until its cause is gone (R14). Returns the hold that then
 * stands.
 */
export function hold(unit: UnitOfWork, trouble: Trouble): GateRecord {
  const before = unit.control.gates[gateKey(trouble.of)];
  const of = heldHere(trouble.of, trouble.reason, unit.context.machine?.id);
  const gate = heldBy({ ...trouble, of }, before, unit.now);
  if (gate !== before) put(unit, gate);
  return gate;
}

/**
 * Ends a hold: one loop goes first, and the others follow it (R14.2). Loops that waited for the hold's time come back.
 */
export function tryGate(unit: UnitOfWork, gate: GateRecord): void {
  if (gate.state !== 'held') return;
  if (gate.reason === 'absence') open(unit, gate);
  else put(unit, onTrial(gate, newestAttempt(unit), unit.now));
  if (gate.reason === 'usageLimit') wakeWaiting(unit, gate);
}

/**
 * Holds that are due, trials that have lasted long enough, and times that a change of the clock has made wrong (R14.2,
 * R4.5).
 */
export function wakeGates(unit: UnitOfWork): void {
  for (const gate of Object.values(unit.control.gates)) {
    const current = gateAt(gate, unit.now);
    if (current !== gate) unit.putGate(gate.of, current);
    if (isHoldDue(current, unit.now) && !isChecked(unit.context, current)) endOnTime(unit, current);
    else if (trialEndsAt(unit, current) <= unit.now) open(unit, current);
  }
}

/** When a trial is over although its loop has shown nothing yet: wall time, ms. */
export function trialEndsAt({ liveState, now }: Pick<UnitOfWork, 'liveState' | 'now'>, gate: GateRecord): number {
  if (gate.state !== 'trial') return Number.POSITIVE_INFINITY;
  const runs = [...liveState.active.values()].filter((loop) => goesFirst(gate, loop));
  // A start in the future: the clock has gone back, and the beginning of the trial is corrected (R4.5).
  const beginnings = runs.map(({ attempt }) => (attempt.startedAt > now ? gate.since : attempt.startedAt));
  return Math.min(...beginnings.map((beginning) => beginning + TRIAL_MS));
}

/** Whether the cause of a hold is checked before it is tried, without a run (R14.3). */
export function isChecked({ checkProfile }: SupervisorContext, { reason }: GateRecord): boolean {
  return checkProfile !== undefined && (reason === 'login' || reason === 'program');
}

/** An attempt that went first has shown that its account, profile and machine work: the others follow (R14.2). */
export function afterTrial(unit: UnitOfWork, loop: ActiveLoop): void {
  for (const gate of Object.values(unit.control.gates)) if (goesFirst(gate, loop)) open(unit, gate);
}

/** Whether others wait for that attempt to make progress, and it has done so for this long (ms). */
export function awaitsProgress({ control }: LiveState, loop: ActiveLoop, forMs: number): boolean {
  const { probe, generation } = loop.attempt;
  const circuit = control.circuits[payerOf(loop)];
  const isProbe = probe && circuit?.state === 'half-open' && circuit.generation === generation;
  return (isProbe && forMs >= PROBE_PROGRESS_MS) || Object.values(control.gates).some((gate) => goesFirst(gate, loop));
}

/**
 * An attempt makes progress: it has passed its trials, and after a minute also the probe of its account's circuit
 * (R4.1).
 */
export function noteProgress(unit: UnitOfWork, loop: ActiveLoop, forMs: number): void {
  if (!awaitsProgress(unit.liveState, loop, forMs)) return;
  afterTrial(unit, loop);
  const account = payerOf(loop);
  const circuit = unit.control.circuits[account];
  if (circuit && forMs >= PROBE_PROGRESS_MS) unit.change(account, afterProgress(circuit, loop.attempt.generation));
}

/** The newest attempt that runs; any that begins later has a higher `id`. */
function newestAttempt({ liveState }: UnitOfWork): number {
  return Math.max(0, ...[...liveState.active.values()].map(({ attempt }) => attempt.id));
}

function endOnTime(unit: UnitOfWork, gate: HeldGate): void {
  if (gate.reason !== 'usageLimit' || unit.context.settings.onLimitReset === 'resume') {
    tryGate(unit, gate);
    return;
  }
  const { until: _, guessed: _1, ...asking } = gate;
  put(unit, { ...asking, since: unit.now, why: `${gate.why} (that time has come)` }, 'asks');
  wakeWaiting(unit, gate);
}

/** The loops that were to wait until an account's limit is reset return to the queue. */
function wakeWaiting(unit: UnitOfWork, { of }: GateRecord): void {
  if (of.kind !== 'account') return;
  for (const loop of [...unit.liveState.timed.values()]) {
    if (loop.state !== 'waiting' || loop.for !== 'usageLimit' || accountOf(unit.context, loop.agent) !== of.name)
      continue;
    requeue(unit, loop, 'the wait is over');
  }
}

function open(unit: UnitOfWork, gate: GateRecord): void {
  unit.putGate(gate.of, undefined);
  unit.tell({ type: 'hold:change', of: gate.of, state: 'open', reason: gate.reason, why: gate.why });
}

function put(unit: UnitOfWork, gate: GateRecord, state: 'held' | 'trial' | 'asks' = gate.state): void {
  unit.putGate(gate.of, gate);
  const until = gate.state === 'held' && gate.until !== undefined ? { until: gate.until } : {};
  const guessed = gate.state === 'held' && gate.guessed ? { guessed: true as const } : {};
  unit.tell({ type: 'hold:change', of: gate.of, state, reason: gate.reason, why: gate.why, ...until, ...guessed });
}
