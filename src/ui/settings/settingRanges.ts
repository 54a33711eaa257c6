import { ISOLATIONS } from '../../core/model/workTree.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const MEBIBYTE = 1024 * 1024;
const GIBIBYTE = 1024 * MEBIBYTE;

/** How a number appears in the settings: its range, and the factor to the core's unit. */
export interface NumberRule {
  readonly min: number;
  readonly max: number;
  readonly integer: boolean;
  readonly unit: number;
}

const whole = (min: number, max: number, unit = 1): NumberRule => ({ min, max, integer: true, unit });
const fraction = (min: number, max: number, unit: number): NumberRule => ({ min, max, integer: false, unit });

/** Ranges of all number settings. A test keeps package.json equal. */
export const NUMBER_RULES = {
  maxConcurrent: whole(1, 64),
  maxQueueDepth: whole(0, 100_000),
  maxSubmitDepth: whole(0, 10),
  'restart.maxRestarts': whole(0, 100),
  'restart.windowSeconds': whole(1, 86_400, SECOND),
  'restart.maxTotal': whole(0, 1_000),
  'circuitBreaker.failureThreshold': whole(1, 1000),
  'circuitBreaker.cooldownSeconds': whole(1, 86_400, SECOND),
  'circuitBreaker.halfOpenMaxProbes': whole(1, 64),
  'budget.dailyLimitUsd': fraction(0, 1_000_000, 1),
  'budget.warnAtPercent': whole(1, 100),
  'budget.minAllowanceUsd': fraction(0.01, 1_000_000, 1),
  loopTimeoutMinutes: fraction(0, 10_080, MINUTE),
  killGraceSeconds: fraction(0.1, 600, SECOND),
  endGraceSeconds: fraction(0, 3600, SECOND),
  firstOutputTimeoutMinutes: fraction(0, 1440, MINUTE),
  silenceTimeoutMinutes: fraction(0, 1440, MINUTE),
  unattendedGraceMinutes: fraction(0, 10_080, MINUTE),
  partitionGraceMinutes: fraction(1, 10_080, MINUTE),
  askTimeoutMinutes: fraction(0, 10_080, MINUTE),
  askHoldsSlotMinutes: fraction(0, 10_080, MINUTE),
  staleAfterHours: fraction(0, 8_760, 60 * MINUTE),
  'output.maxLogMegabytes': whole(1, 100_000, MEBIBYTE),
  'limits.memoryMegabytes': whole(0, 10_000_000, MEBIBYTE),
  'limits.totalMemoryMegabytes': whole(0, 10_000_000, MEBIBYTE),
  'history.maxAgeDays': whole(1, 3650, 24 * 60 * MINUTE),
  'history.maxLogMegabytes': whole(1, 1_000_000, MEBIBYTE),
  'history.maxLoops': whole(10, 100_000),
  'worktree.maxTotalGigabytes': fraction(0.1, 100_000, GIBIBYTE),
  'worktree.maxAgeDays': whole(1, 3650, 24 * 60 * MINUTE),
} as const satisfies Record<string, NumberRule>;

export type NumberKey = keyof typeof NUMBER_RULES;

/** Settings with a fixed set of values. */
export const CHOICE_SETTINGS = {
  'budget.onExceeded': ['finish', 'stop'],
  onSilence: ['warn', 'restart'],
  onWindowClose: ['keep', 'stop'],
  onLimitReset: ['resume', 'ask'],
  isolation: ISOLATIONS,
} as const;
