import type { Attempt } from '../../../src/core/model/attempt.ts';
import { type CircuitRecord, type CircuitState, CLOSED_CIRCUIT } from '../../../src/core/model/circuit.ts';
import type { CircuitSettings } from '../../../src/core/model/settings.ts';

/** What the agents of the world say when it is the user's own mistake, or our own stop. */
const NO_FAILURES: readonly string[] = [
  'auth',
  'billing',
  'config',
  'session',
  'stopped because it passed its own maximum cost',
];

/** A plain account of the circuit (R4.1, R4.2), kept beside the real one from what is begun and settled. */
export class CircuitAccount {
  #state: CircuitState = 'closed';
  #generation = 0;
  #inARow = 0;
  #openedAt = 0;
  /** The user has asked to close it so many times, and it has not been seen yet. */
  resets = 0;
  /** A run has said something: a probe may close it for that (R4.1). */
  progress = false;

  /** Time has passed, maybe backwards. */
  look(now: number, settings: CircuitSettings): void {
    this.#openedAt = Math.min(this.#openedAt, now);
    if (this.#state === 'open' && now - this.#openedAt >= settings.cooldownMs) this.#become('half-open');
  }

  settle({ end, generation }: Attempt, now: number, settings: CircuitSettings): void {
    if (!end || generation !== this.#generation) return;
    if (end.outcome === 'ok') {
      this.#inARow = 0;
      if (this.#state === 'half-open') this.#become('closed');
      return;
    }
    const neither =
      ['cancelled', 'interrupted', 'spawn', 'memory'].includes(end.outcome) || NO_FAILURES.includes(end.reason);
    if (neither) return;
    this.#inARow++;
    if (this.#state === 'closed' && this.#inARow < settings.failureThreshold) return;
    this.#become('open');
    this.#openedAt = now;
  }

  /** Whether somebody should have seen that the cool-down is over, or that it began in the future (R4.5). */
  isOverdue(now: number, settings: CircuitSettings): boolean {
    return this.#state === 'open' && (this.#openedAt > now || now - this.#openedAt >= settings.cooldownMs);
  }

  /** What is wrong with the real one; undefined when nothing is. */
  differsFrom(circuit: CircuitRecord = CLOSED_CIRCUIT): string | undefined {
    const wasReset =
      this.resets > 0 &&
      circuit.state === 'closed' &&
      circuit.consecutiveFailures === 0 &&
      circuit.generation === this.#generation + 1;
    if (wasReset) {
      this.resets--;
      this.#become('closed');
      this.#inARow = 0;
    }
    const closedByProgress =
      this.progress &&
      this.#state === 'half-open' &&
      circuit.state === 'closed' &&
      circuit.generation === this.#generation + 1;
    if (closedByProgress) this.#become('closed');
    const real = `${circuit.state}, generation ${circuit.generation}, ${circuit.consecutiveFailures} in a row`;
    const mine = `${this.#state}, generation ${this.#generation}, ${this.#inARow} in a row`;
    return real === mine ? undefined : `R4.1 the circuit is ${real}; by the rules it is ${mine}`;
  }

  #become(state: CircuitState): void {
    this.#state = state;
    this.#generation++;
    if (state === 'closed') this.#inARow = 0;
  }
}
