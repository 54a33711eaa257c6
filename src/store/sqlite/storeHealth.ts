import type { Disposable } from '../../core/model/disposable.ts';
import type { StoreError } from '../../core/model/errors.ts';
import { Emitter } from '../../core/model/event.ts';

/** What keeps the database from being used, if anything, and who wants to know. */
export class Trouble implements Disposable {
  readonly #changed: Emitter<StoreError | undefined>;
  #current: StoreError | undefined;

  constructor(log: (message: string, error?: unknown) => void) {
    this.#changed = new Emitter((error) =>
      log('A listener for trouble with the database threw; the others go on.', error),
    );
  }

  get current(): StoreError | undefined {
    return this.#current;
  }

  /** Trouble that passes only by a hand: nothing is read or written until then. */
  get blocking(): StoreError | undefined {
    const kind = this.#current?.kind;
    return kind === 'disk' || kind === 'locked' ? undefined : this.#current;
  }

  /** Tells listeners when it is another kind of trouble than before, or over. */
  set(trouble: StoreError | undefined): void {
    const before = this.#current;
    this.#current = trouble;
    if (before?.kind !== trouble?.kind) this.#changed.fire(trouble);
  }

  /** Trouble that is there already is told right after this call. */
  listen(listener: (trouble: StoreError | undefined) => void): Disposable {
    let isListening = true;
    const subscription = this.#changed.event(listener);
    const present = this.#current;
    queueMicrotask(() => {
      if (isListening && present && present === this.#current) listener(present);
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
