/** How full a usage window of an account is, as its agent last reported (R14.6). */
export interface UsageWindow {
  /** Such as `five hour`. */
  readonly name: string;
  /** From 0 to 1. */
  readonly used: number;
  /** Wall time, ms; absent if the agent does not report it. */
  readonly resetsAt?: number;
  /** When it was reported: wall time, ms. */
  readonly at: number;
}

/** The windows of each account that has reported any. */
export type UsageWindows = { readonly [account: string]: readonly UsageWindow[] };
