export type CircuitState = 'closed' | 'open' | 'half-open';

/** The circuit breaker as stored. Times are wall times in ms (R4.5). */
export interface CircuitRecord {
  readonly state: CircuitState;
  /** Grows with every change of state; the end of an attempt of an older one counts for nothing (R4.2). */
  readonly generation: number;
  readonly consecutiveFailures: number;
  /** When it opened; kept while half-open. */
  readonly openedAt?: number;
  readonly lastFailureAt?: number;
  /** The loop (`seq`) that failed last: another one probes first, if there is one (R4.1). */
  readonly lastFailed?: number;
  /** Usage limits in a row, with no success between them, whose reset nobody named: their pauses grow (R14.4). */
  readonly guessedLimits?: number;
  /** The last failures' reasons, newest first, at most 5. */
  readonly reasons: readonly string[];
}

export const CLOSED_CIRCUIT: CircuitRecord = { state: 'closed', generation: 0, consecutiveFailures: 0, reasons: [] };
