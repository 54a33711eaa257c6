import { join } from 'node:path';

/** The files of one run. The folder is the guardian's whole world. */
export interface RunFiles {
  readonly folder: string;
  /** What to run and how to govern it. Never the environment. */
  readonly request: string;
  /** What goes to standard input. */
  readonly prompt: string;
  /** The prompt for agents that read it from a file. */
  readonly promptFile: string;
  /** Where an agent is to write a report of its own. */
  readonly report: string;
  /** Created once, by whoever decides what becomes of the run: its guardian, or a window that finds nobody did. */
  readonly claim: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly started: string;
  readonly exit: string;
  readonly ended: string;
  /** There while nothing has been heard for long. */
  readonly silent: string;
  /** The processes that were seen; there once somebody has looked for them. */
  readonly seen: string;
  /** There if the logs were cut back to their limit. */
  readonly cut: string;
  readonly orders: string;
  /** All orders once more, for a guardian that has no free descriptor. */
  readonly box: string;
  /** What its agent asks, and the answers: see `src/asking`. */
  readonly asks: string;
  /** What went wrong in the guardian itself. */
  readonly guardianLog: string;
}

/**
 * Whether this can be the name of a run's folder: it comes from a database, and must not lead out of the folder of all
 * runs.
 */
export function isToken(name: string): boolean {
  return /^[A-Za-z0-9-]{1,128}$/.test(name);
}

/**
 * The files of the run `token` below the folder of all runs.
 *
 * @throws RangeError when `token` is not 1 to 128 of letters, digits and `-`.
 */
export function runFiles(runsFolder: string, token: string): RunFiles {
  if (!isToken(token))
    throw new RangeError(`The run "${token.slice(0, 40)}" has no folder: a token holds only letters, digits and "-".`);
  return filesIn(join(runsFolder, token));
}

/** The files of the run whose folder is `folder`. */
export function filesIn(folder: string): RunFiles {
  return {
    folder,
    request: join(folder, 'request.json'),
    prompt: join(folder, 'prompt'),
    promptFile: join(folder, 'prompt.txt'),
    report: join(folder, 'report.json'),
    claim: join(folder, 'claim'),
    stdout: join(folder, 'stdout.log'),
    stderr: join(folder, 'stderr.log'),
    started: join(folder, 'started.json'),
    exit: join(folder, 'exit.json'),
    ended: join(folder, 'ended.json'),
    silent: join(folder, 'silent.json'),
    seen: join(folder, 'seen.json'),
    cut: join(folder, 'cut.json'),
    orders: join(folder, 'orders'),
    box: join(folder, 'orders.box'),
    asks: join(folder, 'asks'),
    guardianLog: join(folder, 'guardian.log'),
  };
}
