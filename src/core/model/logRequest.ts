/** What every request for output has. */
interface LogRequestFacts {
  /** Of the attempt whose output it is. */
  readonly token: string;
  /** The machine that ran it, and the one that shows it. */
  readonly from: string;
  readonly to: string;
  /** When it came into its present state: wall time, ms. */
  readonly at: number;
}

/** Which of a run's output: its standard output or its standard error. */
export type LogName = 'out' | 'err';

/** A part of a log that was sent. Positions and sizes in bytes. */
export interface SentPart {
  /** Where it begins. */
  readonly at: number;
  /** How much its machine had of the log. */
  readonly size: number;
}

/** How it is cut into pieces for the store. */
export interface CutPart extends SentPart {
  readonly pieces: number;
}

/**
 * A part of a run's output on its way from the machine that ran it to one that shows it (R16.8). `asked`: from these
 * positions on (bytes), or if absent from the beginning of what is sent of a long log.
 */
export type LogRequest = LogRequestFacts &
  (
    | { readonly state: 'asked'; readonly reach?: { readonly [log in LogName]: number } }
    | { readonly state: 'sent'; readonly parts: { readonly [log in LogName]: CutPart } }
    | { readonly state: 'failed'; readonly why: string }
  );

/** Requests by their ids. */
export type LogRequests = { readonly [id: string]: LogRequest };
