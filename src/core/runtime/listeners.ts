import { Emitter, type Event, type SupervisorEvent } from '../model/event.ts';
import type { SupervisorContext } from '../state/context.ts';

/** Who listens to a supervisor, and what they are told. One that throws breaks nothing: the error is logged, the others go on (R9.3). */
export class Listeners {
  readonly #events: Emitter<SupervisorEvent>;
  readonly #changes: Emitter<void>;

  constructor({ log }: SupervisorContext) {
    const onError = (error: unknown) => log('A listener of the supervisor threw; the others go on.', error);
    this.#events = new Emitter(onError);
    this.#changes = new Emitter(onError);
  }

  get onEvent(): Event<SupervisorEvent> {
    return this.#events.event;
  }

  get onDidChange(): Event<void> {
    return this.#changes.event;
  }

  tell(event: SupervisorEvent): void {
    this.#events.fire(Object.freeze(event));
  }

  /** Something shown has changed. */
  changed(): void {
    this.#changes.fire();
  }
}
