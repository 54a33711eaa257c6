import { isSupervisorError } from '../core/model/errors.ts';

/** The exit codes of `loops`. They are part of its interface: scripts rely on them. */
export const EXIT = {
  ok: 0,
  /** Something failed through no mistake of the caller, such as a store that cannot be opened. */
  trouble: 1,
  /** The call is wrong: an unknown option, an invalid value, another prompt under a used id. */
  usage: 2,
  /** The loop was refused: queue full, circuit open, budget used up, shutting down. */
  refused: 3,
  /** There is no loop of that id. */
  notFound: 4,
  /** The loop failed. */
  failed: 5,
  /** The loop was cancelled. */
  cancelled: 6,
  /** The loop waits for a person. */
  needsYou: 7,
  /** Not allowed: a folder that is not trusted, or a call from inside an attempt. */
  notAllowed: 8,
  /** The time ran out first. */
  timedOut: 124,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What each exit code means, for the help. */
export const EXIT_WORDS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.ok, 'done'],
  [EXIT.trouble, 'something failed, such as a store that cannot be opened'],
  [EXIT.usage, 'the call is wrong: an unknown option, an invalid value, another prompt under a used id'],
  [EXIT.refused, 'the loop was refused: queue full, circuit open, budget used up'],
  [EXIT.notFound, 'there is no loop of that id'],
  [EXIT.failed, 'wait, submit --wait: the loop failed'],
  [EXIT.cancelled, 'wait, submit --wait: the loop was cancelled'],
  [EXIT.needsYou, 'wait, submit --wait: the loop waits for you'],
  [EXIT.notAllowed, 'not allowed: the folder is not trusted, or the call came from inside an attempt'],
  [EXIT.timedOut, 'wait: the time ran out'],
];

/** An error of a call, with its exit code. `message` is a sentence. */
export class CallError extends Error {
  readonly exitCode: ExitCode;
  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The exit code for an error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CallError) return error.exitCode;
  if (!isSupervisorError(error)) return EXIT.trouble;
  switch (error.code) {
    case 'invalid-loop':
    case 'invalid-argument':
    case 'wrong-state':
    case 'duplicate-loop':
      return EXIT.usage;
    case 'not-allowed':
      return EXIT.notAllowed;
    case 'circuit-open':
    case 'budget-exceeded':
    case 'queue-full':
    case 'permanently-failed':
    case 'shutting-down':
      return EXIT.refused;
    case 'unknown-loop':
      return EXIT.notFound;
    default:
      return EXIT.trouble;
  }
}
