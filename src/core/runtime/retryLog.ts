import type { SupervisorContext } from '../state/context.ts';

/**
 * What fails and is retried until it succeeds: logged when it begins to fail and when that is over, since everything in
 * between would flood the log.
 */
export class RetryLog {
  readonly #log: SupervisorContext['log'];
  #made: readonly string[] = [];

  constructor({ log }: Pick<SupervisorContext, 'log'>) {
    this.#log = log;
  }

  /** It failed. `what`: a sentence without its full stop, logged once. */
  make(what: string, error: unknown): void {
    if (this.#made.includes(what)) return;
    this.#made = [...this.#made, what];
    this.#log(`${what}; it is tried again.`, error);
  }

  /** It succeeded. */
  withdraw(): void {
    for (const what of this.#made) this.#log(`${what}: that is over.`);
    this.#made = [];
  }
}
