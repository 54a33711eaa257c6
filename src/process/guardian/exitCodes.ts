import type { ProcessExit } from '../../core/model/agentEvent.ts';
import type { StopBy } from '../../core/model/attempt.ts';
import { STOPS } from '../runFolder/stoppers.ts';

// A guardian's own exit code is a second way to report how its run ended, for when nothing can be written. It reaches
// the window that started it. Codes below 160 are Node's and the system's.

const EXITED = 160;
const HIGHEST_CODE = 63;
const SIGNALLED = 224;
const STOPPED = 240;
const LOST = 255;

/** Everything is written down. */
export const ALL_WRITTEN = 0;
/** The guardian could not begin for a reason without a code of its own; nothing was started. */
const NOT_BEGUN = 1;
/** It could not begin, and the system said why: this and its place in the list. */
const NOT_BEGUN_BECAUSE = 20;
const REASONS = ['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM', 'ENOSPC', 'EDQUOT', 'EROFS', 'EIO'];

const SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL'];
const MORE_SIGNALS = ['SIGPIPE', 'SIGQUIT', 'SIGTRAP', 'SIGXCPU', 'SIGXFSZ', 'SIGALRM'];
const OTHER_SIGNAL = 'SIGSYS';
const NAMED = [...SIGNALS, ...MORE_SIGNALS, OTHER_SIGNAL];

/** How a run ended, as far as an exit code can say it. */
export interface ReportedEnd {
  /** Absent if unknown. */
  readonly exit?: ProcessExit;
  readonly stoppedBy?: StopBy;
}

/**
 * The exit code that reports an end. An agent's own exit code above 63 is reported as 63; who stopped it comes first.
 */
export function exitCodeFor({ exit, stoppedBy }: ReportedEnd): number {
  const stop = stoppedBy === undefined ? -1 : STOPS.indexOf(stoppedBy);
  if (stop >= 0) return STOPPED + stop;
  if (exit?.signal !== undefined) {
    const at = NAMED.indexOf(exit.signal);
    return SIGNALLED + (at < 0 ? NAMED.indexOf(OTHER_SIGNAL) : at);
  }
  return exit?.exitCode === undefined ? LOST : EXITED + Math.min(Math.max(0, exit.exitCode), HIGHEST_CODE);
}

/** What an exit code reports; undefined where it reports no end. */
export function reportedEnd(code: number | null): ReportedEnd | undefined {
  if (code === null || code < EXITED) return undefined;
  if (code < SIGNALLED) return { exit: { exitCode: code - EXITED } };
  if (code < STOPPED) return { exit: { signal: NAMED[code - SIGNALLED] as string } };
  const stoppedBy = STOPS[code - STOPPED];
  return stoppedBy ? { exit: {}, stoppedBy } : {};
}

/** The exit code of a guardian that could not begin. */
export function notBegunCode(error: unknown): number {
  const at = REASONS.indexOf((error as NodeJS.ErrnoException | undefined)?.code ?? '');
  return at < 0 ? NOT_BEGUN : NOT_BEGUN_BECAUSE + at;
}

/** What the system said to a guardian that could not begin, such as ENOSPC; undefined if its exit code does not say. */
export function notBegunBecause(code: number | null): string | undefined {
  return code === null ? undefined : REASONS[code - NOT_BEGUN_BECAUSE];
}
