/** A number in a check's output, and which way is better (R11.8). */
export interface ScoreSpec {
  /** A regular expression; its first group, or all of it, is the number. The last match counts. */
  readonly pattern: string;
  readonly better: 'higher' | 'lower';
}

/** What a caller asks for (R11.1): a command line that must exit 0. */
export interface CheckRequest {
  /** Run by the system's shell in the loop's working folder. */
  readonly command: string;
  /** Minutes that one check may take, above 0; 10 if absent. */
  readonly timeoutMinutes?: number;
  /** Rounds before the loop waits for you, 1 to 1,000; 10 if absent. */
  readonly maxRounds?: number;
  /** Minutes for all rounds together; 0 or absent: no bound. */
  readonly maxMinutes?: number;
  /**
   * Whether the next round continues the session (`resume`, the default) or starts with the original prompt and the
   * report.
   */
  readonly context?: 'resume' | 'fresh';
  /** Whether the check is also run once before the first round; true if absent. */
  readonly checkFirst?: boolean;
  readonly score?: ScoreSpec;
}

/** A check with every field filled in. Times in ms. */
export interface Check {
  readonly command: string;
  readonly timeoutMs: number;
  readonly maxRounds: number;
  /** 0 = no bound. */
  readonly maxMs: number;
  readonly context: 'resume' | 'fresh';
  readonly checkFirst: boolean;
  readonly score?: ScoreSpec;
}

/** How one run of a check ended. `unstartable`: it never ran. */
export type CheckOutcome = 'passed' | 'failed' | 'timeout' | 'unstartable';

/** One run of a loop's check, kept as the proof of its round (R11.2). */
export interface CheckResult {
  /** The round that it judged; 0: before the first. */
  readonly round: number;
  readonly outcome: CheckOutcome;
  readonly exitCode?: number;
  /** When it began and ended: wall times, ms. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Names its run folder, with its whole output. */
  readonly token: string;
  /** Names its output without what changes from run to run; the same digest means the same output. */
  readonly digest: string;
  /** The tree that it ran on, in a Git repository. */
  readonly tree?: string;
  readonly score?: number;
  /** The end of its output, at most 16 KiB: for the next round's prompt and for people. */
  readonly report: string;
}

/** What can stop a loop's rounds (R11.3): it then waits for you. */
export const ROUND_BOUNDS = [
  'maxRounds',
  'maxCost',
  'maxMinutes',
  'noProgress',
  'noBetterScore',
  'checkTimeouts',
  'checkUnstartable',
] as const;
export type RoundBound = (typeof ROUND_BOUNDS)[number];
