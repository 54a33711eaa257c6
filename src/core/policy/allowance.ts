import type { NanoUsd } from '../model/money.ts';

/** A day's money as grants see it, 10⁻⁹ USD. */
export interface DayMoney {
  /** 0 = no limit. */
  readonly limit: NanoUsd;
  /** Money that is gone: spent and unknown. */
  readonly used: NanoUsd;
  /** What all running attempts may still spend of their allowances. */
  readonly outstanding: NanoUsd;
}

/** Who asks for an allowance. */
export interface GrantRequest {
  /** What its own cap leaves; absent where it has none. */
  readonly capLeft?: NanoUsd;
  /** A share is no smaller than this: `budget.minAllowanceUsd` or its agent's median, whichever is more. */
  readonly least: NanoUsd;
  /** Attempts that the day's rest is shared between: the free slots, the asker's own included. 1 or more. */
  readonly sharers: number;
  /** Its spending shows only at its end, so its estimate is set aside for it instead of a share (R6.8). */
  readonly setAside?: NanoUsd;
}

/** What is given (R6.8). */
export type Grant =
  /** Nothing bounds it. */
  | { readonly kind: 'unbounded' }
  /** `of`: whose money ends first, the loop's own cap or the day's. */
  | { readonly kind: 'granted'; readonly amount: NanoUsd; readonly of: 'cap' | 'day' }
  /** Running attempts may still give back enough. */
  | { readonly kind: 'wait' }
  /** Used up, until the next day or a higher cap. */
  | { readonly kind: 'usedUp'; readonly of: 'cap' | 'day' };

/** Decides what an attempt may spend before it must ask again (R6.8). What is granted never passes the day's limit. */
export function grant(day: DayMoney, request: GrantRequest): Grant {
  const { capLeft } = request;
  if (capLeft !== undefined && capLeft <= 0) return { kind: 'usedUp', of: 'cap' };
  if (day.limit === 0)
    return capLeft === undefined ? { kind: 'unbounded' } : { kind: 'granted', amount: capLeft, of: 'cap' };
  const share = shareOf(day, request);
  if (typeof share !== 'number') return share;
  return capLeft !== undefined && capLeft <= share
    ? { kind: 'granted', amount: capLeft, of: 'cap' }
    : { kind: 'granted', amount: share, of: 'day' };
}

function shareOf(day: DayMoney, request: GrantRequest): NanoUsd | Grant {
  const { capLeft = Number.POSITIVE_INFINITY, least, sharers, setAside } = request;
  const rest = day.limit - day.used;
  const free = rest - Math.max(0, day.outstanding);
  if (rest <= 0) return { kind: 'usedUp', of: 'day' };
  const share = setAside ?? Math.max(Math.floor(free / sharers), least, 1);
  // A loop that may spend less than a share anyway asks for no more than it may.
  const wanted = Math.min(share, capLeft);
  if (wanted <= free) return share;
  // Too little for a share: running loops may give some back. The day's last remainder goes to one loop, whatever its
  // size.
  if (day.outstanding > 0) return { kind: 'wait' };
  return setAside === undefined ? free : { kind: 'usedUp', of: 'day' };
}
