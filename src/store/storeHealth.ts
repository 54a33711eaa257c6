import type { Disposable } from '../core/model/disposable.ts';
import type { StoreError } from '../core/model/errors.ts';
import { Emitter } from '../core/model/event.ts';

/** What keeps the store from being used, if anything, and who listens for that. */
export class StoreHealth implements Disposable {
  readonly #changed: Emitter<StoreError | undefined>;
  #trouble: StoreError | undefined;

  constructor(log: (message: string, error?: unknown) => void) {
    this.#changed = new Emitter((error) =>
      log('A listener for trouble with the store threw; the others go on.', error),
    );
  }

  /** The present trouble. */
  get trouble(): StoreError | undefined {
    return this.#trouble;
  }

  /** Trouble that only a person can resolve: nothing is read or written until then. */
  get blocking(): StoreError | undefined {
    const kind = this.#trouble?.kind;
    return kind === 'disk' || kind === 'locked' || kind === 'unreachable' ? undefined : this.#trouble;
  }

  /** Tells listeners when the kind of trouble changes, or when it is over. */
  set(trouble: StoreError | undefined): void {
    const before = this.#trouble;
    this.#trouble = trouble;
    if (before?.kind !== trouble?.kind) this.#changed.fire(trouble);
  }

  /** A listener learns of present trouble right after this call. */
  listen(listener: (trouble: StoreError | undefined) => void): Disposable {
    let isListening = true;
    const subscription = this.#changed.event(listener);
    const present = this.#trouble;
    queueMicrotask(() => {
      if (isListening && present && present === this.#trouble) listener(present);
    });
    return {
      dispose: () => {
        isListening = false;
        subscription.dispose();
      },
    };
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
