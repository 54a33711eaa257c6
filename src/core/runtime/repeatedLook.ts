import type { Disposable } from '../model/disposable.ts';
import type { SupervisorContext } from '../state/context.ts';
import { RetryLog } from './retryLog.ts';
import { Timer } from './timer.ts';

interface LookOptions {
  readonly everyMs: number;
  /** Whether there is anything to look at: no timer runs without. */
  isNeeded(): boolean;
  look(): Promise<void>;
  /** What could not be done where a look fails: one sentence without a full stop. */
  readonly failure: string;
}

/** Looks again and again, one look after another, for as long as there is something to look at. */
export class RepeatedLook implements Disposable {
  readonly #options: LookOptions;
  readonly #timer: Timer;
  readonly #failed: RetryLog;
  #isSet = false;

  constructor(context: SupervisorContext, options: LookOptions) {
    this.#options = options;
    this.#timer = new Timer(context.clock);
    this.#failed = new RetryLog(context);
  }

  /** Looks from now on, if that is needed. */
  set(): void {
    const { everyMs, isNeeded, look, failure } = this.#options;
    if (this.#isSet || !isNeeded()) return;
    this.#isSet = true;
    this.#timer.set(everyMs, () => {
      void look()
        .then(() => this.#failed.withdraw())
        .catch((error: unknown) => this.#failed.make(failure, error))
        .finally(() => {
          this.#isSet = false;
          this.set();
        });
    });
  }

  dispose(): void {
    this.#timer.dispose();
  }
}
