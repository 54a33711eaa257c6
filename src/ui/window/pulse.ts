import type { Disposable } from '../../core/model/disposable.ts';
import { Emitter, type Event } from '../../core/model/event.ts';
import type { Status } from '../../core/model/status.ts';
import type { Clock } from '../../core/ports/clock.ts';
import { Coalescer } from './coalescer.ts';
import type { SupervisorHost } from './supervisorHost.ts';

/** Refreshes per second at most. */
const SHORTEST_PAUSE_MS = 250;

/** Refreshes everything shown: one status for all views, at most four times a second. */
export class Pulse implements Disposable {
  readonly #beat: Emitter<Status>;
  readonly #coalescer: Coalescer;
  readonly #subscription: Disposable;

  constructor(host: SupervisorHost, clock: Pick<Clock, 'now' | 'after'>, onError: (error: unknown) => void) {
    this.#beat = new Emitter(onError);
    const beat = () => {
      try {
        // No view lists the queue from it: knowing whether it is empty is enough.
        this.#beat.fire(host.status(1));
      } catch (error) {
        // If the status cannot be read now, the next change reads it.
        onError(error);
      }
    };
    this.#coalescer = new Coalescer(beat, SHORTEST_PAUSE_MS, clock);
    this.#subscription = host.onDidChange(this.#coalescer.ask);
  }

  get onBeat(): Event<Status> {
    return this.#beat.event;
  }

  /** Requests a refresh soon, as a change does. */
  readonly ask = (): void => this.#coalescer.ask();

  dispose(): void {
    this.#subscription.dispose();
    this.#coalescer.dispose();
    this.#beat.dispose();
  }
}
