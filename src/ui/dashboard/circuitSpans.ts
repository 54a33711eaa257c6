import type { CircuitState } from '../../core/model/circuit.ts';
import type { CircuitChange } from '../../core/ports/historyQueries.ts';

/** A span in which the circuit was not closed: wall times in ms; `to` is absent while it lasts. */
export interface CircuitSpan {
  readonly state: Exclude<CircuitState, 'closed'>;
  readonly from: number;
  readonly to?: number;
}

/** The spans in which the circuit was open or half-open. `changes`: oldest first. */
export function circuitSpans(changes: readonly CircuitChange[]): CircuitSpan[] {
  return changes.flatMap(({ at, to: state }, index) => {
    if (state === 'closed') return [];
    const until = changes[index + 1]?.at;
    return [{ state, from: at, ...(until === undefined ? {} : { to: until }) }];
  });
}
