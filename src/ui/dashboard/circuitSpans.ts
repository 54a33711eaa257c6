import type { CircuitState } from '../../core/model/circuit.ts';
import type { CircuitChange } from '../../core/ports/historyQueries.ts';

/** A time in which the circuit was not closed: wall times in ms; `to` absent while it lasts. */
export interface CircuitSpan {
  readonly state: Exclude<CircuitState, 'closed'>;
  readonly from: number;
  readonly to?: number;
}

/** The times in which the circuit let nothing, or only probes, through. `changes`: oldest first. */
export function circuitSpans(changes: readonly CircuitChange[]): CircuitSpan[] {
  return changes.flatMap(({ at, to: state }, index) => {
    if (state === 'closed') return [];
    const until = changes[index + 1]?.at;
    return [{ state, from: at, ...(until === undefined ? {} : { to: until }) }];
  });
}
