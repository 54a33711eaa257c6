import type { CircuitState } from '../../core/model/circuit.ts';

/** The state of a circuit breaker in everyday words. */
export const CIRCUIT_WORDS: { readonly [state in CircuitState]: string } = {
  closed: 'Ready',
  open: 'Paused after failures',
  'half-open': 'Testing recovery',
};
