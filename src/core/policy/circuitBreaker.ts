import type { CircuitRecord, CircuitState } from '../model/circuit.ts';
import type { CircuitSettings } from '../model/settings.ts';

/** What the end of an attempt means for the circuit (R4.2). */
export type CircuitVote = 'success' | 'failure' | 'neither';

/** The record after a decision, and why its state is another one. */
export interface CircuitStep {
  readonly record: CircuitRecord;
  /** Absent if the state has not changed. */
  readonly reason?: string;
}

const REASONS_KEPT = 5;

/**
 * The record as it is at `now`: times that lie in the future (the clock went back) become now (R4.5), and an open
 * circuit whose cool-down has passed is half-open (R4.1).
 */
export function circuitAt(record: CircuitRecord, settings: CircuitSettings, now: number): CircuitStep {
  const current = withoutFuture(record, now);
  if (current.state !== 'open' || cooldownRemainingMs(current, settings, now) > 0) return { record: current };
  return { record: enter(current, 'half-open'), reason: 'the cool-down is over' };
}

/** What is left of the cool-down at `now` in ms, within 0 and the cool-down; 0 unless open (R4.5). */
export function cooldownRemainingMs(record: CircuitRecord, settings: CircuitSettings, now: number): number {
  if (record.state !== 'open' || record.openedAt === undefined) return 0;
  const left = record.openedAt + settings.cooldownMs - now;
  return Math.min(Math.max(left, 0), settings.cooldownMs);
}

/** How many more attempts the circuit lets run beside `probes` that run in half-open (R4.1). */
export function attemptsAllowed(record: CircuitRecord, settings: CircuitSettings, probes: number): number {
  if (record.state === 'closed') return Number.POSITIVE_INFINITY;
  return record.state === 'open' ? 0 : Math.max(0, settings.halfOpenMaxProbes - probes);
}

/** The record after an attempt of `generation` has ended (R4.1, R4.2). `reason` says how, for people. */
export function afterAttempt(
  record: CircuitRecord,
  settings: CircuitSettings,
  end: { readonly seq: number; readonly generation: number; readonly vote: CircuitVote; readonly reason: string },
  now: number,
): CircuitStep {
  if (end.vote === 'success' && record.guessedLimits !== undefined)
    return afterAttempt(withoutGuesses(record), settings, end, now);
  if (end.generation !== record.generation || end.vote === 'neither' || record.state === 'open') return { record };
  if (end.vote === 'success') {
    if (record.state === 'half-open') return { record: closed(record), reason: 'a probe succeeded' };
    return { record: record.consecutiveFailures === 0 ? record : { ...record, consecutiveFailures: 0 } };
  }
  const failed: CircuitRecord = {
    ...record,
    consecutiveFailures: record.consecutiveFailures + 1,
    lastFailureAt: now,
    lastFailed: end.seq,
    reasons: [end.reason, ...record.reasons].slice(0, REASONS_KEPT),
  };
  if (record.state === 'half-open')
    return { record: { ...enter(failed, 'open'), openedAt: now }, reason: `a probe failed: ${end.reason}` };
  if (failed.consecutiveFailures < settings.failureThreshold) return { record: failed };
  return {
    record: { ...enter(failed, 'open'), openedAt: now },
    reason: `${failed.consecutiveFailures} failures in a row, the last: ${end.reason}`,
  };
}

/** Closes it because a probe of `generation` has shown progress for long enough (R4.1). */
export function afterProgress(record: CircuitRecord, generation: number): CircuitStep {
  if (record.state !== 'half-open' || record.generation !== generation) return { record };
  return { record: closed(record), reason: 'a probe is making progress' };
}

/** Closes it by hand (R4.3). */
export function resetCircuit(record: CircuitRecord): CircuitStep {
  if (record.state === 'closed' && record.consecutiveFailures === 0) return { record };
  return record.state === 'closed' ? { record: closed(record) } : { record: closed(record), reason: 'reset by hand' };
}

function enter(record: CircuitRecord, state: CircuitState): CircuitRecord {
  return { ...record, state, generation: record.generation + 1 };
}

function withoutGuesses({ guessedLimits: _, ...record }: CircuitRecord): CircuitRecord {
  return record;
}

function closed(record: CircuitRecord): CircuitRecord {
  const { openedAt: _, lastFailed: _1, ...rest } = withoutGuesses(record);
  return { ...enter(rest, 'closed'), consecutiveFailures: 0, reasons: [] };
}

function withoutFuture(record: CircuitRecord, now: number): CircuitRecord {
  if ((record.openedAt ?? 0) <= now && (record.lastFailureAt ?? 0) <= now) return record;
  return {
    ...record,
    ...(record.openedAt !== undefined && { openedAt: Math.min(record.openedAt, now) }),
    ...(record.lastFailureAt !== undefined && { lastFailureAt: Math.min(record.lastFailureAt, now) }),
  };
}
