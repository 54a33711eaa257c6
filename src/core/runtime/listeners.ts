import { Emitter, type Event, type SupervisorEvent } from '../model/event.ts';
import type { SupervisorContext } from '../state/context.ts';

/** How many reports wait for the store at most: more come from a caller in a loop, and other hosts do not need them. */
const WAITING_MAX = 1_000;

/**
 * Who listens to a supervisor, and what they hear. One that throws breaks nothing: the error is logged, the others go
 * on (R9.3).
 */
export class Listeners {
  readonly #context: SupervisorContext;
  readonly #events: Emitter<SupervisorEvent>;
  readonly #changes: Emitter<void>;
  /** Reports that other hosts have yet to hear of. */
  readonly #reports: SupervisorEvent[] = [];
  #isReporting = false;

  constructor(context: SupervisorContext) {
    const onError = (error: unknown) => context.log('A listener of the supervisor threw; the others go on.', error);
    this.#context = context;
    this.#events = new Emitter(onError);
    this.#changes = new Emitter(onError);
  }

  get onEvent(): Event<SupervisorEvent> {
    return this.#events.event;
  }

  get onDidChange(): Event<void> {
    return this.#changes.event;
  }

  /** Calls this host's listeners. */
  tell(event: SupervisorEvent): void {
    this.#events.fire(Object.freeze(event));
  }

  /** Fires an event that belongs to no transaction: here at once, and in other hosts through the store (R10.2). */
  report(event: SupervisorEvent): void {
    this.tell(event);
    if (this.#reports.length < WAITING_MAX) this.#reports.push(event);
    if (!this.#isReporting) void this.#storeReports();
  }

  /** Something shown has changed. */
  changed(): void {
    this.#changes.fire();
  }

  async #storeReports(): Promise<void> {
    this.#isReporting = true;
    while (this.#reports.length > 0) {
      const reports = this.#reports.splice(0);
      try {
        await this.#context.store.write((tx) => tx.addEvents(reports));
      } catch {
        // Other hosts then miss it. Trouble with the store is shown elsewhere.
      }
    }
    this.#isReporting = false;
  }
}
