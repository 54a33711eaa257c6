import type { LogName, SentPart } from '../model/logRequest.ts';

/** A part of a log, read on the machine that has it. */
export interface LogPart extends SentPart {
  /** In base64. */
  readonly content: string;
}

/** A part of a log: from where to where, bytes. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The copy here of what a run of another machine has written. */
export interface LogCopy {
  /** What it holds of each log. */
  readonly held: { readonly [log in LogName]: Span };
  /** The run is over, and nothing more will come. */
  readonly isComplete: boolean;
}

/** What runs have written: on their own machine, and as copies on those that show it (R16.8). */
export interface RunLogs {
  /**
   * A part of a log of this machine: from `from` on at most `most` bytes. Without `from`, or where the log is shorter
   * than that, from the first line within its last 4 MB. Empty where nothing was written, or it was removed.
   *
   * @throws the error of the file system.
   */
  read(token: string, log: LogName, from: number | undefined, most: number): Promise<LogPart>;
  /** The files of the copy of a run's output, absolute paths, whether they are there or not. */
  pathsOf(token: string): { readonly [log in LogName]: string };
  /** The copy of a run's output, as far as it goes; undefined where there is none. */
  copyOf(token: string): Promise<LogCopy | undefined>;
  /** Begins the copy of a run's output at these positions of its logs. The oldest copies of others may go for it. */
  begin(token: string, from: { readonly [log in LogName]: number }): Promise<void>;
  /** Removes the copy of a run's output. */
  drop(token: string): Promise<void>;
  /** Adds to a copy what stands at `at` in the log itself: `content` in base64. */
  add(token: string, log: LogName, at: number, content: string): Promise<void>;
  /** Nothing more will come. */
  complete(token: string): Promise<void>;
}
