/** How full a usage window of an account is, as its agent last told (R14.6). */
export interface UsageWindow {
  /** Such as `five hour`. */
  readonly name: string;
  /** From 0 to 1. */
  readonly used: number;
  /** Wall time, ms; absent where the agent does not tell it. */
  readonly resetsAt?: number;
  /** When it was told: wall time, ms. */
  readonly at: number;
}

/** The windows of each account that has told of any. */
export type UsageWindows = { readonly [account: string]: readonly UsageWindow[] };
