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
  /** There is no loop of that id, or nothing of it to end or to show. */
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
  [EXIT.notFound, 'there is no loop of that id, or nothing of it to end or to show'],
  [EXIT.failed, 'wait, submit --wait: the loop failed'],
  [EXIT.cancelled, 'wait, submit --wait: the loop was cancelled'],
  [EXIT.needsYou, 'wait, submit --wait: the loop waits for you'],
  [EXIT.notAllowed, 'not allowed: the folder is not trusted, or the call came from inside an attempt'],
  [EXIT.timedOut, 'wait: the time ran out'],
];

/** What only some commands end with, by their names: every other code is for all of them. */
const OF_COMMANDS: { readonly [command: string]: readonly ExitCode[] } = {
  submit: [EXIT.refused, EXIT.failed, EXIT.cancelled, EXIT.needsYou, EXIT.notAllowed],
  show: [EXIT.notFound],
  logs: [EXIT.notFound],
  wait: [EXIT.notFound, EXIT.failed, EXIT.cancelled, EXIT.needsYou, EXIT.timedOut],
  cancel: [EXIT.notFound, EXIT.notAllowed],
  kill: [EXIT.notFound, EXIT.notAllowed],
  retry: [EXIT.refused, EXIT.notFound, EXIT.notAllowed],
  continue: [EXIT.notFound, EXIT.notAllowed],
  pause: [EXIT.notAllowed],
  resume: [EXIT.notAllowed],
  answer: [EXIT.notFound, EXIT.notAllowed],
  fetch: [EXIT.notFound, EXIT.notAllowed],
  start: [EXIT.notAllowed],
  stop: [EXIT.notAllowed],
  trust: [EXIT.notAllowed],
};

/** The exit codes of a command, by its name, with their meaning; all there are if absent. */
export function exitWords(command?: string): readonly (readonly [ExitCode, string])[] {
  if (command === undefined) return EXIT_WORDS;
  const own = OF_COMMANDS[command] ?? [];
  return EXIT_WORDS.filter(([code]) => code <= EXIT.usage || own.includes(code));
}

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
    case 'no-work-tree':
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

/** What `--json` calls an error: the code of the supervisor, or one in its manner. */
export function errorCodeOf(error: unknown): string {
  if (isSupervisorError(error)) return error.code;
  switch (exitCodeOf(error)) {
    case EXIT.usage:
      return 'usage';
    case EXIT.notFound:
      return 'unknown-loop';
    case EXIT.notAllowed:
      return 'not-allowed';
    default:
      return 'trouble';
  }
}
