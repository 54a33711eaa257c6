import type { Disposable } from '../../core/model/disposable.ts';
import { Emitter, type Event } from '../../core/model/event.ts';
import type { Status } from '../../core/model/status.ts';
import type { Clock } from '../../core/ports/clock.ts';
import { Coalescer } from './coalescer.ts';
import type { SupervisorHost } from './supervisorHost.ts';

/** Refreshes a second at most, however many changes there are. */
const SHORTEST_PAUSE_MS = 250;

/** The beat of everything that is shown: one status for all views, at most four times a second. */
export class Pulse implements Disposable {
  readonly #beat: Emitter<Status>;
  readonly #coalescer: Coalescer;
  readonly #subscription: Disposable;

  constructor(host: SupervisorHost, clock: Pick<Clock, 'now' | 'after'>, onError: (error: unknown) => void) {
    this.#beat = new Emitter(onError);
    const beat = () => {
      try {
        // No view shows the queue out of it: whether there is one is enough.
        this.#beat.fire(host.status(1));
      } catch (error) {
        // A status that can not be read now is read with the next change.
        onError(error);
      }
    };
    this.#coalescer = new Coalescer(beat, SHORTEST_PAUSE_MS, clock);
    this.#subscription = host.onDidChange(this.#coalescer.ask);
  }

  get onBeat(): Event<Status> {
    return this.#beat.event;
  }

  /** Asks for a beat soon, as a change does. */
  readonly ask = (): void => this.#coalescer.ask();

  dispose(): void {
    this.#subscription.dispose();
    this.#coalescer.dispose();
    this.#beat.dispose();
  }
}
