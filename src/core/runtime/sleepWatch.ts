import type { SupervisorContext } from '../state/context.ts';

/** The clock that counts suspend is read once in this time (ms of wall time) at most: on Linux that reads a file. */
const LOOK_EVERY_MS = 1_000;

/**
 * Notices that this host slept with its machine (R9.5): between two looks, more time has passed since the boot than a
 * host that is awake lets pass. A wall clock that was set is no sleep.
 */
export class SleepWatch {
  readonly #context: Pick<SupervisorContext, 'bootNow' | 'clock'>;
  /** Wall time and time since the boot at the last look, ms. */
  #wall: number;
  #boot: number;
  #sleptMs = 0;

  constructor(context: Pick<SupervisorContext, 'bootNow' | 'clock'>) {
    this.#context = context;
    this.#wall = context.clock.now();
    this.#boot = context.bootNow?.() ?? 0;
  }

  /** Looks at the clocks. Returns the longest sleep (ms) that no transaction has acted on; awake, about a second. */
  look(): number {
    const { bootNow, clock } = this.#context;
    const wall = clock.now();
    if (!bootNow || Math.abs(wall - this.#wall) < LOOK_EVERY_MS) return this.#sleptMs;
    const boot = bootNow();
    this.#sleptMs = Math.max(this.#sleptMs, boot - this.#boot);
    this.#wall = wall;
    this.#boot = boot;
    return this.#sleptMs;
  }

  /** A transaction that saw a sleep of this length (ms) has been committed. */
  actedOn(sleptMs: number): void {
    if (this.#sleptMs === sleptMs) this.#sleptMs = 0;
  }
}
