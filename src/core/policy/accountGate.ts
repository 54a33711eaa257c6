import {
  type GateOf,
  type GateRecord,
  type Gates,
  gateKey,
  type HeldGate,
  type HoldReason,
  type TrialGate,
} from '../model/gate.ts';
import { clampedSpan } from './waits.ts';

const MINUTE_MS = 60_000;
/** How long (ms) a hold stands before its cause is checked again: longer each time (R14.3). */
const PAUSES_MS = [1, 5, 15, 60].map((minutes) => minutes * MINUTE_MS);
/**
 * How long (ms) a usage limit is waited for whose time was not wholly understood, twice as long each further time
 * (R14.4).
 */
const GUESSED_LIMIT_MS = 15 * MINUTE_MS;
const LONGEST_GUESS_MS = 4 * 60 * MINUTE_MS;
/** How long (ms) the first loop after a hold has to fail in the same way before the others follow (R14.2). */
export const TRIAL_MS = 5 * MINUTE_MS;

/** Trouble that holds back more than one loop. `until`: the time that was named, wall time in ms. */
export interface Trouble {
  readonly of: GateOf;
  readonly reason: HoldReason;
  readonly why: string;
  readonly until?: number;
  /** How often in a row it was held before without a time that was named, if not by this gate: pauses grow with it. */
  readonly earlier?: number;
  /** With `absence`: the newest loop (`seq`) that is held. */
  readonly lastSeq?: number;
}

/**
 * The gate after trouble at `now`. `before`: its record, if it was not open. A standing limit is never shortened
 * (R14.4).
 */
export function heldBy(trouble: Trouble, before: GateRecord | undefined, now: number): HeldGate {
  const { earlier = 0, ...facts } = trouble;
  const ofGate = before === undefined ? 0 : before.tries + (before.state === 'trial' ? 1 : 0);
  const tries = Math.max(ofGate, earlier);
  const held: HeldGate = { ...facts, state: 'held', since: now, tries, ...nextLook(trouble, tries, now) };
  if (trouble.reason === 'user' || trouble.reason === 'absence') return held;
  const isShorter = before?.state === 'held' && (before.until ?? Number.POSITIVE_INFINITY) >= (held.until ?? now);
  return isShorter ? before : held;
}

/** The hold after its cause was checked and still stands. */
export function stillHeld(gate: HeldGate, now: number): HeldGate {
  const { until: _, ...rest } = gate;
  return { ...rest, since: now, tries: gate.tries + 1, until: now + pauseMs(gate.tries + 1) };
}

/** The gate through which one loop may go first. `lastAttempt`: the newest attempt that has begun before. */
export function onTrial({ of, reason, why, tries }: GateRecord, lastAttempt: number, now: number): TrialGate {
  return { of, reason, why, tries, state: 'trial', since: now, lastAttempt };
}

/** The record with times in the future moved to now, because the clock has gone back (R4.5). */
export function gateAt(gate: GateRecord, now: number): GateRecord {
  if (gate.since <= now) return gate;
  if (gate.state === 'trial' || gate.until === undefined) return { ...gate, since: now };
  return { ...gate, ...clampedSpan({ since: gate.since, until: gate.until }, now) };
}

/** Whether a hold is due to be tried or checked. */
export function isHoldDue(gate: GateRecord, now: number): gate is HeldGate {
  return gate.state === 'held' && gate.until !== undefined && gate.until <= now;
}

/** The gates that a loop has to pass, the widest first. */
export function gatesOn(gates: Gates, account: string, profile: string, folder?: string): GateRecord[] {
  const keys: GateOf[] = [{ kind: 'machine' }, { kind: 'profile', name: profile }, { kind: 'account', name: account }];
  if (folder !== undefined)
    keys.push({ kind: 'profile', name: profile, folder }, { kind: 'account', name: account, folder });
  return keys.flatMap((of) => gates[gateKey(of)] ?? []);
}

function nextLook({ reason, until }: Trouble, tries: number, now: number): Pick<HeldGate, 'until' | 'guessed'> {
  if (reason === 'user' || reason === 'absence') return until === undefined ? {} : { until };
  if (reason !== 'usageLimit') return { until: now + pauseMs(tries) };
  if (until === undefined)
    return { until: now + Math.min(GUESSED_LIMIT_MS * 2 ** tries, LONGEST_GUESS_MS), guessed: true };
  // One that has just passed: soon, then with growing pauses.
  return until > now ? { until: Math.ceil(until) } : { until: now + pauseMs(tries), guessed: true };
}

function pauseMs(tries: number): number {
  return PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)] as number;
}
