import type { MachineLease } from '../model/machine.ts';
import type { Settings } from '../model/settings.ts';

/** The longest and the shortest time (ms) between two renewals. */
const LONGEST_RENEWAL_MS = 30_000;
const SHORTEST_RENEWAL_MS = 250;
/** Clocks run at different speeds, and machines are slow: what is added (ms) before others take over, at most. */
const LONGEST_MARGIN_MS = 60_000;
/** How late (ms) a second renewal may be, at most. */
const LATE_MS = 5_000;
/** How long (ms) the end of a run may take beyond its two graces, at most: looks, sweeps and records. */
const LONGEST_SWEEP_MS = 30_000;

/** The spans of a machine's lease (R16.3), ms. */
export interface LeaseSpans {
  /** How often it is renewed. */
  readonly renewMs: number;
  /** How long after the last renewal guardians let their runs go on. */
  readonly graceMs: number;
  /** How long after it none of these can live: the grace, the time that a stop takes, and a margin. */
  readonly lapsesAfterMs: number;
}

export function leaseSpans(settings: Pick<Settings, 'partitionGraceMs' | 'killGraceMs'>): LeaseSpans {
  const { partitionGraceMs: graceMs, killGraceMs } = settings;
  const stopMs = 2 * killGraceMs + Math.min(LONGEST_SWEEP_MS, graceMs);
  const marginMs = Math.min(LONGEST_MARGIN_MS, graceMs / 2);
  return {
    renewMs: Math.min(LONGEST_RENEWAL_MS, Math.max(SHORTEST_RENEWAL_MS, graceMs / 10)),
    graceMs,
    lapsesAfterMs: Math.ceil(graceMs + stopMs + marginMs),
  };
}

/** When a host first saw a renewal: wall time of the store, and this machine's own clock since its boot, ms. */
export interface RenewalSeen {
  readonly renewedAt: number;
  readonly wall: number;
  readonly boot: number;
}

/**
 * Whether a lease has lapsed. Wall time counts only for what was missed before this host first saw the renewal; from
 * then on its own clock decides, which cannot be set (R4.5).
 */
export function hasLapsed({ renewedAt, lapsesAfterMs }: MachineLease, seen: RenewalSeen, bootNow: number): boolean {
  const left = Math.min(Math.max(0, renewedAt + lapsesAfterMs - seen.wall), lapsesAfterMs);
  return bootNow - seen.boot >= left;
}

/**
 * Whether a lease was renewed a short while ago from another boot than `bootId`: of this machine before it was started
 * anew, or of another one that has the same identity, as a copied disk image has (R16.5).
 */
export function isOfAnotherBoot(lease: MachineLease | undefined, bootId: string, now: number): boolean {
  if (lease?.bootId === undefined || lease.bootId === bootId) return false;
  const renewMs = Math.min(LONGEST_RENEWAL_MS, Math.max(SHORTEST_RENEWAL_MS, lease.lapsesAfterMs / 10));
  const age = now - lease.renewedAt;
  return age >= 0 && age < 2 * renewMs + Math.min(LATE_MS, renewMs);
}

/** Whether a lease is to be renewed at `now`, or was renewed in the future: the clock went back. */
export function isRenewalDue(lease: MachineLease | undefined, { renewMs, lapsesAfterMs }: LeaseSpans, now: number) {
  if (!lease) return true;
  const age = now - lease.renewedAt;
  return age < 0 || age >= renewMs || lease.lapsesAfterMs !== lapsesAfterMs;
}
